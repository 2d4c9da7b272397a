"""Simulated raters: each has a true taste, a share of answers given at random, and perhaps a favourite side."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.review import ExportedPacket
from harness.review.packets import SEVERITIES, Key, Packet


@dataclass(frozen=True)
class Person:
    """`wins` is the chance that the later-named strategy of a pair is preferred on a row (that chance is drawn once a row, so that raters
    agree); `noise` the share of answers at random; `left` the share of answers that are A whatever is there."""

    name: str
    wins: float = 0.5
    noise: float = 0.0
    left: float = 0.0
    ties: float = 0.0


def preferences(packet: Packet, key: Key, people: Mapping[str, Person], seed: int = 0) -> list[dict[str, Any]]:
    """The ratings of these raters in the form of the page's file, without its head."""
    found = []
    order = list(key.cells)
    for judgement in packet.items:
        person = people.get(judgement.rater)
        if person is None:
            continue
        sides = key.items[judgement.id].strategies
        row = random.Random(f"{seed}/{judgement.example}/{sorted(sides)}")
        own = random.Random(f"{seed}/{judgement.id}/{person.name}")
        later = max(sides, key=order.index)
        truth = "tie" if row.random() < person.ties else later if row.random() < person.wins else next(s for s in sides if s != later)
        answer = truth if truth == "tie" else "AB"[sides.index(truth)]
        if own.random() < person.noise:
            answer = own.choice(["A", "B"])
        if own.random() < person.left:
            answer = "A"
        found.append(rating(judgement.id, {"preference": answer}, seconds=own.uniform(5, 60)))
    return found


def severities(
    packet: Packet,
    key: Key,
    critical: Mapping[str, float],
    *,
    noise: float = 0.0,
    seconds: Mapping[str, float] | None = None,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Ratings of errors: a row of a strategy is critical with its chance, else minor or none; `noise` is the share at random."""
    found = []
    for judgement in packet.items:
        (strategy,) = key.items[judgement.id].strategies
        row = random.Random(f"{seed}/{judgement.example}/{strategy}")
        own = random.Random(f"{seed}/{judgement.id}/{judgement.rater}")
        severity = "critical" if row.random() < critical[strategy] else row.choice(["none", "minor"])
        if own.random() < noise:
            severity = own.choice(SEVERITIES)
        kinds = [packet.questions.errors[0]] if severity == "critical" else []
        took = own.lognormvariate(0, 0.3) * (seconds or {}).get(strategy, 30.0)
        found.append(rating(judgement.id, {"severity": severity}, kinds=kinds, seconds=took))
    return found


def rating(item: str, answers: Mapping[str, str], **more: Any) -> dict[str, Any]:
    """One rating as the page saves it."""
    empty = {"kinds": [], "corrected": None, "comment": "", "seconds": 10.0, "answered_at": "2026-03-02T10:00:00.000Z"}
    return {"item": item, "answers": dict(answers), **empty, **more}


def page_file(folder: Path, packet: Packet, rater: str, ratings: list[dict[str, Any]], name: str | None = None) -> Path:
    """What the page saves for a rater."""
    own = {j.id for j in packet.items if j.rater == rater}
    path = folder / (name or f"ratings-{packet.id}-{rater}.json")
    value = {"bench_review": 1, "packet": packet.id, "rater": rater, "ratings": [r for r in ratings if r["item"] in own]}
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


Export = Callable[..., ExportedPacket]  # `review_export` of a test's run
