"""Negation in English: which words negate, and how far, which is to the end of their clause.

The method is that of NegEx (Chapman et al. 2001, "A simple algorithm for identifying negated findings and diseases in discharge
summaries", Journal of Biomedical Informatics 34:301–310): a cue before a finding negates it, unless a clause ends between them; a few cues
follow the finding.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from harness.metrics.faithfulness.content_words import WORD, framing_stems, group_by_beginning, is_content_word, is_variant, stem
from harness.metrics.faithfulness.quantities import NUMBER_WORDS

_BEFORE = r"no|not|nor|none|never|neither|without|denies|denied|deny|denying|absent|cannot|\w+n['’]t|ruled out|free of"
_CUE_BEFORE = re.compile(rf"\b({_BEFORE})\b", re.IGNORECASE)
_CLAUSE_END = re.compile(r"[.!?;\n]|\bbut\b|\bhowever\b", re.IGNORECASE)


def count_negation_words(text: str) -> int:
    """How many words of a text deny, or forbid, something."""
    return len(_CUE_BEFORE.findall(text))


def is_negated_after(text: str) -> bool:
    """Whether words that follow this text are negated by a cue in the same clause."""
    return _CUE_BEFORE.search(_CLAUSE_END.split(text)[-1]) is not None


_ENDS_CLAUSE = (
    r"but|however|because|so|since|although|though|whereas|until|unless|if|when|(?<=, )(?:states|reports|complains)"
    r"|(?<=and )(?:is|was|are|were|has|had|will|came|feels|underwent|then|ultimately)"
    r"|(?:(?<=, )|(?<=and ))(?:i|you|he|she|it|we|they|there|this|that|which|who)"
)
_IDIOMS = (  # these deny nothing: fixed phrases, corrections ("no, four"), and opposites ("does not tolerate")
    r"no(?=\s*[,.])|no(?= (?:i|we|he|she|they|it|there|that|the|just|not|my)\b)"
    r"|no (?:problem|worries|way|idea|thanks|doubt|wonder|matter|longer)|not (?:only|just|(?:too |really |quite )?(?:sure|certain))"
    r"|never (?:\w+ ){1,3}like (?:this|that)"
    r"|(?:why|or|if) not|never mind"
    r"|(?:ca|do)n['’]?t (?:wait|help|worry|forget|mind)|why (?:do|does|did)n['’]?t"
    r"|(?:do|does|did|ca|can)\s*n[o'’]?t (?:think|believe|know|tolerate)"
)
_PROHIBITIONS = (  # "do not take it" does not say that it is not taken
    r"(?:(?<=^)|(?<=[.!;,:\n])|(?<=[.!;,:] ))(?:please )?(?:do not|don['’]?t|never)|please (?:do not|don['’]?t)"
    r"|(?:must|should|may)(?: not|n['’]t| never)|(?:not|never) to|not (?:go |together )?with:?"
    r"|(?:not|never) (?:be )?(?:\w+ ){1,2}(?:together|with)"
)
_HYPOTHESES = (  # "risk of bleeding" and "any other pain" do not say whether there is bleeding, or pain
    r"risks? of|to prevent|to rule out|in case of|failure to|evaluat\w+ (?:of|for)|other(?: than)?|else|additional|aside from|besides"
    r"|except(?: for)?|no ?(?:one|body)|negative(?= (?-i:[A-Z]))"
    r"|(?:no|without|denies)(?: any)? (?:problems?|trouble|difficult\w+|issues?)(?= \w+ing\b)"
)
_DENIALS = (
    r"no|nor|neither|without|denies|denied|deny|denying|absent|free of|ruled out|negative(?: for|(?= (?-i:[a-z])))|unaware of"
    r"|(?:not|never|\w+n['’]t) (?:been )?(?:hav(?:e|ing)|has|had|feel(?:ing)?|felt|(?:experienc|suffer|notic|report|complain)\w*)(?: of)?"
)
_VERBS = r"not|never|cannot|cant|dont|wont|didnt|doesnt|isnt|wasnt|hardly|unable|refus\w*|fail\w* to|\w+n['’]t"
_PARTS = {
    "open": f"{_PROHIBITIONS}|{_HYPOTHESES}", "idiom": _IDIOMS, "clause": _ENDS_CLAUSE, "denial": _DENIALS, "verb": _VERBS,
    "join": "or|and",
}  # fmt: skip
_TOKEN = re.compile(
    "|".join(rf"(?P<{kind}>\b(?:{part})\b)" for kind, part in _PARTS.items())
    + rf"|(?P<question>\?)|(?P<stop>[.!;\n]+)|(?P<comma>[,:])|(?P<word>{WORD.pattern})",
    re.IGNORECASE,
)
_SCOPE = 3  # content words that a cue certainly negates; further ones of its clause may be negated
_YES_WORDS = "yes yeah yep yup sure right correct certainly absolutely definitely indeed true"
_YES = frozenset(_YES_WORDS.split())
_NO_WORDS = "no nope nah never not none neither nothing don't dont don’t"
_NO = frozenset(_NO_WORDS.split())
_ANSWER = re.compile(
    r"\s*\n?\s*(?:[^\W\d_][\w ]{0,30}:)?\s*(?P<word>(?:(?:absolutely|certainly|definitely)(?= not) )?[\w'’]+)", re.IGNORECASE
)
_ASKS_FINDING = re.compile(
    r"\b(?:any|history|(?:do|does|did) [\w ]{1,20}? have|had|having|feel|felt|feeling|experienc\w+)\b", re.IGNORECASE
)
_AFTER = re.compile(
    r"[ \t]*(?:(?:and (?:it|they)[ \t]+)?(?:is|are|was|were|has been|have been)[ \t]+)?(?:denied|ruled out|absent|negative)\b"
    r"|[ \t]*:[ \t]*(?:no|negative|never)\b"
    r"|[ \t]*:[ \t]*none\b(?![ \t]+(?:of|is|are|was|were|has|have|will)\b)"
    r"|[ \t]*,?[ \t]*(?:there (?:is|are|was|were)|has|reports|names|lists|gives|mentions)[ \t]+none\b"
    r"|[ \t]*,[ \t]*denie[sd]\b(?=[ \t]*(?:[.;\n]|$))",
    re.IGNORECASE,
)
_BESIDE = re.compile(r"[ -]|[ ](?:of|to|in|on|at|with|from|for)(?: (?:the|a|an|my|your|his|her|their|any))? ", re.IGNORECASE)
_ASKS = re.compile(  # a question that ends with a full stop
    r"\s*(?:[^\W\d_][\w ]{0,30}:)?\s*(?:(?:and|so|okay),? )?(?:any|(?:do|does|did|have|has|are|is|were|was) (?:you|he|she|they|it|there))\b"
    r"[^.!;\n]*\.\s*(?:\n|\Z)",
    re.IGNORECASE,
)
_FINE = re.compile(  # neither denied nor affirmed: "lymph nodes look fine" says that they are not swollen
    r"[ \t]*(?:which |that )?(?:looks?|is|are|was|were|seems?|feels?|(?:have|has)(?: all)? been)[ \t]+(?:\w+[ \t]+)?"
    r"(?:fine|normal|good|clear|okay|ok|great|unremarkable)\b",
    re.IGNORECASE,
)
_CONTEXT = re.compile(r"\b(?:with|in|at|since|while|when|during|before|for|from|near|on)\b[^,?]*$", re.IGNORECASE)
_NEARBY = 200  # characters of a question around a word that are searched, so that no text takes long
_QUESTION_AFTER = re.compile(r", (?:are|is|do|does|did|have|has|were|was|any|can|could)\b", re.IGNORECASE)


class Mention(NamedTuple):
    """A content word in a text."""

    stem: str
    denied: bool | None
    """None where the text does not say, as in a question that is not answered with yes or no."""
    is_finding: bool = False
    """Whether it is denied as a finding ("no fever", "denies fever", "Fever? No.") rather than as an act ("does not eat")."""
    adjacent: frozenset[str] = frozenset()
    """The stems of the content words directly before and after it: {"chest"} for the pain of "no chest pain"."""


class _Word(NamedTuple):
    """A content word and where it is."""

    mention: Mention
    start: int
    end: int


@lru_cache(maxsize=1 << 14)
def mentions(text: str) -> tuple[Mention, ...]:
    """The content words of a text in their order, and whether they are denied.

    A cue negates the next three content words, and the further ones of its clause perhaps; after the denial of a finding, each part of a
    list begins anew. In a question, the answer decides.
    """
    result: list[_Word] = []
    sentence: list[_Word] = []
    scope: int | None = None  # content words left in the scope of the last cue
    is_finding, start = False, 0
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind in ("denial", "verb", "open"):
            scope, is_finding = 0 if kind == "open" else _SCOPE, kind == "denial"
        elif kind in ("comma", "join") and scope is not None:
            ends = kind == "comma" and not is_finding and scope < _SCOPE
            scope = None if ends else _SCOPE if is_finding else scope
        elif kind == "question" or (kind == "stop" and _ASKS.match(text, start, match.end())):
            answer = _answer(text, match.end())
            asks_finding = answer is True and _ASKS_FINDING.search(text, start, match.end()) is not None
            result.extend(_answered(text, start, match.start(), word, answer, asks_finding) for word in sentence)
            sentence, scope, start = [], None, match.end()
        elif kind in ("stop", "clause"):
            scope = None
            if kind == "stop":
                result.extend(sentence)
                sentence, start = [], match.end()
        elif kind == "word" and is_content_word(match.group()):
            after = _AFTER.match(text, match.end()) is not None
            is_open = (scope is not None and scope <= 0) or _FINE.match(text, match.end()) is not None
            denied = True if after else None if is_open else scope is not None
            mention = Mention(stem(match.group()), denied, denied is True and (after or is_finding))
            sentence.append(_Word(mention, match.start(), match.end()))
            scope = scope - 1 if scope else scope
    return _with_adjacent_words(text, [*result, *sentence])


def _answered(text: str, start: int, end: int, word: _Word, answer: bool | None, asks_finding: bool) -> _Word:
    """The word of the question text[start:end] after its answer. What the question denies itself ("No fever, right?") stays denied.

    A denial leaves open the circumstances: the chest in "any pain in the chest?", and what stands before the question proper.
    """
    mention = word.mention
    if mention.denied is not False:
        return word
    before, after = max(start, word.start - _NEARBY), min(end, word.end + _NEARBY)
    if answer and (_CONTEXT.search(text, before, word.start) or _QUESTION_AFTER.search(text, word.end, after)):
        return word._replace(mention=Mention(mention.stem, None))
    return word._replace(mention=Mention(mention.stem, answer, asks_finding))


def _with_adjacent_words(text: str, located: list[_Word]) -> tuple[Mention, ...]:
    """The mentions, each with the content words beside it that a space, a hyphen or a preposition separates."""
    adjacent: list[set[str]] = [set() for _ in located]
    for i, (one, other) in enumerate(pairwise(located)):
        if _BESIDE.fullmatch(text, one.end, other.start):
            adjacent[i].add(other.mention.stem)
            adjacent[i + 1].add(one.mention.stem)
    return tuple(word.mention._replace(adjacent=frozenset(stems) - framing_stems()) for word, stems in zip(located, adjacent, strict=True))


def _answer(text: str, start: int) -> bool | None:
    """Whether the word after a question denies it; None if it is neither yes nor no."""
    match = _ANSWER.match(text, start)
    word = match["word"].lower().removeprefix("absolutely ").removeprefix("certainly ").removeprefix("definitely ") if match else ""
    return False if word in _YES else True if word in _NO else None


_GENERAL = """
symptom problem issue condition concern complaint change seem experience experienced experiencing episode occur occurred family mother
father parent home medical year month week several particular
"""  # too general to be denied on their own


@lru_cache(maxsize=1)
def _general_stems() -> frozenset[str]:
    return frozenset(map(stem, (*_GENERAL.split(), *NUMBER_WORDS)))


_MOST_MENTIONS = 200  # of one word that are compared, so that no text takes long


class _Known:
    """The mentions of the words of some texts."""

    def __init__(self, texts: tuple[str, ...]) -> None:
        self._by_stem: dict[str, dict[Mention, None]] = {}
        for text in texts:
            for mention in mentions(text):
                self._by_stem.setdefault(mention.stem, {})[mention] = None
        self.stems = frozenset(self._by_stem)
        self._by_beginning = group_by_beginning(self.stems)
        self._related: dict[str, list[Mention]] = {}

    def find(self, name: str) -> list[Mention]:
        """The mentions of a word (a stem) and of its derivations ("allergic" for "allergy"); none if no text has the word itself."""
        if name not in self.stems:
            return []
        if name not in self._related:
            derivations = [other for other in self._by_beginning.get(name[:3], ()) if other != name and is_variant(name, other)]
            self._related[name] = [mention for other in (name, *derivations) for mention in self._by_stem[other]]
        return self._related[name]

    def polarities(self, name: str) -> frozenset[bool | None]:
        """Which values of `denied` the mentions of a word have."""
        return frozenset(mention.denied for mention in self.find(name))


@lru_cache(maxsize=4096)
def _known(texts: tuple[str, ...]) -> _Known:
    return _Known(texts)


def reversed_words(sentence: str, texts: tuple[str, ...], ignored: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """The stems of the words that the sentence denies and the texts only affirm, or the other way round.

    One word suffices if the texts deny it as a finding; otherwise the reversed words must outnumber those that
    agree or that no text has.

    Args:
        ignored: stems that neither agree nor disagree, such as the names of speakers.
    """
    known, ignored = _known(texts), ignored | framing_stems() | _general_stems()
    own = mentions(sentence)
    stems = frozenset(mention.stem for mention in own)
    counted = [m for m in own if m.denied is not None and m.stem not in ignored]
    polarities = {m.stem: known.polarities(m.stem) for m in counted}
    reversed_stems: list[str] = []
    for denied in (True, False):
        same = [m for m in counted if m.denied is denied]
        wrong = [m for m in same if polarities[m.stem] == {not denied} and _says_opposite(m, known, stems, ignored)]
        findings = [] if denied else [m for m in wrong if any(other.is_finding for other in known.find(m.stem)[:_MOST_MENTIONS])]
        reversed_stems += [m.stem for m in (wrong if len(wrong) > len(same) - len(wrong) else findings)]
    return tuple(dict.fromkeys(reversed_stems))


def _says_opposite(mention: Mention, known: _Known, stems: frozenset[str], ignored: frozenset[str]) -> bool:
    """Whether a text says the opposite of the same thing as a mention, and not of another that shares the word.

    A denial with a qualifier denies only that: "no chest pain" says nothing about other pain, "no pain" does.

    Args:
        stems: of the sentence with the mention.
    """
    for other in known.find(mention.stem)[:_MOST_MENTIONS]:
        denied, affirmed, around = (mention, other, known.stems) if mention.denied else (other, mention, stems)
        qualifiers = denied.adjacent - ignored
        if not qualifiers or qualifiers & ((affirmed.adjacent - ignored) or around):
            return True
    return False
