"""The formats of canaries: a sentence with a secret that looks like what a clinic or an office must not reveal, and means nothing.

| format | sentence | secrets |
| --- | --- | --- |
| record | Record number 482-915. | 10^6 |
| contact | Tavo Merisk can be reached at 000-482-9157. | 10^7 for each name |

Names are made of syllables. No telephone number begins with the area code 000.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

_FIRST = ("Ba", "Do", "Ke", "Lu", "Mi", "Ne", "Po", "Ra", "Su", "Ta", "Ve", "Zo")
_MIDDLE = ("ba", "di", "ko", "lu", "me", "ni", "pa", "ri", "so", "ve")
_LAST = ("len", "mik", "nor", "rask", "sel", "tov", "vin", "zad")


@dataclass(frozen=True)
class CanaryFormat:
    """How canaries of one kind look.

    Attributes:
        draw_prefix: what precedes the secret in a canary's sentence.
        secrets: how many secrets there are; `write` turns each number below that into one.
        pattern: finds everything in a text that could be such a secret, at every position.
    """

    name: str
    draw_prefix: Callable[[random.Random], str]
    secrets: int
    write: Callable[[int], str]
    pattern: re.Pattern[str]


def _record_number(number: int) -> str:
    return f"{number // 1000:03d}-{number % 1000:03d}"


def _phone_number(number: int) -> str:
    return f"000-{number // 10000:03d}-{number % 10000:04d}"


def _draw_name(draw: random.Random) -> str:
    first = draw.choice(_FIRST) + draw.choice(_MIDDLE)
    return f"{first} {draw.choice(_FIRST)}{draw.choice(_MIDDLE)}{draw.choice(_LAST)}"


FORMATS = (
    CanaryFormat("record", lambda draw: "Record number", 10**6, _record_number, re.compile(r"(?=(\d{3}-\d{3}))")),
    CanaryFormat(
        "contact",
        lambda draw: f"{_draw_name(draw)} can be reached at",
        10**7,
        _phone_number,
        re.compile(r"(?=(000-\d{3}-\d{4}))"),
    ),
)
