"""Telephone and fax numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.data.privacy.detectors.identifier import Identifier

_EXTENSION = r"(?:\s*(?:x|ext\.?|extension)\s*\d{1,6})?"
_NORTH_AMERICAN = re.compile(
    rf"(?<![\w.+-])(?:(?:\+|00)?1[-. ]?)?(?:\([2-9]\d\d\)[ ]?|[2-9]\d\d[-. ])[2-9]\d\d[-. ]\d{{4}}{_EXTENSION}(?![\w-])"
)
_INTERNATIONAL = re.compile(rf"(?<![\w.])(?:\+|00)[1-9]\d{{0,2}}(?:[-. /]{{0,2}}\(?\d{{1,5}}\)?){{2,6}}{_EXTENSION}(?![\w-])")
# National forms: a leading 0 or groups of digits with spaces. Shorter ones need a word before them.
_NATIONAL = re.compile(
    rf"(?<![\w.+/-])\(?0[1-9]\d{{0,4}}\)?(?:[-. /]\d{{2,8}}){{1,4}}{_EXTENSION}(?![\w-])|(?<![\w.+-])0[1-9]\d{{8,9}}(?![\w-])"
)
# Three groups or more, at least two of them of three digits
_GROUPS = re.compile(
    r"(?<![\w.+/,-])(?!000)(?:\(\d{2,4}\)[ -]?\d{3,4}|(?=(?:\d{2,4}[ -])*\d{3}[ -]\d)\d{2,4}[ -]\d{2,4})(?:[ -]\d{2,4}){1,4}(?![\w-]|"
    r"[.,/]\d|\s*(?:mg|ml|%|mm|kg))"
)
_AFTER_WORD = re.compile(
    rf"\b(?:tel(?:ephone)?s?|phones?|mobile|cell|call(?:ed|ing)?(?:\s+(?:me|him|her|us|them))?(?:\s+(?:at|on|back at))?|fax|pager|"
    rf"contact|text(?:ed)?|"
    rf"reach(?:ed)?|dial|answering|ring|landline|messages to|number)\b[^\n\d+(]{{0,25}}(\(?\+?\d(?:[-. "
    rf"()/]{{0,2}}\d){{5,14}}{_EXTENSION})(?![\w-])",
    re.IGNORECASE,
)
# "telephone encounter 2024-03-04 10:30", "text: born 03/04/1950": the digits after the word begin with a date
_DATE = re.compile(r"(?:\d{1,2}/\d{1,2}/(?:\d{4}|\d\d)|\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}\.\d{1,2}\.(?:19|20)\d\d)(?![-/.]?\d)")
_FAX = re.compile(r"\b(?:fax|facsimile)\b[^\n\d]{0,25}$", re.IGNORECASE)
_FAX_AFTER = re.compile(r"\W{0,3}(?:\(?fax\b)", re.IGNORECASE)
_LEAST, _MOST = 7, 15  # digits; 15 is the limit of ITU-T E.164


def find_phones(text: str) -> Iterator[Identifier]:
    """Numbers in the forms of North America, in international form, and in national form; a number after "fax" is a fax number."""
    for pattern, confidence in ((_NORTH_AMERICAN, 0.85), (_INTERNATIONAL, 0.85), (_NATIONAL, 0.7), (_GROUPS, 0.52)):
        for match in pattern.finditer(text):
            yield from _phone(text, *match.span(), confidence)
    for match in _AFTER_WORD.finditer(text):
        if not _DATE.match(text, match.start(1)):
            yield from _phone(text, *match.span(1), 0.8)


def _phone(text: str, start: int, end: int, confidence: float) -> Iterator[Identifier]:
    digits = sum(map(str.isdigit, text[start:end]))
    if not _LEAST <= digits <= _MOST + 6:
        return
    is_fax = _FAX.search(text, max(0, start - 40), start) or _FAX_AFTER.match(text, end)
    yield Identifier(start, end, "FAX" if is_fax else "PHONE", confidence)
