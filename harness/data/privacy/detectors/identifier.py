"""An identifier found in a text, and the rules for those that overlap."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

# The identifiers of HIPAA Safe Harbor (45 CFR 164.514(b)(2)) that occur in text, with names as tags show them.
Kind: TypeAlias = Literal[
    "NAME",
    "STREET",
    "CITY",
    "ZIP",
    "DATE",
    "AGE",
    "PHONE",
    "FAX",
    "EMAIL",
    "SSN",
    "RECORD",
    "HEALTH_PLAN",
    "ACCOUNT",
    "LICENSE",
    "VEHICLE",
    "DEVICE",
    "URL",
    "IP",
    "CARD",
    "CODE",
]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Identifier:
    """A part of a text that identifies a person.

    Attributes:
        start, end: offsets in characters, the end excluded.
        confidence: 0–1, how certain the rule is; it decides between identifiers that overlap.
    """

    start: int
    end: int
    kind: Kind
    confidence: float


def resolve_overlaps(identifiers: Iterable[Identifier], text: str) -> list[Identifier]:
    """Keep the most certain identifier where several overlap, then the longest; in the order of the text.

    What only a rejected identifier covers is kept as a part of its own if it has letters or digits, so that nothing that a rule found
    remains.
    """
    accepted: list[Identifier] = []
    taken = bytearray(len(text))
    for each in sorted(identifiers, key=lambda i: (-i.confidence, i.start - i.end, i.start)):
        for start, end in _free_parts(taken, each.start, each.end):
            is_whole = (start, end) == (each.start, each.end)
            begin, stop = (start, end) if is_whole else _trim(text, start, end)
            if stop > begin:
                accepted.append(each if is_whole else Identifier(begin, stop, each.kind, each.confidence))
                taken[begin:stop] = b"\1" * (stop - begin)
    return sorted(accepted, key=lambda i: i.start)


def _free_parts(taken: bytearray, start: int, end: int) -> list[tuple[int, int]]:
    parts: list[tuple[int, int]] = []
    while start < end:
        begin = taken.find(0, start, end)
        if begin < 0:
            break
        stop = taken.find(1, begin, end)
        stop = end if stop < 0 else stop
        parts.append((begin, stop))
        start = stop
    return parts


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and not text[start].isalnum():
        start += 1
    while start < end and not text[end - 1].isalnum():
        end -= 1
    return start, end
