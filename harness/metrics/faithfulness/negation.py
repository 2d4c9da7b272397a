"""Negation in English: which words negate, and how far, which is to the end of their clause.

The method is that of NegEx (Chapman et al. 2001, "A simple algorithm for identifying negated findings and diseases in discharge
summaries", Journal of Biomedical Informatics 34:301–310): a cue before a finding negates it, unless a clause ends between them; a few cues
follow the finding.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from harness.metrics.faithfulness.content_words import WORD, framing_stems, is_content_word, stem

_BEFORE = r"no|not|nor|none|never|neither|without|denies|denied|deny|denying|absent|cannot|\w+n['’]t|ruled out|free of"
_CUE_BEFORE = re.compile(rf"\b({_BEFORE})\b", re.IGNORECASE)
_CLAUSE_END = re.compile(r"[.!?;\n]|\bbut\b|\bhowever\b", re.IGNORECASE)


def is_negated_after(text: str) -> bool:
    """Whether words that follow this text are negated by a cue in the same clause."""
    return _CUE_BEFORE.search(_CLAUSE_END.split(text)[-1]) is not None


_ENDS_CLAUSE = (
    r"but|however|because|so|since|although|until|unless|if|when|(?:(?<=, )|(?<=and ))(?:i|you|he|she|it|we|they|there|this|that|which|who)"
)
_IDIOMS = (  # these deny nothing: fixed phrases, corrections ("no, four"), and opposites ("does not tolerate")
    r"no(?=\s*[,.])|no (?:problem|worries|way|idea|thanks|doubt|wonder|matter|longer|one else)|not (?:only|just|sure)"
    r"|(?:why|or|if) not|never mind"
    r"|(?:ca|do)n['’]?t (?:wait|help|worry|forget|mind)|why (?:do|does|did)n['’]?t"
    r"|(?:do|does|did|ca|can)\s*n[o'’]?t (?:think|believe|know|tolerate)"
)
_PROHIBITIONS = (  # "do not take it" does not say that it is not taken
    r"(?:(?<=^)|(?<=[.!;,:\n])|(?<=[.!;,:] ))(?:please )?(?:do not|don['’]?t|never)|please (?:do not|don['’]?t)"
    r"|(?:must|should|may)(?: not|n['’]t)|not (?:go |together )?with"
)
_DENIALS = (
    r"no|nor|neither|without|denies|denied|deny|denying|absent|free of|ruled out|negative for"
    r"|(?:not|never|\w+n['’]t) (?:have|has|had|feel|felt|experienced?|suffer(?:ed)?|noticed?)"
)
_VERBS = r"not|never|cannot|cant|dont|wont|didnt|doesnt|isnt|wasnt|hardly|unable|refus\w*|fail\w* to|\w+n['’]t"
_PARTS = {
    "prohibition": _PROHIBITIONS, "idiom": _IDIOMS, "clause": _ENDS_CLAUSE, "denial": _DENIALS, "verb": _VERBS, "join": "or|and",
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
_ANSWER = re.compile(r"\s*\n?\s*(?:[^\W\d_][\w ]{0,30}:)?\s*(?P<word>[\w'’]+)")
_ASKS_FINDING = re.compile(r"\b(?:any|have|has|had|having|feel|felt|feeling|history)\b", re.IGNORECASE)
_AFTER = re.compile(
    r"[ \t]*(?:(?:is|are|was|were|has been|have been)[ \t]+)?(?:denied|ruled out|absent|negative)\b"
    r"|[ \t]*:[ \t]*(?:no|none|negative|never)\b",
    re.IGNORECASE,
)


class Mention(NamedTuple):
    """A content word in a text."""

    stem: str
    denied: bool | None
    """None where the text does not say, as in a question that is not answered with yes or no."""
    is_finding: bool = False
    """Whether it is denied as a finding ("no fever", "denies fever", "Fever? No.") rather than as an act ("does not eat")."""


@lru_cache(maxsize=1 << 14)
def mentions(text: str) -> tuple[Mention, ...]:
    """The content words of a text in their order, and whether they are denied.

    A cue negates the next three content words, and the further ones of its clause perhaps; after the denial of a finding, each part of a
    list begins anew. In a question, the answer decides.
    """
    result: list[Mention] = []
    sentence: list[Mention] = []
    scope: int | None = None  # content words left in the scope of the last cue
    is_finding, start = False, 0
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind in ("denial", "verb", "prohibition"):
            scope, is_finding = 0 if kind == "prohibition" else _SCOPE, kind == "denial"
        elif kind in ("comma", "join") and scope is not None:
            ends = kind == "comma" and not is_finding and scope < _SCOPE
            scope = None if ends else _SCOPE if is_finding else scope
        elif kind == "question":
            answer = _answer(text, match.end())
            asks_finding = answer is True and _ASKS_FINDING.search(text, start, match.end()) is not None
            result.extend(Mention(mention.stem, answer, asks_finding) for mention in sentence)
            sentence, scope, start = [], None, match.end()
        elif kind in ("stop", "clause"):
            scope = None
            if kind == "stop":
                result.extend(sentence)
                sentence, start = [], match.end()
        elif kind == "word" and is_content_word(match.group()):
            after = _AFTER.match(text, match.end()) is not None
            denied = True if after or (scope or 0) > 0 else False if scope is None else None
            sentence.append(Mention(stem(match.group()), denied, denied is True and (after or is_finding)))
            scope = scope - 1 if scope else scope
    return (*result, *sentence)


def _answer(text: str, start: int) -> bool | None:
    """Whether the word after a question denies it; None if it is neither yes nor no."""
    match = _ANSWER.match(text, start)
    word = match["word"].lower() if match else ""
    return False if word in _YES else True if word in _NO else None


class _Known(NamedTuple):
    """The words of a text that are always denied, and never."""

    denied: frozenset[str]
    affirmed: frozenset[str]
    findings: frozenset[str]
    """Those that are denied as findings."""
    all: frozenset[str]


@lru_cache(maxsize=4096)
def _known(texts: tuple[str, ...]) -> _Known:
    every = [mention for text in texts for mention in mentions(text)]
    may_be_affirmed = {mention.stem for mention in every if not mention.denied}
    may_be_denied = {mention.stem for mention in every if mention.denied is not False}
    stems = frozenset(mention.stem for mention in every)
    return _Known(stems - may_be_affirmed, stems - may_be_denied, frozenset(mention.stem for mention in every if mention.is_finding), stems)


def reversed_words(sentence: str, texts: tuple[str, ...], ignored: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """The stems of the words that the sentence denies and the texts only affirm, or the other way round.

    One word suffices if the texts deny it as a finding; otherwise the reversed words must outnumber those that agree.

    Args:
        ignored: stems that neither agree nor disagree, such as the names of speakers.
    """
    known, ignored = _known(texts), ignored | framing_stems()
    counted = [m for m in mentions(sentence) if m.denied is not None and m.stem in known.all and m.stem not in ignored]
    reversed_stems: list[str] = []
    for denied, opposite in ((True, known.affirmed), (False, known.denied)):
        wrong = [m.stem for m in counted if m.denied is denied and m.stem in opposite]
        right = sum(m.denied is denied for m in counted) - len(wrong)
        findings = [] if denied else [stem for stem in wrong if stem in known.findings]
        reversed_stems += wrong if len(wrong) > right else findings
    return tuple(dict.fromkeys(reversed_stems))
