"""The claims of a text, in pieces that can be looked up in other texts: numbers with units, names, and content words. English.

"Mara Oduya, 54. Denies chest pain. Lisinopril 20 mg for two weeks."
numbers  54 · 20 mg · 2 week        names  Mara Oduya        words  chest, pain, Lisinopril
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

from harness.metrics.faithfulness.content_words import (
    DATE_WORDS,
    STOP,
    WORD,
    abbreviations,
    all_stems,
    content_words,
    everyday_stems,
    group_by_beginning,
    is_content_word,
    is_variant,
    stem,
    words,
)
from harness.metrics.faithfulness.quantities import NUMBER, NUMBER_WORDS, UNIT_WORDS, Quantity, QuantityIndex, quantities

_SENTENCE = re.compile(r"\n+|(?<=[.!?])(?<!\b[A-Z]\.)(?<!\bDr\.)(?<!\bMr\.)(?<!\bMs\.)(?<!\bSt\.)(?<!\bNo\.)(?<!\bMrs\.)(?<!\bvs\.)\s+")
_LIST_MARK = re.compile(r"^(?:[-*•–]|\(?(?:\d{1,2}|[a-zA-Z])[.)])(?:\s+|$)")
_LABEL = re.compile(r"^\s*(?:[^\W\d_]+ ){0,3}[^\W\d_]+:\s")


@dataclass(frozen=True)
class Claims:
    """What one sentence claims."""

    quantities: tuple[Quantity, ...]
    names: dict[str, str]
    """Spellings by stem."""
    words: dict[str, str]
    """The content words without names, framing words, number words and units: spellings by stem."""
    label_length: int
    """The characters of the label before the claims ("Allergies:"); 0 if there is none."""

    def __len__(self) -> int:
        return len(self.quantities) + len(self.names) + len(self.words)


class Source:
    """A text in which claims are looked up."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def quantities(self) -> QuantityIndex:
        """Every number, with everything that it can mean."""
        return QuantityIndex(self.text)

    @cached_property
    def stems(self) -> frozenset[str]:
        """The stems of all words."""
        return all_stems(self.text)

    @cached_property
    def initials(self) -> str:
        """The first letters of all words, in capitals."""
        return "".join(word[0] for word in words(self.text)).upper()

    @cached_property
    def abbreviations(self) -> frozenset[str]:
        """The words in capitals."""
        return abbreviations(self.text)

    def has_name(self, name: str) -> bool:
        """Whether the text contains the name (a stem), or a longer or shorter form of it: "Sam" for "Samantha"."""
        return name in self.stems or any(own.startswith(name) or name.startswith(own) for own in self._names.get(name[:3], ()))

    def has_word(self, name: str, spelling: str) -> bool:
        """Whether the text contains the word (a stem), a derivation or another spelling of it, or what it abbreviates."""
        if name in self.stems or any(is_variant(name, own) for own in self._by_beginning.get(name[:3], ())):
            return True
        if name.startswith("non") and len(name) > 6 and self.has_word(name[3:], spelling[3:]):
            return True
        return spelling.isupper() and 2 < len(spelling) < 7 and spelling in self.initials

    @cached_property
    def _by_beginning(self) -> dict[str, list[str]]:
        return group_by_beginning(self.stems)

    @cached_property
    def _names(self) -> dict[str, list[str]]:
        return group_by_beginning(
            {stem(word) for word in words(self.text) if word[0].isupper() and len(word) > 2 and word.lower() not in STOP}
        )


@lru_cache(maxsize=4096)
def get_source(text: str) -> Source:
    """The analyzed text; each text is analyzed only once."""
    return Source(text)


@lru_cache(maxsize=1 << 14)
def sentences(text: str) -> tuple[str, ...]:
    """The sentences and lines that contain a word or a number, without list markers ("2.", "b)")."""
    parts = (_LIST_MARK.sub("", part.strip()) for part in _SENTENCE.split(text))
    return tuple(part for part in parts if WORD.search(part) or NUMBER.search(part))


