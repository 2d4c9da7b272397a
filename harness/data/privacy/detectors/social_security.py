"""US social security numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.data.privacy.detectors.identifier import Identifier

# Areas 000, 666 and 900–999, group 00 and serial 0000 are never issued. Taxpayer numbers (ITIN) are 9xx with a group of 50 or more.
_ISSUED = r"(?!000|666)[0-8]\d\d([ -])(?!00)\d\d\1(?!0000)\d{4}"
_TAXPAYER = r"9\d\d([ -])[5-9]\d\2\d{4}"
_FORMATTED = re.compile(rf"(?<![\w-])(?:{_ISSUED}|{_TAXPAYER})(?![\w-])")
_LABELLED = re.compile(
    r"\b(?:SSN|SS#|social security(?: number| no\.?| #)?)\W{0,3}(?:is|was)?\W{0,3}((?!000|666)\d{3}[ -]?\d\d[ -]?\d{4})(?!\d)",
    re.IGNORECASE,
)
_LAST_FOUR = re.compile(
    r"\b(?:SSN|social)\b[^.\n\d]{0,30}(?:ending in|last (?:four|4)(?: digits)?(?: are| is|:)?)\s*(\d{4})\b", re.IGNORECASE
)


def find_social_security_numbers(text: str) -> Iterator[Identifier]:
    """Numbers in the usual form, any nine digits after a label, and the last four digits where they are named so."""
    for match in _FORMATTED.finditer(text):
        yield Identifier(*match.span(), "SSN", 0.9)
    for pattern in (_LABELLED, _LAST_FOUR):
        for match in pattern.finditer(text):
            yield Identifier(*match.span(1), "SSN", 0.95)
