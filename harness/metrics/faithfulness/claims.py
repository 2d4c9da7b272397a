"""What a text claims, in pieces that can be looked up in another text: numbers with units, names, terms, and what is negated. English.

    "Mara Oduya, 54. Denies chest pain. Lisinopril 20 mg for two weeks."
    numbers  54 · 20 mg · 2 week        names  Mara Oduya        terms  lisinopril        negated  chest, pain

A term is a word that says something of its own: one that is not among the everyday words (`everyday_words.txt`, those of our own writing
about everyday life, and the general words of reports). Words are compared by their Porter stems.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from harness.metrics.faithfulness.negation import BEFORE, denied_before
from harness.metrics.faithfulness.quantities import NUMBER, NUMBER_WORDS, UNIT_WORDS, Quantity, articles, parts_of_dates, quantities

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
_BEHIND = re.compile(
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
    """What one sentence claims; stems in lower case without accents. `listed`: it is what stands behind a label, all content."""

    quantities: frozenset[Quantity]
    names: frozenset[str]
    terms: frozenset[str]
    words: frozenset[str]
    listed: bool


class Source:
    """A text that others are checked against."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def quantities(self) -> frozenset[Quantity]:
        """Every number in it, those of dates by themselves, too, and an article before a unit as 1 of it."""
        return frozenset(quantities(self.text)) | frozenset(parts_of_dates(self.text)) | frozenset(articles(self.text))

    @cached_property
    def stems(self) -> frozenset[str]:
        """The stems of all words, and of the parts of those that are written like "familyFriendly"."""
        parts = _CAMEL.sub(r"\1 \2", self.text)
        return frozenset(stem(word) for text in {self.text, parts} for word in words(text))

    @cached_property
    def polarity(self) -> dict[str, frozenset[bool]]:
        """For each stem, whether it is said, negated (True), or both."""
        found: dict[str, set[bool]] = {}
        for word, negated in polarities(self.text):
            found.setdefault(word, set()).update(negated)
        return {word: frozenset(seen) for word, seen in found.items()}

    def has(self, quantity: Quantity) -> bool:
        """Whether the number stands there, with this unit where both name one."""
        wanted = quantity.in_days()
        return any(
            (q.value == quantity.value and (q.unit == quantity.unit or not q.unit or not quantity.unit))
            or (wanted is not None and q.in_days() == wanted)
            for q in self.quantities
        )


@lru_cache(maxsize=4096)
def source(text: str) -> Source:
    """The text, taken apart once."""
    return Source(text)


@lru_cache(maxsize=1 << 14)
def sentences(text: str) -> tuple[str, ...]:
    """Sentences and lines that hold a word or a number, without the mark of a list in front ("2.", "b)")."""
    parts = (_LIST_MARK.sub("", part.strip()) for part in _SENTENCE.split(text))
    return tuple(part for part in parts if _WORD.search(part) or NUMBER.search(part))


@lru_cache(maxsize=1 << 14)
def claims(sentence: str) -> Claims:
    """What a sentence claims. A label in front of a colon ("Allergies: …") is its form, and claims nothing but the names in it."""
    body = sentence[label_of(sentence) :]
    stems = frozenset(stem(word) for word in words(body) if _says_something(word)) - _of_numbers()
    return Claims(
        quantities=frozenset(q for q in quantities(body) if not (q.value == 1 and not q.unit)),
        names=frozenset(stem(name) for name in _names(sentence)),
        terms=stems - _everyday(),
        words=stems,
        listed=body != sentence,
    )


def words(text: str) -> list[str]:
    """The words, without numbers."""
    return [m.group() for m in _WORD.finditer(text)]


@lru_cache(maxsize=1 << 17)
def stem(word: str) -> str:
    """The Porter stem without accents and case; of a word in another script the word itself."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", word.casefold().replace("’", "'")) if not unicodedata.combining(c))
    return str(_stemmer().stem(plain.removesuffix("'s")))


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    from nltk.stem.porter import PorterStemmer

    return PorterStemmer()


@lru_cache(maxsize=1)
def _everyday() -> frozenset[str]:
    text = (Path(__file__).parent / "everyday_words.txt").read_text(encoding="utf-8")
    return frozenset(stem(word) for word in text.split()) | frozenset(stem(word) for word in (*_STOP, *_DATE_WORDS))


@lru_cache(maxsize=1)
def _of_numbers() -> frozenset[str]:
    """The stems of number words and of units, which quantities speak for."""
    return frozenset(stem(word) for word in NUMBER_WORDS | UNIT_WORDS)


def _names(sentence: str) -> list[str]:
    """Capitalised words that no beginning of a sentence explains. A text in capitals, or that begins every word with one, has none."""
    found = list(_WORD.finditer(sentence))
    behind_label = label_of(sentence)
    capital = [m.group()[0].isupper() for m in found]
    if len(found) > 4 and sum(capital) > 0.6 * len(found):
        return []
    names = []
    for i, match in enumerate(found):
        word = match.group()
        if not capital[i] or word.lower() in _STOP or word.lower() in _DATE_WORDS or (word.isupper() and len(word) < 6):
            continue
        first = i == 0 and not behind_label
        follows = i + 1 < len(found) and capital[i + 1] and sentence[match.end() : found[i + 1].start()] == " "
        if not first or (follows and not found[i + 1].group().isupper()):
            names.append(word)
    return [name for name in names if stem(name) not in _everyday()]


def label_of(sentence: str) -> int:
    """How many characters the label in front of a colon has, with the colon; 0 without one."""
    found = _LABEL.match(sentence)
    return found.end() if found else 0


def polarities(text: str, start: int = 0) -> Iterator[tuple[str, tuple[bool, ...]]]:
    """Each content word from `start` on with whether it is denied; of a question, as its answer says, and both where the answer is
    neither yes nor no."""
    for found in _WORD.finditer(text, start):
        word = found.group()
        if _says_something(word) and not BEFORE.fullmatch(word):
            yield stem(word), _polarity(text, found.start(), found.end())


def _says_something(word: str) -> bool:
    return len(word) > 2 and word.lower() not in _STOP


def _polarity(text: str, start: int, end: int) -> tuple[bool, ...]:
    asked = re.match(r"[^.!?;\n]*\?", text[end : end + 300])
    if asked:
        answer = _NEXT_ANSWER.match(text, end + asked.end() - 1)
        word = answer["word"].lower() if answer else ""
        return (False,) if word in _YES else (True,) if word in _NO else (False, True)
    return (denied_before(text[max(0, start - 300) : start]) or _BEHIND.match(text, end) is not None,)
