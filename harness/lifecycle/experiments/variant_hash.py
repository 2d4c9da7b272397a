"""Which variant a unit gets: a hash that any service can compute.

    digest = sha256(salt + ":" + unit), of the UTF-8 bytes, in hexadecimal
    number = the first 13 digits, as a whole number from 0 to 16^13 − 1
    variant = challenger if number / 16^13 < share of the challenger, else champion

13 digits are 52 bits, which fit the numbers of every language, JavaScript's included. A larger share moves units from the champion to the
challenger, and none back.
"""

from __future__ import annotations

import hashlib

from harness.errors import BenchError
from harness.lifecycle.experiments.experiment_file import Experiment, VariantName

MOST_UNIT_CHARACTERS = 1000
_DIGITS = 13


def pick_variant(experiment: Experiment, unit: str) -> VariantName:
    """The variant of a unit, always the same.

    Args:
        unit: its name, exactly as the service writes it: case and spaces count.

    Raises:
        BenchError: the name is empty, too long, or not valid Unicode.
    """
    if problem := find_unit_problem(unit):
        raise BenchError(problem)
    digest = hashlib.sha256(f"{experiment.salt}:{unit}".encode()).hexdigest()
    return "challenger" if int(digest[:_DIGITS], 16) / 16**_DIGITS < experiment.challenger_share else "champion"


def find_unit_problem(unit: str) -> str:
    """Why a text cannot be the name of a unit; empty if it can."""
    if not unit:
        return "the name of a unit is empty"
    if len(unit) > MOST_UNIT_CHARACTERS:
        return f"the name of a unit has {len(unit):,} characters; at most {MOST_UNIT_CHARACTERS:,} are allowed"
    if any("\ud800" <= character <= "\udfff" for character in unit):
        return "the name of a unit is not valid Unicode"
    return ""
