"""Three ways to replace identifiers: surrogates, tags, or removal."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from harness.data.privacy.detectors import OLDEST_STATED_AGE, Identifier, Kind, is_luhn
from harness.data.privacy.surrogates.characters import fill_digits, keep_case, replace_characters
from harness.data.privacy.surrogates.contacts import replace_email, replace_ip, replace_phone, replace_url
from harness.data.privacy.surrogates.invented_names import replace_name, surrogate_part
from harness.data.privacy.surrogates.invented_places import replace_city, replace_street, replace_zip
from harness.data.privacy.surrogates.keyed_choice import KeyedChoice
from harness.data.privacy.surrogates.moved_dates import find_year, is_day_first, shift_date
from harness.data.privacy.surrogates.scope import Scope

REMOVED = "[REMOVED]"
_OLDEST = str(OLDEST_STATED_AGE + 1)  # all ages over 89 are one category
_USUAL_YEAR = 2023  # of a date in a text that states no year


class Replacement(Protocol):
    """Chooses what an identifier becomes."""

    def replace(self, text: str, identifier: Identifier, scope: Scope) -> str:
        """What the text has instead of the identifier."""


class Tags:
    """`[NAME]`, `[DATE]`, …"""

    def replace(self, text: str, identifier: Identifier, scope: Scope) -> str:
        """The kind of the identifier in brackets."""
        return f"[{identifier.kind}]"


class Removal:
    """What Safe Harbor lets remain: the year of a date, and "90+" for an age over 89 (45 CFR 164.514(b)(2))."""

    def replace(self, text: str, identifier: Identifier, scope: Scope) -> str:
        """A year, "90+", or the mark of a removal."""
        original = text[identifier.start : identifier.end]
        if identifier.kind == "AGE" and not (original.isdigit() and len(original) == 4):
            return f"{_OLDEST}+"
        year = find_year(original) if identifier.kind == "DATE" else None
        return str(year) if year is not None and date.today().year - year <= OLDEST_STATED_AGE else REMOVED


class Surrogates:
    """Invented identifiers in the same form, consistent within a scope."""

    def __init__(self, choice: KeyedChoice) -> None:
        self._choice = choice

    def replace(self, text: str, identifier: Identifier, scope: Scope) -> str:
        """The surrogate; the tag of a date that does not exist, such as 31 February."""
        original = text[identifier.start : identifier.end]
        subject = (scope.name, identifier.kind, original.casefold())
        match identifier.kind:
            case "NAME":
                surrogate = replace_name(original, text[max(0, identifier.start - 12) : identifier.start], scope, self._choice)
            case "STREET":
                surrogate = replace_street(original, scope, self._choice)
            case "CITY":
                surrogate = replace_city(original, scope, self._choice)
            case "ZIP":
                surrogate = replace_zip(original, self._choice, *subject)
            case "DATE":
                moved = shift_date(original, scope.shift, day_first=is_day_first(text), year=find_year(text) or _USUAL_YEAR)
                surrogate = moved or f"[{identifier.kind}]"
            case "AGE":
                surrogate = _replace_age(original)
            case "PHONE" | "FAX":
                surrogate = replace_phone(original, self._choice, scope.name, "PHONE", "".join(filter(str.isdigit, original)))
            case "EMAIL":
                first = surrogate_part(f"first {original}", scope, self._choice, is_last=False)
                last = surrogate_part(f"last {original}", scope, self._choice, is_last=True)
                surrogate = replace_email(first, last, self._choice, *subject)
            case "URL":
                surrogate = replace_url(original, self._choice, *subject)
            case "IP":
                surrogate = replace_ip(original, self._choice, *subject)
            case _:
                surrogate = self._replace_code(original, identifier, scope)
        return surrogate

    def _replace_code(self, original: str, identifier: Identifier, scope: Scope) -> str:
        key = "".join(filter(str.isalnum, original)).casefold()
        if key not in scope.codes:
            surrogate = replace_characters(original, self._choice, scope.name, "code", key)
            scope.codes[key] = _make_impossible(surrogate, identifier.kind)
        return scope.codes[key]


def _make_impossible(surrogate: str, kind: Kind) -> str:
    """A number that is never issued, where its kind has such numbers: the social security area 000, a card that fails Luhn's check."""
    digits = "".join(filter(str.isdigit, surrogate))
    if kind == "SSN" and len(digits) == 9:
        return fill_digits(surrogate, "000" + digits[3:])
    if kind == "CARD" and is_luhn(digits):
        return fill_digits(surrogate, str((int(digits[-1]) + 1) % 10))
    return surrogate


def _replace_age(original: str) -> str:
    if original.isdigit():
        return str(date.today().year - OLDEST_STATED_AGE - 1) if len(original) == 4 else _OLDEST
    return keep_case("ninety", original)
