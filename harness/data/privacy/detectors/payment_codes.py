"""Payment cards and international bank accounts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.data.privacy.detectors.check_digits import is_iban, is_luhn
from harness.data.privacy.detectors.identifier import Identifier
from harness.data.privacy.detectors.labelled_numbers import find_values, labelled_number

_CARD = re.compile(r"(?<![\w.-])[2-6](?:[ -]?\d){11,18}(?![\w-]|\.\d)")
_NAMED_CARD = labelled_number(
    r"(?:(?:credit|debit|bank|payment|my)[ _])?card|visa|mastercard|amex|american express|discover", "card visa amex american discover"
)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z\d]{4}){2,7}(?: ?[A-Z\d]{1,4})?\b")


def find_payment_codes(text: str) -> Iterator[Identifier]:
    """Card numbers that pass Luhn's check or follow a label, and IBANs that pass theirs."""
    for match in _CARD.finditer(text):
        if is_luhn(re.sub(r"\D", "", match.group())):
            yield Identifier(*match.span(), "CARD", 0.9)
    for start, end in find_values(_NAMED_CARD, text, least=12):
        if sum(map(str.isdigit, text[start:end])) >= 12:
            yield Identifier(start, end, "CARD", 0.92)
    for match in _IBAN.finditer(text):
        yield from _longest_iban(match.start(), match.group())


def _longest_iban(start: int, text: str) -> Iterator[Identifier]:
    """The IBAN at the start of a text, which may take in words that follow it."""
    for end in range(len(text), 14, -1):
        if text[end - 1] != " " and is_iban(text[:end].replace(" ", "")):
            yield Identifier(start, start + end, "ACCOUNT", 0.97)
            return
