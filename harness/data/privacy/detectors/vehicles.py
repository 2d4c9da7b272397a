"""Vehicle identification numbers, and plates where a word announces them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.data.privacy.detectors.check_digits import is_vin
from harness.data.privacy.detectors.identifier import Identifier

_VIN = re.compile(r"\b(?=[A-HJ-NPR-Z\d]*\d)(?=[A-HJ-NPR-Z\d]*[A-HJ-NPR-Z])[A-HJ-NPR-Z\d]{17}\b", re.IGNORECASE)
_VIN_LABEL = re.compile(r"\b(?:VIN|vehicle|chassis)\b[^\n]{0,25}$", re.IGNORECASE)
_PLATE = re.compile(
    r"\b(?:license plate|licence plate|number plate|plates?|registration|tag)(?:[ _](?:number|no\.?|#))?\s*(?:is|was|:|#|reads)?\s*"
    r"(?-i:((?=[A-Z\d -]{0,8}\d)(?=[A-Z\d -]{0,8}[A-Z])[A-Z\d]{1,4}(?:[ -]?[A-Z\d]{1,4}){1,2}))\b",
    re.IGNORECASE,
)


def find_vehicles(text: str) -> Iterator[Identifier]:
    """Numbers with a valid check digit or after a label, and plates after a label."""
    for match in _VIN.finditer(text):
        if is_vin(match.group()) or _VIN_LABEL.search(text, max(0, match.start() - 40), match.start()):
            yield Identifier(*match.span(), "VEHICLE", 0.9)
    for match in _PLATE.finditer(text):
        yield Identifier(*match.span(1), "VEHICLE", 0.85)
