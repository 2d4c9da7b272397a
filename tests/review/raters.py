"""Simulated raters: each has a true preference, a share of random answers, and possibly a side bias."""

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
class SimulatedRater:
    """A rater with known behaviour. The true preference of an example is the same for all raters, so that they agree."""

    name: str
    wins: float = 0.5
    """The probability that the later-named strategy of a pair is truly better on an example."""
    noise: float = 0.0
    """The share of random answers."""
    left: float = 0.0
    """The share of answers that are A in any case."""
    ties: float = 0.0
    """The share of examples that are truly ties."""


def preferences(packet: Packet, key: Key, raters: Mapping[str, SimulatedRater], seed: int = 0) -> list[dict[str, Any]]:
    """The ratings of these raters as in the page's file."""
    ratings = []
    order = list(key.cells)
    for item in packet.items:
        rater = raters.get(item.rater)
        if rater is None:
            continue
        sides = key.items[item.id].strategies
        shared = random.Random(f"{seed}/{item.example}/{sorted(sides)}")
        own = random.Random(f"{seed}/{item.id}/{rater.name}")
        later = max(sides, key=order.index)
        truth = "tie" if shared.random() < rater.ties else later if shared.random() < rater.wins else next(s for s in sides if s != later)
        answer = truth if truth == "tie" else "AB"[sides.index(truth)]
        if own.random() < rater.noise:
            answer = own.choice(["A", "B"])
        if own.random() < rater.left:
            answer = "A"
        ratings.append(rating(item.id, {"preference": answer}, seconds=own.uniform(5, 60)))
    return ratings


def severities(
    packet: Packet,
    key: Key,
    critical: Mapping[str, float],
    *,
    noise: float = 0.0,
    seconds: Mapping[str, float] | None = None,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Ratings of errors as in the page's file.

    Args:
        critical: the probability of a critical error, by strategy; other outputs have a minor error or none.
        noise: the share of random answers.
        seconds: the typical time per rating, by strategy.
    """
    ratings = []
    for item in packet.items:
        (strategy,) = key.items[item.id].strategies
        shared = random.Random(f"{seed}/{item.example}/{strategy}")
        own = random.Random(f"{seed}/{item.id}/{item.rater}")
        severity = "critical" if shared.random() < critical[strategy] else shared.choice(["none", "minor"])
        if own.random() < noise:
            severity = own.choice(SEVERITIES)
        kinds = [packet.questions.errors[0]] if severity == "critical" else []
        duration = own.lognormvariate(0, 0.3) * (seconds or {}).get(strategy, 30.0)
        ratings.append(rating(item.id, {"severity": severity}, kinds=kinds, seconds=duration))
    return ratings


def rating(item: str, answers: Mapping[str, str], **more: Any) -> dict[str, Any]:
    """One rating as the page saves it."""
    empty = {"kinds": [], "corrected": None, "comment": "", "seconds": 10.0, "answered_at": "2026-03-02T10:00:00.000Z"}
    return {"item": item, "answers": dict(answers), **empty, **more}


def page_file(folder: Path, packet: Packet, rater: str, ratings: list[dict[str, Any]], name: str | None = None) -> Path:
    """The file that a rater downloads from the page."""
    assigned = {item.id for item in packet.items if item.rater == rater}
    path = folder / (name or f"ratings-{packet.id}-{rater}.json")
    value = {"bench_review": 1, "packet": packet.id, "rater": rater, "ratings": [r for r in ratings if r["item"] in assigned]}
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


Export = Callable[..., ExportedPacket]  # `review_export` of a test's run