@lru_cache(maxsize=1 << 14)
def extract_claims(sentence: str) -> Claims:
    """The claims of a sentence. A label before a colon ("Allergies: …") claims nothing except the names in it."""
    label = label_length(sentence)
    body = sentence[label:]
    names = {stem(name): name for name in find_names(sentence)}
    numbers = tuple(dict.fromkeys(q for q in quantities(body) if not (q.value == 1 and not q.unit)))
    other = _number_and_unit_stems() | (_month_stems() if any(q.unit == "date" for q in numbers) else frozenset()) | names.keys()
    return Claims(
        quantities=numbers,
        names=names,
        words={name: word for name, word in content_words(body).items() if name not in other},
        label_length=label,
    )


def lacking(claims: Iterable[tuple[str, str]], sources: Iterable[Source]) -> dict[str, str]:
    """Of these words (stem, spelling), in their order, those that no source has.

    Words in a row whose initials are an abbreviation in a source are there, too: "physical therapy" for "P T".
    """
    known = list(sources)
    pairs = list(claims)
    unknown = {name: word for name, word in pairs if not any(source.has_word(name, word) for source in known)}
    if not unknown:
        return {}
    short = frozenset().union(*(source.abbreviations for source in known))
    initials = "".join(word[0] for _, word in pairs).upper()
    for size in range(2, 5):
        for start in range(len(pairs) - size + 1):
            if initials[start : start + size] in short:
                for name, _ in pairs[start : start + size]:
                    unknown.pop(name, None)
    return unknown


@lru_cache(maxsize=1)
def _number_and_unit_stems() -> frozenset[str]:
    """The stems of number words and units, which are compared as quantities."""
    return frozenset(stem(word) for word in NUMBER_WORDS | UNIT_WORDS)


@lru_cache(maxsize=1)
def _month_stems() -> frozenset[str]:
    return frozenset(map(stem, DATE_WORDS))


def find_names(sentence: str) -> list[str]:
    """Capitalized words that do not merely start the sentence. Text in capitals, or in title case, has no names.

    The first word is a name if another capitalized word follows, or if it is not an everyday word and has a verb or "and" after it.
    """
    matches = list(WORD.finditer(sentence))
    has_label = label_length(sentence) > 0
    capital = [m.group()[0].isupper() for m in matches]
    if len(matches) > 4 and sum(capital) > 0.6 * len(matches):
        return []
    names = []
    for i, match in enumerate(matches):
        word = match.group()
        if not capital[i] or word.lower() in STOP or word.lower() in DATE_WORDS or (word.isupper() and len(word) < 6):
            continue
        following = matches[i + 1].group() if i + 1 < len(matches) and sentence[match.end() : matches[i + 1].start()] == " " else ""
        starts_sentence = i == 0 and not has_label
        is_subject = bool(following) and (following.lower() in _SUBJECT_BEFORE or following.lower().rstrip("s") in _REPORTING)
        if (
            not starts_sentence
            or is_subject
            or (following[:1].isupper() and not following.isupper())
            or word.lower().endswith(("'s", "’s"))
        ):
            names.append(word)
    return [name for name in names if is_content_word(name) and stem(name) not in everyday_stems()]


_SUBJECT_BEFORE_WORDS = """
is was has had will can could would should does doesn't did didn't isn't wasn't won't hasn't can't and tells says
"""
_SUBJECT_BEFORE = frozenset(_SUBJECT_BEFORE_WORDS.split())
_REPORTING_WORDS = """
say tell ask want think know believe feel decide plan agree wish like need invite suggest recommend explain inform remind offer
help
"""
_REPORTING = frozenset(_REPORTING_WORDS.split())


def label_length(sentence: str) -> int:
    """The number of characters of the label before a colon, including the colon; 0 if there is none."""
    match = _LABEL.match(sentence)
    return match.end() if match else 0
