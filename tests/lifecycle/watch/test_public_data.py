"""Questions of BANKING77: the published test split is the past, and the training split the present."""

from __future__ import annotations

import csv
import random
from dataclasses import replace

import pytest
from chance import at_most
from clinic_stream import START, fingerprint_of, watch_rows
from places import SHARED

from harness.lifecycle.watch import WatchedRow, describe_look, look
from harness.lifecycle.watch.watched_rows import short_hash
from harness.types import Example

FOLDER = SHARED / "data" / "banking77"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the published files are missing (../shared/data)")


def read(name: str, n: int, *, about: str = "", per_day: int = 20) -> list[WatchedRow]:
    """Questions in random order, or those with a word in the name of their intent."""
    with (FOLDER / name).open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if about in row["category"]]
    chosen = random.Random(3).sample(rows, n)
    examples = [Example(f"{name}{about}{i}", {"input": row["text"]}, (row["category"],)) for i, row in enumerate(chosen)]
    start = START.toordinal()
    return [WatchedRow(example, start + i // per_day, short_hash("a", example.id)) for i, example in enumerate(examples)]


def test_questions_of_the_same_bank_are_stable_and_those_of_one_topic_are_not() -> None:
    reference = read("test.csv", 400)
    fingerprint = fingerprint_of(reference, "classification")
    present = read("train.csv", 160)
    looked, stable = watch_rows(fingerprint, present, reference)
    assert stable.outcome == "stable", stable.moved
    for about, signal, word, n in (("card", "input_classifier", "card", 160), ("top_up", "input_topic", "top", 60)):
        later = [replace(row, day=row.day + 8) for row in read("train.csv", n, about=about)]
        now = look(looked.monitor, fingerprint, later, reference=reference)
        drifted = describe_look(now, fingerprint, strategy="lora", run="run", promoted="2026-03-01")
        assert drifted.outcome == "drifted"
        assert drifted.first_alarm is not None and (drifted.first_alarm - START).days >= 8
        assert signal in {finding.test.signal for finding in drifted.moved}
        assert any(each.word == word for each in drifted.words)


@pytest.mark.soak
def test_all_signals_together_rarely_sound_a_false_alarm() -> None:
    """The whole watch, on a reference and a stream that are drawn from one bank: 60 times 20 days."""
    bank = read("train.csv", 3000)
    draw = random.Random(11)
    alarms = 0
    for _ in range(60):
        rows = draw.sample(bank, 300)
        reference = rows[:100]
        stream = [replace(row, day=START.toordinal() + i // 10) for i, row in enumerate(rows[100:])]
        salt = str(draw.random())
        fingerprint = replace(fingerprint_of(reference, "classification"), salt=salt)
        _, result = watch_rows(fingerprint, stream, reference)
        alarms += result.outcome == "drifted"
    print(f"\n{alarms} of 60 had a false alarm")
    assert at_most(0.05, alarms / 60, 60)
