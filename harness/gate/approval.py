"""An approval of a verdict: one person, one signature. Who approved is counted by key or, where no keys are listed, by name and key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Approval:
    """One approval.

    Attributes:
        name: as the person gave it; only the key is authenticated.
        fingerprint: of the key that signed it.
        verdict: the digest of what was approved.
        reason: as the person stated it; may be empty.
        at: when, in ISO 8601.
        document: what was signed, with its signature.
    """

    name: str
    fingerprint: str
    verdict: str
    reason: str
    at: str
    document: Mapping[str, Any]


def plain_fingerprint(fingerprint: str) -> str:
    """A fingerprint without what differs between two ways to write it."""
    return "".join(fingerprint.lower().split())


def count_people(approvals: Sequence[Approval], approvers: Sequence[str]) -> int:
    """How many different people have approved.

    Args:
        approvals: those of one verdict.
        approvers: the fingerprints of the keys that count; without them, approvals with the same name or the same key are by one person,
            and so are those that such approvals connect: each person needs a key of their own.
    """
    if approvers:
        return len({plain_fingerprint(each.fingerprint) for each in approvals} & {plain_fingerprint(each) for each in approvers})
    people: list[set[str]] = []
    for approval in approvals:
        marks = {f"name {' '.join(approval.name.casefold().split())}", f"key {plain_fingerprint(approval.fingerprint)}"}
        connected = [person for person in people if person & marks]
        people = [person for person in people if not person & marks] + [marks.union(*connected)]
    return len(people)
