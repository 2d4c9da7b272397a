"""Dates moved by a number of days, written as they were."""

from __future__ import annotations

import re
from datetime import date, timedelta

from harness.data.privacy.detectors import MONTH_NAMES, split_words
from harness.data.privacy.surrogates.characters import keep_case

_PART = re.compile(r"\d+|[^\W\d_]+(?:-[^\W\d_]+)*")
_ORDINALS = split_words(
    """
    first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth
    eighteenth nineteenth twentieth twenty-first twenty-second twenty-third twenty-fourth twenty-fifth twenty-sixth twenty-seventh
    twenty-eighth twenty-ninth thirtieth thirty-first
    """
)
_COMPACT_LENGTH = 8  # 20240312
_MONTHS = 12
_PIVOT = 30  # two-digit years up to here are 20xx
_MIDDLE = 15  # the day of a date that states none
_SHORTEST_MONTH = 3
_DAY_FIRST = re.compile(r"(?<!\d)(1[3-9]|2\d|3[01])[-/.](?:0?[1-9]|1[0-2])[-/.]\d{2,4}")


def is_day_first(text: str) -> bool:
    """Whether a text has a date such as 25/12/2024, whose first number can only be a day."""
    return bool(_DAY_FIRST.search(text))


def find_year(text: str) -> int | None:
    """The year in four digits that a date states."""
    years = re.findall(r"(?<!\d)(?:1[89]|20)\d\d(?!\d)", text)
    return int(years[-1]) if years else None


def shift_date(text: str, days: int, *, day_first: bool, year: int) -> str | None:
    """The date moved by so many days, in the same format; None if it is no date that exists.

    Args:
        day_first: how 03/04/2024 is read; 03.04.2024 always has the day first.
        year: the year of dates that state none.
    """
    parts = [(match.start(), match.end(), match.group()) for match in _PART.finditer(text)]
    roles = _assign_roles(text, [part for _, _, part in parts], day_first)
    if roles is None:
        return None
    values = {role: _read(part, role) for (_, _, part), role in zip(parts, roles, strict=True) if role}
    if "all" in values:
        compact = str(values["all"])
        values = {"year": int(compact[:4]), "month": int(compact[4:6]), "day": int(compact[6:])}
    try:
        moved = date(values.get("year", year), values["month"], values.get("day", _MIDDLE)) + timedelta(days)
    except (ValueError, OverflowError, KeyError):
        return None
    is_padded = all(part.isdigit() and len(part) > 1 for _, _, part in parts)
    result, position = "", 0
    for (start, end, part), role in zip(parts, roles, strict=True):
        result += text[position:start] + (_write(part, role, moved, is_padded=is_padded) if role else part)
        position = end
    return _fix_ordinals(result + text[position:])


def _assign_roles(text: str, parts: list[str], day_first: bool) -> list[str] | None:
    """What each part of a date is: year, month, day, all, or "" for words such as "of"."""
    roles = [_role_of_word(part) if not part[0].isdigit() else "?" for part in parts]
    numbers = [place for place, role in enumerate(roles) if role == "?"]
    digits = [parts[place] for place in numbers]
    if "month" in roles or "day" in roles:
        names = _name_numbers(digits, roles)
    elif len(digits) == 1 and len(digits[0]) == _COMPACT_LENGTH:
        names = ["all"]
    elif len(digits) >= 3:
        if len(digits[0]) == 4:
            names = ["year", "month", "day"]
        else:
            is_day_first = day_first or "." in text or int(digits[0]) > _MONTHS
            names = ["day", "month", "year"] if is_day_first and int(digits[1]) <= _MONTHS else ["month", "day", "year"]
    elif len(digits) == 2:
        is_year = len(digits[1]) == 4
        names = ["month", "year"] if is_year else ["day", "month"] if "." in text or int(digits[0]) > _MONTHS else ["month", "day"]
    else:
        return None
    for place, name in zip(numbers, names + [""] * len(numbers), strict=False):
        roles[place] = name
    return roles


def _name_numbers(digits: list[str], roles: list[str]) -> list[str]:
    names = ["year" if len(number) == 4 else "day" for number in digits]
    if names.count("day") == 2:  # 12-Mar-24
        names[1] = "year"
    elif names == ["day"] and "day" in roles:
        names = ["year"]
    return names


def _role_of_word(word: str) -> str:
    lower = word.lower()
    if lower in _ORDINALS:
        return "day"
    is_month = len(lower) >= _SHORTEST_MONTH and any(month.startswith(lower[:4] if lower == "sept" else lower) for month in MONTH_NAMES)
    return "month" if is_month else ""


def _read(part: str, role: str) -> int:
    if part[0].isdigit():
        number = int(part)
        return number + (2000 if number <= _PIVOT else 1900) if role == "year" and len(part) == 2 else number
    lower = part.lower()
    if role == "day":
        return _ORDINALS.index(lower) + 1
    return next(place for place, month in enumerate(MONTH_NAMES, 1) if month.startswith(lower[:3]))


def _write(part: str, role: str, moved: date, *, is_padded: bool) -> str:
    if role == "all":
        return f"{moved:%Y%m%d}"
    if not part[0].isdigit():
        if role == "day":
            return keep_case(_ORDINALS[moved.day - 1], part)
        name = MONTH_NAMES[moved.month - 1].capitalize()
        is_short = len(part) <= 4 and part.lower() not in MONTH_NAMES
        return keep_case(name[:3] if is_short else name, part)
    value = {"year": moved.year, "month": moved.month, "day": moved.day}[role]
    if role == "year":
        return f"{value % 100:02d}" if len(part) == 2 else str(value)
    return f"{value:02d}" if is_padded or part.startswith("0") else str(value)


def _fix_ordinals(text: str) -> str:
    """2nd for 2th: the ending that follows a day depends on it."""

    def fix(match: re.Match[str]) -> str:
        day = int(match[1])
        ending = "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
        return match[1] + keep_case(ending, match[2])

    return re.sub(r"\b(\d{1,2})(st|nd|rd|th)\b", fix, text, flags=re.IGNORECASE)
