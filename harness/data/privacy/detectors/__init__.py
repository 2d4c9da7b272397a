"""Finds identifiers of people in text: one module for each kind, each a function from a text to `Identifier`s.

There is no model, and no I/O but reading the word lists.
"""

from __future__ import annotations

from harness.data.privacy.detectors.ages import OLDEST_STATED_AGE, find_ages
from harness.data.privacy.detectors.check_digits import is_luhn
from harness.data.privacy.detectors.date_patterns import MONTH_NAMES, find_dates
from harness.data.privacy.detectors.devices import find_devices
from harness.data.privacy.detectors.identifier import KINDS, Identifier, Kind, resolve_overlaps
from harness.data.privacy.detectors.name_patterns import find_names
from harness.data.privacy.detectors.payment_codes import find_payment_codes
from harness.data.privacy.detectors.phones import find_phones
from harness.data.privacy.detectors.place_patterns import find_places
from harness.data.privacy.detectors.plain_words import is_plain_word
from harness.data.privacy.detectors.record_numbers import find_record_numbers
from harness.data.privacy.detectors.social_security import find_social_security_numbers
from harness.data.privacy.detectors.vehicles import find_vehicles
from harness.data.privacy.detectors.web_addresses import find_web_addresses
from harness.data.privacy.detectors.word_files import read_list, read_words, split_words

__all__ = [
    "KINDS",
    "MONTH_NAMES",
    "OLDEST_STATED_AGE",
    "Identifier",
    "Kind",
    "find_candidates",
    "find_identifiers",
    "is_luhn",
    "is_plain_word",
    "read_list",
    "read_words",
    "resolve_overlaps",
    "split_words",
]

_WITH_DIGITS = (find_phones, find_social_security_numbers, find_record_numbers, find_payment_codes, find_vehicles, find_devices)
_ANY = (find_web_addresses, find_dates, find_ages, find_places, find_names)
LEAST_CONFIDENCE = 0.5


def find_identifiers(text: str) -> list[Identifier]:
    """The identifiers in a text, in its order, without overlaps."""
    return resolve_overlaps(find_candidates(text), text)


def find_candidates(text: str) -> list[Identifier]:
    """What the rules find in a text; candidates may overlap."""
    detectors = (*_WITH_DIGITS, *_ANY) if any(map(str.isdigit, text)) else _ANY
    return [each for detect in detectors for each in detect(text) if each.confidence >= LEAST_CONFIDENCE]
