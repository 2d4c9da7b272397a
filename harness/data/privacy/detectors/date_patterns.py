"""Dates with a day or a month.

A year alone is no identifier (45 CFR 164.514(b)(2)(i)(C)). Weekdays and times of day are left alone, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.data.privacy.detectors.identifier import Identifier

MONTH_NAMES = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|"
    r"Dec(?:ember)?)"
)
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_ORDINAL = rf"{_DAY}(?:st|nd|rd|th)?"
_YEAR = r"(?:1[89]|20)\d\d"
_YEAR_END = rf"(?:,?\s+(?:of\s+)?{_YEAR}|,?\s+'\d\d)"
_PATTERNS = (
    # 2024-03-12, 2024/3/12, 2024.03.12; what follows a T is the time
    (rf"(?<![\w.-]){_YEAR}([-/.])(?:0?[1-9]|1[0-2])\1{_DAY}(?!\d|[-/]\d)", 0.9),
    # 03/12/2024, 12.3.24, 12-03-2024
    (rf"(?<![\w.,/-])(?:0?[1-9]|[12]\d|3[01])([-/.])(?:0?[1-9]|[12]\d|3[01])\1(?:{_YEAR}|\d\d)(?![\w]|[-/.]\d)", 0.8),
    # 12-Mar-2024, 12/Mar/24
    (rf"(?<![\w-]){_DAY}([-/. ]){_MONTH}\1(?:{_YEAR}|\d\d)(?!\w)", 0.9),
    # March 12, 2024; March 12th; Mar. 12
    (rf"\b{_MONTH}\.?\s+(?:the\s+)?{_ORDINAL}\b(?!\s*(?:mg|ml|%|:\d|years?|units|people))(?:{_YEAR_END}(?!\d))?", 0.9),
    # 12 March 2024; the 12th of March
    (rf"(?<![\w.-])(?:the\s+)?{_ORDINAL}\s+(?:day\s+of\s+|of\s+)?{_MONTH}\b\.?(?:{_YEAR_END}(?!\d))?", 0.9),
    # March 2024, March of 2024
    (rf"\b{_MONTH}\.?,?\s+(?:of\s+)?{_YEAR}(?!\d)", 0.85),
    # 03/2024
    (rf"(?<![\w./-])(?:0?[1-9]|1[0-2])/{_YEAR}(?![\w/-])", 0.6),
)
_DATES = tuple((re.compile(pattern, re.IGNORECASE), confidence, _MONTH in pattern) for pattern, confidence in _PATTERNS)
_ANY_MONTH = re.compile(rf"\b{_MONTH}\b", re.IGNORECASE)
# "on 3/12", "since 12/3": without a year, a word must announce it
_SHORT = re.compile(
    rf"\b(?:on|since|dated?|until|till|by|before|after|from|DOS|seen|between|due|through)[ :]\s*((?:0?[1-9]|1[0-2])/{_DAY}|"
    rf"{_DAY}\.(?:0?[1-9]|1[0-2])\.)"
    r"(?![\w/]|\s*(?:of|strength|pain|stars?|edema))",
    re.IGNORECASE,
)
_COMPACT = re.compile(
    rf"\b(?:DOB|birth ?date|date|born|admitted|discharged)\b\W{{0,3}}(?:is|on)?\W{{0,2}}({_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|"
    rf"3[01]))\b",
    re.IGNORECASE,
)
_MONTH_ALONE = re.compile(
    r"\b(?:in|since|last|until|by|of|from|before|after|during|next|this|early|late|mid)[- ]"
    r"(January|February|March|April|June|July|August|September|October|November|December)\b"
)
_WORDS = re.compile(
    r"\b(?:the\s+)?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fourteenth|"
    r"fifteenth|sixteenth|"
    r"seventeenth|eighteenth|nineteenth|twentieth|twenty-(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)|thirtieth|"
    r"thirty-first)\s+of\s+"
    rf"{_MONTH}\b(?:{_YEAR_END}(?!\d))?",
    re.IGNORECASE,
)
_YEAR_OF_BIRTH = re.compile(r"\b(?:born(?:\s+in)?|year of birth|YOB|b\.)\s*:?\s*((?:1[89]|20)\d\d)(?![\d/-])", re.IGNORECASE)


def find_dates(text: str) -> Iterator[Identifier]:
    """Dates in digits and in words."""
    has_month = _ANY_MONTH.search(text) is not None
    if any(map(str.isdigit, text)):
        for pattern, confidence, needs_month in _DATES:
            if needs_month and not has_month:
                continue
            for match in pattern.finditer(text):
                yield Identifier(*match.span(), "DATE", confidence)
        for pattern in (_SHORT, _COMPACT):
            for match in pattern.finditer(text):
                yield Identifier(*match.span(1), "DATE", 0.75)
    if not has_month:
        return
    for match in _MONTH_ALONE.finditer(text):
        yield Identifier(*match.span(1), "DATE", 0.6)
    for match in _WORDS.finditer(text):
        yield Identifier(*match.span(), "DATE", 0.85)


def find_birth_years(text: str) -> Iterator[tuple[int, int]]:
    """Where a text states a year of birth, which may reveal an age over 89."""
    lower = text.lower()
    for match in _YEAR_OF_BIRTH.finditer(text) if any(word in lower for word in ("born", "birth", "yob", "b.")) else ():
        yield match.span(1)
