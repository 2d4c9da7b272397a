"""Surrogates of streets, cities and postal codes."""

from __future__ import annotations

import re

from harness.data.privacy.detectors import read_words
from harness.data.privacy.surrogates.characters import fill_digits, keep_case, replace_characters
from harness.data.privacy.surrogates.invented_names import surrogate_part
from harness.data.privacy.surrogates.keyed_choice import KeyedChoice
from harness.data.privacy.surrogates.scope import Scope

_ENDINGS = ("ton", "ville", "field", "ford", "haven", "wood", "dale", "burg", "bridge", "mouth")
_PART = re.compile(r"\d+|[^\W\d_]+(?:['’-][^\W\d_]+)*")
_UNASSIGNED = "00"  # no ZIP code below 00501 is in use


def replace_street(text: str, scope: Scope, choice: KeyedChoice) -> str:
    """The address with other numbers of the same length, other single letters and other names; words such as "Street" and "Apt." stay."""

    def replace(match: re.Match[str]) -> str:
        part = match.group()
        if part.lower() in read_words("street_words"):
            return part
        if part.isdigit() or len(part) == 1:  # also the letter of "Apt 3B"
            return replace_characters(part, choice, scope.name, "street", text, str(match.start()))
        if part.islower() and len(part) <= 3:
            return part
        return keep_case(surrogate_part(part, scope, choice, is_last=True), part)

    return _PART.sub(replace, text)


def replace_city(text: str, scope: Scope, choice: KeyedChoice) -> str:
    """An invented town, the same for every mention in the scope."""
    name = surrogate_part(f"town {text}", scope, choice, is_last=True)
    return keep_case(name.rstrip("aeiouy") + choice.item(_ENDINGS, scope.name, "town", text.casefold()), text)


def replace_zip(text: str, choice: KeyedChoice, *subject: str) -> str:
    """A code in the same form; US codes get a range that is not in use."""
    surrogate = replace_characters(text, choice, *subject)
    if re.fullmatch(r"\d{5}(?:-\d{4})?", text):
        return fill_digits(surrogate, f"{_UNASSIGNED}{choice.number(500, *subject, 'area'):03d}{surrogate[6:]}")
    return surrogate
