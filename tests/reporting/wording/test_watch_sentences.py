"""The sentences of `bench watch`: each outcome, and each kind of signal."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from harness.lifecycle.watch import MovedWord, PlannedTest, SignalFinding, WatchResult, group_word
from harness.lifecycle.watch.scales import COUNT, SHARE
from harness.reporting.wording import watch_sentences
from harness.statistics import Interval

DAY = date(2026, 3, 14)


def finding(signal: str, before: float | None, now: float | None, *, moved: bool = True, **more: Any) -> SignalFinding:
    test = PlannedTest(signal, 0.05, COUNT if "length" in signal else SHARE, **more)
    low_high = None if before is None or now is None else (now - before - 0.03, now - before + 0.03)
    difference = Interval(*low_high, 100, 100, "Welch's t", True) if low_high else None
    day = DAY if moved else None
    return SignalFinding(test, before, 80, now, 0 if now is None else 60, difference, 1e-9, day, day, ())


MOVED = (
    finding("input_length", 124.2, 159.4),
    finding("input_new_word", 0.03, 0.51, label=group_word("zorvatinib")),
    finding("input_identifier", 0.0, 0.2, label="EMAIL"),
    finding("input_topic", 0.1, 0.6, label="3"),
    finding("answer", 0.33, 0.61, label="refund <b>"),
    finding("label", 0.0, 0.1, label="", known=("refund",)),
    finding("score", 0.84, 0.64),
    finding("feedback", None, 0.4),
    finding("input_classifier", 0.5, 0.81),
)
SLICES = (
    finding("slice", 0.5, 0.1, column="ward", value="A"),
    finding("slice", 0.0, 0.2, column="ward", value="", known=("A",)),
    finding("score", 0.8, 0.6, column="ward", value="A"),
)


def result(**more: Any) -> WatchResult:
    word = MovedWord("zorvatinib", "inputs", 0.0, 0.24, 60, 5.0, (("r1", "takes zorvatinib 5 mg"),))
    values: dict[str, Any] = {
        "task": "visits", "strategy": "lora", "run": "run", "promoted": "2026-02-01T00:00:00", "outcome": "drifted", "since": DAY,
        "first_alarm": date(2026, 3, 16), "new_rows": 60, "known_rows": 2, "rows": 1204, "units": 900, "first_day": date(2026, 3, 1),
        "last_day": date(2026, 3, 20), "reference_examples": 100, "reference_units": 80, "signals": MOVED, "slices": SLICES,
        "separation": None, "words": (word,), "score": "rougeL", "score_unit": "fraction", "notes": ("no_tokenizer",),
    }  # fmt: skip
    return WatchResult(**(values | more))


def test_what_moved_is_said_from_what_to_what_and_since_when(snapshot: Any) -> None:
    drifted = result()
    assert [watch_sentences.describe_change(each, drifted) for each in (*MOVED, *SLICES)] == snapshot
    assert watch_sentences.describe_outcome(drifted)[0] == "Drifted since about 2026-03-14 (found on 2026-03-16): 12 signals moved."
    assert watch_sentences.build_signal_table(drifted).rows == snapshot
    assert watch_sentences.list_notes(drifted) == snapshot


@pytest.mark.parametrize(
    "more",
    [
        {"outcome": "stable"},
        {"outcome": "not_enough_data", "units": 12, "last_day": date(2026, 3, 1)},
        {"outcome": "not_enough_data", "reference_units": 12},
        {"outcome": "not_enough_data", "units": 0, "rows": 0, "first_day": None, "last_day": None},
    ],
)
def test_calm_outcomes(more: dict[str, Any], snapshot: Any) -> None:
    calm = result(**more, since=None, first_alarm=None, signals=(finding("input_length", 124.2, 125.0, moved=False),), slices=())
    assert watch_sentences.describe_outcome(calm) == snapshot
    assert watch_sentences.describe_next_step(calm) == ""


def test_without_texts_no_word_of_a_row_is_shown() -> None:
    shown = replace(result()).without_text()
    sentences = [*watch_sentences.describe_outcome(shown), *map(str, watch_sentences.build_signal_table(shown).rows)]
    assert not any("zorvatinib" in sentence for sentence in sentences)
    assert watch_sentences.build_word_table(shown) is None
