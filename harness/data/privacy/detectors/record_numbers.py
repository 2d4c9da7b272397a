"""Numbers that a label announces: medical records, health plans, accounts and licences, and British NHS numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.data.privacy.detectors.check_digits import is_dea_number, is_nhs_number, is_npi
from harness.data.privacy.detectors.identifier import Identifier, Kind
from harness.data.privacy.detectors.labelled_numbers import find_values, labelled_number

_LABELLED: tuple[tuple[Kind, str, str], ...] = (
    (
        "RECORD",
        r"MRN|medical[ _]record|(?:patient|hospital|chart|record|case|encounter|visit|admission|accession|specimen|episode|file)"
        r"[ _-]?(?:id|no|num(?:ber)?|nbr|#)|patient[ _]identifier|NHS",
        "mrn record patient hospital chart case encounter visit admission accession specimen episode file nhs",
    ),
    (
        "HEALTH_PLAN",
        r"health[ _-]?plan|(?:insurance|member|subscriber|policy|beneficiary|group|medicare|medicaid|MBI|HICN|payer)"
        r"(?:[ _-]?(?:card|policy|plan|member|id|no|num(?:ber)?))*",
        "plan insurance member subscriber policy beneficiary group medicare medicaid mbi hicn payer",
    ),
    (
        "ACCOUNT",
        r"(?:bank[ _])?(?:account|acct|a/c)|(?:invoice|billing|routing|sort|customer|client|loan)[ _-]?(?:no|num(?:ber)?|id|code)",
        "account acct a/c invoice billing routing sort customer client loan",
    ),
    (
        "LICENSE",
        r"(?:driver'?s?|driving|medical|nursing|pilot|professional)?[ _]?(?:licen[cs]e|certificate)|DL|DEA|NPI|passport|(?:tax|"
        r"national|identity)[ _-]?"
        r"(?:card|id|no|num(?:ber)?)|visa[ _]number|student[ _]id|employee[ _]id",
        "licen certificate dl dea npi passport tax national identity visa student employee",
    ),
)
_PATTERNS = tuple((kind, labelled_number(labels, words)) for kind, labels, words in _LABELLED)
_TEN_DIGITS = re.compile(r"(?<![\w.+-])(\d{3})[ -]?(\d{3})[ -]?(\d{4})(?![\w-]|\.\d)")
_DEA = re.compile(r"\b[ABCDEFGHJKLMPRSTUX][A-Z9]\d{7}\b")
_MEDICARE = re.compile(r"\b[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y]{2}\d{2}\b")


def find_record_numbers(text: str) -> Iterator[Identifier]:
    """Numbers of records, plans, accounts and licences."""
    for kind, label in _PATTERNS:
        for start, end in find_values(label, text, least=3):
            yield Identifier(start, end, kind, 0.9)
    for match in _TEN_DIGITS.finditer(text):
        digits = "".join(match.groups())
        if is_npi(digits) and " " not in match.group() and "-" not in match.group():
            yield Identifier(*match.span(), "LICENSE", 0.6)
        elif is_nhs_number(digits):
            yield Identifier(*match.span(), "RECORD", 0.65)
    for match in _DEA.finditer(text):
        if is_dea_number(match.group()):
            yield Identifier(*match.span(), "LICENSE", 0.85)
    for match in _MEDICARE.finditer(text):
        yield Identifier(*match.span(), "HEALTH_PLAN", 0.85)
