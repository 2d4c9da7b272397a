"""A label with its value, such as "MRN: 00123" or "Account number is 4411-2"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from re import Pattern

# A value has a digit: words after a label, such as "account holder", are no numbers.
_VALUE = r"(?P<value>(?=[A-Z\d/.-]{0,9}\d)[A-Z\d](?:[A-Z\d]|[-/.](?=[A-Z\d]))*(?:[ -]\d{2,}\b)*)"
_BETWEEN = (
    r"(?:\s*\([^()\n]{1,20}\))?\s*(?:(?:numbers?|nos?|num|nbr|codes?|ids?|identifiers?)\b\.?)?\s*(?:is|was|are|of|=|:|#|№|-)*\s*#?\s*"
)


@dataclass(frozen=True)
class LabelledNumber:
    """A label and its number.

    Attributes:
        pattern: with the number in the group `value`.
        words: in lower case; a text without any of them has no such label.
    """

    pattern: Pattern[str]
    words: tuple[str, ...]


def labelled_number(labels: str, words: str) -> LabelledNumber:
    """What finds the number after one of the labels.

    Args:
        labels: alternatives of a regular expression, in any case.
        words: separated by spaces; each label contains one of them.
    """
    pattern = re.compile(rf"(?<![A-Za-z])(?:{labels}){_BETWEEN}{_VALUE}", re.IGNORECASE)
    return LabelledNumber(pattern, tuple(words.split()))


def find_values(label: LabelledNumber, text: str, *, least: int = 4) -> Iterator[tuple[int, int]]:
    """The offsets of all values with at least so many letters and digits."""
    lower = text.lower()
    if not any(word in lower for word in label.words):
        return
    for match in label.pattern.finditer(text):
        if sum(map(str.isalnum, match["value"])) >= least:
            yield match.span("value")
