"""Learning and fatigue are named where they are clear, and nothing is said where they are not."""

from __future__ import annotations

import numpy as np
from raters import Export

from harness.review import ExportedPacket
from harness.review.findings.findings import OrderEffect
from harness.review.findings.order_effects import compute_order_effects
from harness.review.ratings import Rating, Review, UnblindedRatings
from harness.store import StoredRun


def rate(run: StoredRun, exported: ExportedPacket, rng: np.random.Generator, *, hurry: float = 1.0, tired: float = 0.0) -> UnblindedRatings:
    """Raters see the same errors and take about a minute. The last rater speeds up by `hurry` in the second half, and then overlooks a
    share of the errors."""
    items, critical, ratings = exported.packet.items, {}, []
    for item in items:
        own = [each.id for each in items if each.rater == item.rater]
        is_late = own.index(item.id) >= len(own) / 2 and item.rater == exported.packet.raters[-1]
        is_critical = critical.setdefault(item.example, bool(rng.random() < 0.4))
        seen = is_critical and not (is_late and rng.random() < tired)
        seconds = 60 * float(rng.lognormal(0, 0.4)) * (hurry if is_late else 1.0)
        ratings.append(Rating(item.id, item.rater, {"severity": "critical" if seen else "none"}, seconds=seconds))
    return UnblindedRatings(Review(exported.packet, exported.key, tuple(ratings), 0), run.examples("summarization"))


def find_clear(effects: tuple[OrderEffect, ...]) -> dict[tuple[str, str], OrderEffect]:
    return {(effect.rater, effect.kind): effect for effect in effects if effect.is_clear}


def test_haste_and_fatigue_of_one_rater_are_found(export: Export, run: StoredRun) -> None:
    exported = export(strategies=("lora",), mode="errors", n=60, raters="anna,ben", repeats=0)
    effects = compute_order_effects(rate(run, exported, np.random.default_rng(1), hurry=0.5, tired=0.8))
    clear = find_clear(effects)
    time = clear["ben", "time"]
    assert time.low is not None and time.high is not None and time.low < 0.5 < time.high < 0.8
    assert clear["ben", "agreement"].change < -0.15 and clear["ben", "strictness"].change < -0.1
    assert ("anna", "time") not in clear


def test_nothing_is_said_of_raters_who_do_not_change(export: Export, run: StoredRun) -> None:
    """At most one review in twenty names an effect that is not there."""
    exported = export(strategies=("lora",), mode="errors", n=40, raters="anna,ben", repeats=0)
    wrong = sum(bool(find_clear(compute_order_effects(rate(run, exported, np.random.default_rng(seed)), seed=seed))) for seed in range(60))
    assert wrong <= 7  # 99% of samples of a share of 5%


def test_few_items_show_no_effect(export: Export, run: StoredRun) -> None:
    exported = export(strategies=("lora",), mode="errors", n=19, repeats=0)
    assert compute_order_effects(rate(run, exported, np.random.default_rng(2), hurry=0.2)) == ()
