"""The claims of a text, in pieces that can be looked up in another text: numbers with units, names, terms and negations. English.

    "Mara Oduya, 54. Denies chest pain. Lisinopril 20 mg for two weeks."
    numbers  54 · 20 mg · 2 week        names  Mara Oduya        terms  lisinopril        negated  chest, pain

A term is a word with a meaning of its own: one that is not in the list of everyday words (`everyday_words.txt`, from our own texts about
everyday life, and the general words of reports). Words are compared by their Porter stems.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from harness.metrics.faithfulness.negation import BEFORE, is_denied_after
from harness.metrics.faithfulness.quantities import NUMBER, NUMBER_WORDS, UNIT_WORDS, Quantity, date_parts, quantities, units_with_articles

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_CAMEL = re.compile(r"([a-z])([A-Z])")
_SENTENCE = re.compile(r"\n+|(?<=[.!?])(?<!\b[A-Z]\.)(?<!\bDr\.)(?<!\bMr\.)(?<!\bMs\.)(?<!\bSt\.)(?<!\bNo\.)(?<!\bMrs\.)(?<!\bvs\.)\s+")
_LIST_MARK = re.compile(r"^(?:[-*•–]|\(?(?:\d{1,2}|[a-zA-Z])[.)])(?:\s+|$)")
_LABEL = re.compile(r"^\s*(?:[^\W\d_]+ ){0,3}[^\W\d_]+:\s")
_NEXT_ANSWER = re.compile(r"\?\s*\n?\s*(?:[^\W\d_][\w ]{0,30}:)?\s*(?P<word>[\w'’]+)")
_YES_WORDS = "yes yeah yep yup sure right correct certainly absolutely definitely indeed true"
_YES = frozenset(_YES_WORDS.split())
_NO_WORDS = "no nope nah never not none neither nothing don't dont don’t"
_NO = frozenset(_NO_WORDS.split())
_NEGATION_AFTER = re.compile(
    r"[ \t]*(?:(?:is|are|was|were|has been|have been)[ \t]+)?(?:denied|ruled out|absent|negative)\b"
    r"|[ \t]*:[ \t]*(?:no|none|negative|never)\b",
    re.IGNORECASE,
)

_STOP_WORDS = """
a an the and or but nor so yet if then else than that this these those there here it its he him his she her hers they them
their theirs we us our ours you your yours i me my mine who whom whose which what when where why how is am are was were be been
being do does did done doing has have had having will would shall should can could may might must of in on at by to for from
with without within into onto over under up down out off about as not no none nothing never neither cannot also too very just
only own same such all any both each few more most other some again further once now
"""
_STOP = frozenset(_STOP_WORDS.split())
_DATES = """
january february march april may june july august september october november december monday tuesday wednesday thursday friday
saturday sunday jan feb mar apr jun jul aug sep sept oct nov dec
"""
_DATE_WORDS = frozenset(_DATES.split())


@dataclass(frozen=True)
class Claims:
    """What one sentence claims. Words are stems in lower case without accents."""

    quantities: frozenset[Quantity]
    names: frozenset[str]
    terms: frozenset[str]
    words: frozenset[str]
    """All content words, terms and everyday words."""
    has_label: bool
    """Whether the sentence is a value after a label ("Allergies: …"), so that every word of it is content."""


class Source:
    """A text in which claims are looked up."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def quantities(self) -> frozenset[Quantity]:
        """Every number, including the parts of dates; an article before a unit counts as 1."""
        return frozenset(quantities(self.text)) | frozenset(date_parts(self.text)) | frozenset(units_with_articles(self.text))

    @cached_property
    def stems(self) -> frozenset[str]:
        """The stems of all words, and of the parts of words such as "familyFriendly"."""
        parts = _CAMEL.sub(r"\1 \2", self.text)
        return frozenset(stem(word) for text in {self.text, parts} for word in words(text))

    @cached_property
    def polarity(self) -> dict[str, frozenset[bool]]:
        """By stem, whether it occurs negated (True), not negated (False), or both."""
        polarity: dict[str, set[bool]] = {}
        for word, negated in polarities(self.text):
            polarity.setdefault(word, set()).update(negated)
        return {word: frozenset(values) for word, values in polarity.items()}

    def has(self, quantity: Quantity) -> bool:
        """Whether the text contains the number, with the same unit if both have one."""
        days = quantity.in_days()
        return any(
            (q.value == quantity.value and (q.unit == quantity.unit or not q.unit or not quantity.unit))
            or (days is not None and q.in_days() == days)
            for q in self.quantities
        )


