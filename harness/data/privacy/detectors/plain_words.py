"""Capitalised words, and which of them name neither a person nor a place below a state."""

from __future__ import annotations

import re
from functools import lru_cache

from harness.data.privacy.detectors.word_files import read_words

_UPPER, _LETTER = "A-ZÀ-ÖØ-ÞĀĂĄĆĈĊČĎĐĒĔĖĘĚĜĞĠĢĤĦĨĪĬĮİĶĹĻĽŁŃŅŇŌŎŐŒŔŖŘŚŜŞŠŢŤŦŨŪŬŮŰŲŴŶŸŹŻŽȘȚΑ-ΩА-Я", r"[^\W\d_]"
# A capitalised word of at least two letters: "Mara", "O'Neil", "Lloyd-Jones", "ODUYA"
CAPITALISED = rf"[{_UPPER}](?:['’][{_UPPER}])?{_LETTER}+(?:[-'’][{_UPPER}]{_LETTER}+){{0,3}}"
# Endings of words of medicine that are capitalised where a sentence or a list starts
_TECHNICAL = re.compile(
    r"(?:pril|olol|statin|cillin|azole|mycin|sartan|zepam|oxacin|dipine|prazole|itis|osis|emia|ology|ologist|ectomy|oscopy|ography|"
    r"opathy|plasty|tomy|"
    r"algia|uria|pnea|megaly|phobia|therapy|ation|tions?|ments?|ness|ically|ably|ingly|ized|ised|ility|ivity|ceous|cept|mab|tinib|"
    r"parin|gliptin|formin|"
    r"thiazide|semide|triptan|setron|vir|caine|barbital|profen|oxetine|pramine|idone|apine|phylline|terol|sone|solone|steroids?)$"
)
_INFLECTIONS = ("s", "es", "ed", "d", "ing", "ly", "er", "ers", "'s", "’s", "al", "y")
_MIN_STEM = 3


@lru_cache(maxsize=65536)
def is_plain_word(word: str) -> bool:
    """Whether a word is an ordinary one, however it is written: a common word, or no name of a person or of a small place."""
    lower = word.casefold().strip(".,'’")
    plain, others = read_words("common_words"), read_words("not_names")
    if lower in plain or lower in others or (len(lower) > 5 and _TECHNICAL.search(lower)):
        return True
    for ending in _INFLECTIONS:
        stem = lower.removesuffix(ending)
        if (
            stem != lower
            and len(stem) >= _MIN_STEM
            and (stem in plain or stem + "e" in plain or stem in others)
            and not is_listed_name(lower)
        ):
            return True
    return "-" in lower and all(is_plain_word(part) for part in lower.split("-") if part)


@lru_cache(maxsize=65536)
def is_first_name(word: str) -> bool:
    """Whether a word is in the lists of first names."""
    lower = word.casefold()
    return lower in read_words("first_names_female") or lower in read_words("first_names_male")


@lru_cache(maxsize=65536)
def is_last_name(word: str) -> bool:
    """Whether a word is in the list of last names."""
    return word.casefold() in read_words("last_names")


def is_listed_name(word: str) -> bool:
    """Whether a word is in one of the lists of names."""
    return is_first_name(word) or is_last_name(word)
