"""A stream of the synthetic clinic, with changes that begin on a day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from harness.data.clinic import generate_records
from harness.lifecycle.watch import Fingerprint, MonitorLook, WatchedRow, WatchResult, build_fingerprint, describe_look, look, start_monitor
from harness.lifecycle.watch.scales import SHARE
from harness.lifecycle.watch.watched_rows import short_hash
from harness.types import Example, Kind, Prediction

START = date(2026, 3, 1)
Change = Callable[[Example], Example]


def draw_rows(kind: Kind, seed: int, n: int, *, first: int = 0, per_day: int = 10, change: Change | None = None) -> list[WatchedRow]:
    """Rows of visits that no other seed has, from day `first` on, `per_day` on each. Groups are left out: each row is a patient."""
    examples = [example for split, example in generate_records(kind, size=5 * n + 10, seed=seed) if split == "test"][:n]
    rows = []
    for number, example in enumerate(examples):
        shown = replace(change(example) if change else example, group=None)
        day = START.toordinal() + first + number // per_day
        rows.append(
            WatchedRow(shown, day, short_hash("a", str(seed), str(number)), Prediction(shown.id, shown.targets[0] if shown.targets else ""))
        )
    return rows


def fingerprint_of(rows: Sequence[WatchedRow], kind: Kind) -> Fingerprint:
    return build_fingerprint(
        rows, task=kind, model="0" * 64, created="2026-03-01", salt="a", chooses=kind == "classification", score_scale=SHARE
    )


def watch_rows(
    fingerprint: Fingerprint, rows: Sequence[WatchedRow], reference: Sequence[WatchedRow] = ()
) -> tuple[MonitorLook, WatchResult]:
    looked = look(start_monitor(fingerprint), fingerprint, rows, reference=reference)
    return looked, describe_look(looked, fingerprint, strategy="lora", run="run", promoted="2026-03-01T00:00:00")


def change_words(example: Example, **words: str) -> Example:
    """The example with words of its inputs replaced."""
    inputs = dict(example.inputs)
    for old, new in words.items():
        inputs = {name: text.replace(old, new) for name, text in inputs.items()}
    return replace(example, inputs=inputs)