@lru_cache(maxsize=4096)
def get_source(text: str) -> Source:
    """The analyzed text; each text is analyzed only once."""
    return Source(text)


@lru_cache(maxsize=1 << 14)
def sentences(text: str) -> tuple[str, ...]:
    """The sentences and lines that contain a word or a number, without list markers ("2.", "b)")."""
    parts = (_LIST_MARK.sub("", part.strip()) for part in _SENTENCE.split(text))
    return tuple(part for part in parts if _WORD.search(part) or NUMBER.search(part))


@lru_cache(maxsize=1 << 14)
def extract_claims(sentence: str) -> Claims:
    """The claims of a sentence. A label before a colon ("Allergies: …") claims nothing except the names in it."""
    body = sentence[label_length(sentence) :]
    stems = frozenset(stem(word) for word in words(body) if _is_content_word(word)) - _number_and_unit_stems()
    return Claims(
        quantities=frozenset(q for q in quantities(body) if not (q.value == 1 and not q.unit)),
        names=frozenset(stem(name) for name in _names(sentence)),
        terms=stems - _everyday_stems(),
        words=stems,
        has_label=body != sentence,
    )


def words(text: str) -> list[str]:
    """The words, without numbers."""
    return [m.group() for m in _WORD.finditer(text)]


@lru_cache(maxsize=1 << 17)
def stem(word: str) -> str:
    """The Porter stem, without accents and in lower case; a word in another script stays as it is."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", word.casefold().replace("’", "'")) if not unicodedata.combining(c))
    return str(_stemmer().stem(plain.removesuffix("'s")))


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    from nltk.stem.porter import PorterStemmer

    return PorterStemmer()


@lru_cache(maxsize=1)
def _everyday_stems() -> frozenset[str]:
    text = (Path(__file__).parent / "everyday_words.txt").read_text(encoding="utf-8")
    return frozenset(stem(word) for word in text.split()) | frozenset(stem(word) for word in (*_STOP, *_DATE_WORDS))


@lru_cache(maxsize=1)
def _number_and_unit_stems() -> frozenset[str]:
    """The stems of number words and units, which are compared as quantities."""
    return frozenset(stem(word) for word in NUMBER_WORDS | UNIT_WORDS)


def _names(sentence: str) -> list[str]:
    """Capitalized words that do not merely start the sentence. Text in capitals, or in title case, has no names."""
    matches = list(_WORD.finditer(sentence))
    has_label = label_length(sentence) > 0
    capital = [m.group()[0].isupper() for m in matches]
    if len(matches) > 4 and sum(capital) > 0.6 * len(matches):
        return []
    names = []
    for i, match in enumerate(matches):
        word = match.group()
        if not capital[i] or word.lower() in _STOP or word.lower() in _DATE_WORDS or (word.isupper() and len(word) < 6):
            continue
        starts_sentence = i == 0 and not has_label
        capital_follows = i + 1 < len(matches) and capital[i + 1] and sentence[match.end() : matches[i + 1].start()] == " "
        if not starts_sentence or (capital_follows and not matches[i + 1].group().isupper()):
            names.append(word)
    return [name for name in names if stem(name) not in _everyday_stems()]


def label_length(sentence: str) -> int:
    """The number of characters of the label before a colon, including the colon; 0 if there is none."""
    match = _LABEL.match(sentence)
    return match.end() if match else 0


def polarities(text: str, start: int = 0) -> Iterator[tuple[str, tuple[bool, ...]]]:
    """The stem of each content word from `start` on, and whether it is denied.

    In a question, the answer decides; if the answer is neither yes nor no, both are given.
    """
    for match in _WORD.finditer(text, start):
        word = match.group()
        if _is_content_word(word) and not BEFORE.fullmatch(word):
            yield stem(word), _polarity(text, match.start(), match.end())


def _is_content_word(word: str) -> bool:
    return len(word) > 2 and word.lower() not in _STOP


def _polarity(text: str, start: int, end: int) -> tuple[bool, ...]:
    question = re.match(r"[^.!?;\n]*\?", text[end : end + 300])
    if question:
        answer = _NEXT_ANSWER.match(text, end + question.end() - 1)
        word = answer["word"].lower() if answer else ""
        return (False,) if word in _YES else (True,) if word in _NO else (False, True)
    return (is_denied_after(text[max(0, start - 300) : start]) or _NEGATION_AFTER.match(text, end) is not None,)
