"""Serial numbers of devices, MAC addresses, IMEIs, and long codes of random characters."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.data.privacy.detectors.check_digits import is_luhn
from harness.data.privacy.detectors.identifier import Identifier
from harness.data.privacy.detectors.labelled_numbers import find_values, labelled_number

_MAC = re.compile(
    r"(?<![\w:.-])[\da-f]{2}([:-])(?:[\da-f]{2}\1){4}[\da-f]{2}(?![\w:-])|\b[\da-f]{4}\.[\da-f]{4}\.[\da-f]{4}\b", re.IGNORECASE
)
_SERIAL = labelled_number(
    r"serial(?:[ _]?(?:no|num(?:ber)?|#))?|S/N|SN|device[ _-]?(?:id|serial|identifier|no|num(?:ber)?)|UDI|IMEI|(?:pacemaker|pump|"
    r"implant|lead|sensor)"
    r"[ _](?:id|serial|no|num(?:ber)?|model)|lot[ _]?(?:no|num(?:ber)?|#)",
    "serial s/n sn device udi imei pacemaker pump implant lead sensor lot",
)
_IMEI = re.compile(r"(?<![\w-])\d{15}(?![\w-])")
_UUID = re.compile(r"\b[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}\b", re.IGNORECASE)
_LABELLED_CODE = labelled_number(
    r"(?:confirmation|reference|tracking|ticket|booking|barcode|biometric|token|trial|study|subject|participant|sample)[ _-]?(?:id|"
    r"no|num(?:ber)?|code|#)",
    "confirmation reference tracking ticket booking barcode biometric token trial study subject participant sample",
)


def find_devices(text: str) -> Iterator[Identifier]:
    """Devices, and other unique codes."""
    for match in _MAC.finditer(text):
        yield Identifier(*match.span(), "DEVICE", 0.9)
    for start, end in find_values(_SERIAL, text):
        yield Identifier(start, end, "DEVICE", 0.88)
    for match in _IMEI.finditer(text):
        if is_luhn(match.group()):
            yield Identifier(*match.span(), "DEVICE", 0.7)
    for match in _UUID.finditer(text):
        yield Identifier(*match.span(), "CODE", 0.95)
    for start, end in find_values(_LABELLED_CODE, text):
        yield Identifier(start, end, "CODE", 0.85)
