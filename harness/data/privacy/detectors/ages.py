"""Ages over 89, in digits and in words, and years of birth that mean such an age."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from harness.data.privacy.detectors.date_patterns import find_birth_years
from harness.data.privacy.detectors.identifier import Identifier

OLDEST_STATED_AGE = 89  # 45 CFR 164.514(b)(2)(i)(C)
_NUMBER = r"(9\d|1[0-2]\d)"
_WORDS = (
    r"(ninety(?:[- ](?:one|two|three|four|five|six|seven|eight|nine))?|(?:a|one) hundred(?:(?: and)? (?:one|two|three|four|five|six|"
    r"seven|eight|nine|ten))?)"
)
_UNIT = r"[- ]?(?:years?|yrs?)(?:[- ]olds?|[- ]of[- ]age)|[- ]?(?:y\.?/?o\.?|yo[fm]?)\b"
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<![\w.]){_NUMBER}(?={_UNIT})",
        rf"\b{_WORDS}(?={_UNIT})",
        rf"\b(?:aged?|age of|age is|age:|turn(?:ed|ing|s)?|is now|I am|I'm|she is|he is|she's|he's)\s*:?\s*{_NUMBER}\b(?!\s*(?:%|kg|"
        rf"lbs?|pounds|mg|bpm|cm|/|\.\d|percent|degrees|minutes|days|hours))",
        rf"\b(?:aged?|age of|turn(?:ed|ing|s)?)\s+{_WORDS}\b",
        rf"(?<=, ){_NUMBER}(?=,? (?:male|female|man|woman|[MF]\b))",
        rf"(?<![\w.]){_NUMBER}(?= ?[MF]\b)",
    )
)


_ANNOUNCED = re.compile(r"\b9\d|\b1[0-2]\d|ninety|hundred", re.IGNORECASE)


def find_ages(text: str) -> Iterator[Identifier]:
    """The number in each statement of an age over 89."""
    for pattern in _PATTERNS if _ANNOUNCED.search(text) else ():
        for match in pattern.finditer(text):
            yield Identifier(*match.span(1), "AGE", 0.9)
    for start, end in find_birth_years(text):
        if date.today().year - int(text[start:end]) > OLDEST_STATED_AGE:
            yield Identifier(start, end, "AGE", 0.7)
