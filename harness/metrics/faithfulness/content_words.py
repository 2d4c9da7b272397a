"""The words of a text, and which of them carry content. English.

Words are compared by their stems: the Porter stem of the base form, without accents and in lower case ("went", "going" → "go";
`word_forms.txt` has irregular and short forms). Three kinds of words carry no content of their own: stop words, contractions of stop words
("doesn't"), and framing words (`framing_words.txt`), with which a summary reports what was said ("asks", "suggests", "because", "patient").
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from harness.metrics.porter import porter_stemmer

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_CAMEL = re.compile(r"([a-z])([A-Z])")
_SPACED_CAPITALS = re.compile(r"\b[A-Z]\.?(?: ?[A-Z]\b\.?)+")
_ENDS = re.compile(r"['’](?:s|ll|ve|re|d|m)$", re.IGNORECASE)
_NOT = re.compile(r"n['’]t$", re.IGNORECASE)

_STOP_WORDS = """
a an the and or but nor so yet if then else than that this these those there here it its he him his she her hers they them
their theirs we us our ours you your yours i me my mine who whom whose which what when where why how is am are was were be been
being do does did done doing has have had having will would shall should can could may might must of in on at by to for from
with without within into onto over under up down out off about as not no none nothing never neither cannot also too very just
only own same such all any both each few more most other some again further once now
ain don isn aren wasn weren hasn haven hadn didn doesn won wouldn couldn shouldn mustn im ive ill youre dont cant wont didnt doesnt isnt
"""
_DATES = """
january february march april may june july august september october november december monday tuesday wednesday thursday friday
saturday sunday jan feb mar apr jun jul aug sep sept oct nov dec
"""
STOP = frozenset(_STOP_WORDS.split())
DATE_WORDS = frozenset(_DATES.split())
WORD_LISTS = ("everyday_words", "framing_words", "word_forms")
"""The files of words that the scores depend on."""

# Scripts without spaces between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese. What lies between two spaces is no word there.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_UNSPACED_LETTER = re.compile(f"[{_UNSPACED}]")
_SYLLABLE = re.compile(f"[{_UNSPACED}\uac00-\ud7af]")  # these and Korean: one letter is a syllable or a word
_LETTER = re.compile(r"[^\W\d_]")
_SAMPLE = 20_000  # characters that decide about the script of a text


@lru_cache(maxsize=4096)
def has_spaced_words(text: str) -> bool:
    """Whether words can be found in a text: less than half of its letters belong to scripts without spaces between words."""
    sample = text[:_SAMPLE]
    return 2 * len(_UNSPACED_LETTER.findall(sample)) < max(1, len(_LETTER.findall(sample)))


def _read(name: str) -> str:
    return (Path(__file__).parent / f"{name}.txt").read_text(encoding="utf-8")


def word_lists_digest() -> str:
    """The digest of the word lists, for the signatures of the scores."""
    return hashlib.sha256("".join(map(_read, WORD_LISTS)).encode()).hexdigest()[:8]


def words(text: str) -> list[str]:
    """The words, without numbers."""
    return WORD.findall(text)


def is_content_word(word: str) -> bool:
    """Whether a word is neither a stop word nor a contraction of one. Framing words count as content here."""
    plain = _ENDS.sub("", word).lower()
    return (len(plain) > 2 or _SYLLABLE.match(plain) is not None) and plain not in STOP and not _NOT.search(plain)


def content_words(text: str) -> dict[str, str]:
    """The content words without framing words: the first spelling of each by its stem, in the order of the text."""
    spellings: dict[str, str] = {}
    for word in words(text):
        if is_content_word(word) and (name := stem(word)) not in framing_stems():
            spellings.setdefault(name, word)
    return spellings


def all_stems(text: str) -> frozenset[str]:
    """The stems of all words, of the parts of words such as "familyFriendly", and of abbreviations such as "E K G" in one piece."""
    joined = {re.sub(r"[ .]", "", match) for match in _SPACED_CAPITALS.findall(text)}
    parts = words(_CAMEL.sub(r"\1 \2", text)) if _CAMEL.search(text) else []
    return frozenset(map(stem, {*words(text), *parts, *joined}))


def abbreviations(text: str) -> frozenset[str]:
    """The words in capitals, also if the letters are spaced: "EKG", "E K G", "P.T."."""
    joined = (re.sub(r"[ .]", "", match) for match in _SPACED_CAPITALS.findall(text))
    return frozenset(word for word in (*joined, *words(text)) if 2 <= len(word) <= 6 and word.isupper())


def is_variant(one: str, other: str) -> bool:
    """Whether a stem is a derivation or another spelling of the other: "smoker" of "smoke", "cesarean" of "cesarian".

    Either the words differ after a common beginning of 70% of the longer one (at least 5 letters) and not in the middle, because
    "prednisone" is not "prednisolone"; or one is the other plus two letters; or one letter differs in words of 7 letters or more.
    Callers pass stems that begin with the same three letters.
    """
    short, long = sorted((one, other), key=len)
    common = next((i for i, letter in enumerate(short) if letter != long[i]), len(short))
    if len(short) < 4:
        return False
    if common == len(short) and len(long) - common <= 2:
        return True
    if common >= 5 and common >= 0.7 * len(long) and short[-2:] != long[-2:]:
        return True
    from rapidfuzz.distance import Levenshtein

    return len(short) >= 7 and Levenshtein.distance(short, long, score_cutoff=1) == 1


def group_by_beginning(stems: Iterable[str]) -> dict[str, list[str]]:
    """Stems by their first three letters; at most 200 of them each, so that no text takes long."""
    groups: dict[str, list[str]] = {}
    for name in sorted(stems):
        group = groups.setdefault(name[:3], [])
        if len(group) < 200:
            group.append(name)
    return {beginning: group for beginning, group in groups.items() if len(beginning) == 3}


@lru_cache(maxsize=1 << 17)
def stem(word: str) -> str:
    """The Porter stem of the base form, without accents and in lower case; a word in another script stays as it is."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", word.casefold().replace("’", "'")) if not unicodedata.combining(c))
    plain = _ENDS.sub("", plain)
    return str(porter_stemmer().stem(_base_forms().get(plain, plain)))


@lru_cache(maxsize=1)
def _base_forms() -> dict[str, str]:
    lines = _read("word_forms").splitlines()
    return {form: line.split()[0] for line in lines for form in line.split()[1:]}


@lru_cache(maxsize=1)
def framing_stems() -> frozenset[str]:
    """The stems of the words with which a summary reports what was said, and of stop words."""
    return frozenset(map(stem, (*_read("framing_words").split(), *STOP)))


@lru_cache(maxsize=1)
def everyday_stems() -> frozenset[str]:
    """The stems of words of everyday English, from our own texts; a word in capitals that is not among them may be a name."""
    return frozenset(map(stem, (*_read("everyday_words").split(), *STOP, *DATE_WORDS))) | framing_stems()
