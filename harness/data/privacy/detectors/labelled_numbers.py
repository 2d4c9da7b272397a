"""A label with its value, such as "MRN: 00123" or "Account number is 4411-2"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from re import Pattern

# A value has a digit: words after a label, such as "account holder", are no numbers.
_VALUE = r"(?P<value>(?=[A-Z\d/.-]{0,9}\d)[A-Z\d](?:[A-Z\d]|[-/.](?=[A-Z\d]))*(?:[ -]\d{2,}\b)*)"
_BETWEEN = (
    r"(?:\s*\([^()\n]{1,20}\))?\s*(?:(?:numbers?|nos?|num|nbr|codes?|ids?|identifiers?)\b\.?)?\s*(?:is|was|are|of|=|:|#|№|-)*\s*#?\s*"
)


def labelled_number(labels: str) -> Pattern[str]:
    """A pattern for one of the labels (alternatives of a regular expression, in any case) and its number, in the group `value`."""
    return re.compile(rf"(?<![A-Za-z])(?:{labels}){_BETWEEN}{_VALUE}", re.IGNORECASE)


def find_values(pattern: Pattern[str], text: str, *, least: int = 4) -> Iterator[tuple[int, int]]:
    """The offsets of all values with at least so many letters and digits."""
    for match in pattern.finditer(text):
        if sum(map(str.isalnum, match["value"])) >= least:
            yield match.span("value")
