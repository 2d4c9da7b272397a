"""Changes that are planted in the synthetic clinic are found, named and dated; without one, nothing is reported."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from clinic_stream import START, change_words, draw_rows, fingerprint_of, watch_rows

from harness.lifecycle.watch import Fingerprint, WatchedRow
from harness.reporting.wording import watch_sentences
from harness.types import Example

BEGINS = 6


@pytest.fixture(scope="module")
def visits() -> tuple[list[WatchedRow], Fingerprint]:
    """The reference: notes of visits."""
    rows = draw_rows("summarization", 1, 150)
    return rows, fingerprint_of(rows, "summarization")


@pytest.fixture(scope="module")
def quiet_days() -> list[WatchedRow]:
    return draw_rows("summarization", 2, 60)


def give_new_drug(example: Example) -> Example:
    """Half of the patients take a drug that did not exist."""
    if sum(map(ord, example.id)) % 2:
        return example
    return change_words(example, **{"mg": "mg and zorvatinib 5 mg"})


def write_longer(example: Example) -> Example:
    return replace(example, inputs={name: f"{text} {text[: len(text) // 3]}" for name, text in example.inputs.items()})


def write_as_another_hospital(example: Example) -> Example:
    """Abbreviations and no names of speakers."""
    text = example.inputs["input"]
    text = re.sub(r"\b(Doctor|Patient):", r">", text)
    return replace(example, inputs={"input": text.replace(" the ", " ").replace(" and ", " & ").replace("patient", "pt").lower()})


@pytest.mark.parametrize(
    ("change", "signal"),
    [(give_new_drug, "input_new_word"), (write_longer, "input_length"), (write_as_another_hospital, "input_")],
)
def test_a_planted_drift_is_found_soon_and_dated(
    visits: tuple[list[WatchedRow], Fingerprint], quiet_days: list[WatchedRow], change: Callable[[Example], Example], signal: str
) -> None:
    _, fingerprint = visits
    changed = draw_rows("summarization", 3, 60, first=BEGINS, change=change)
    _, result = watch_rows(fingerprint, [*quiet_days, *changed])
    assert result.outcome == "drifted" and result.exit_code == 1
    begins = START + timedelta(days=BEGINS)
    assert result.first_alarm is not None and begins <= result.first_alarm <= begins + timedelta(days=4)
    assert result.since is not None and abs(result.since - begins) <= timedelta(days=2)
    assert result.moved[0].test.signal.startswith(signal)
    if change is give_new_drug:
        assert result.words[0].word == "zorvatinib" and result.words[0].before == 0
        assert len(result.words[0].examples) == 3 and all("zorvatinib" in text for _, text in result.words[0].examples)
        assert any("“zorvatinib”" in sentence for sentence in watch_sentences.describe_outcome(result))


def test_without_a_change_nothing_is_reported(visits: tuple[list[WatchedRow], Fingerprint], quiet_days: list[WatchedRow]) -> None:
    reference, fingerprint = visits
    looked, result = watch_rows(fingerprint, quiet_days, reference)
    assert result.outcome == "stable" and not result.moved and result.units == 60
    assert looked.monitor.classifier.looks == 1, "there are enough rows for the classifier"
    assert result.separation is not None and result.separation.low < 0.5


def test_a_class_that_doubles_is_named() -> None:
    fingerprint = fingerprint_of(draw_rows("classification", 1, 300), "classification")
    pool = draw_rows("classification", 2, 500)
    refills = [row for row in pool if row.example.targets == ("refill",)]
    others = [row for row in pool if row.example.targets != ("refill",)]
    before = len(refills) / len(pool)
    rows = []
    for day in range(10):
        chosen = refills[day * 7 : day * 7 + 7] + others[day * 7 : day * 7 + 7]
        rows += [replace(row, day=START.toordinal() + day) for row in chosen]
    _, result = watch_rows(fingerprint, rows)
    moved = {(each.test.signal, each.test.label): each for each in result.moved}
    finding = moved["label", "refill"]
    assert finding.rises and finding.now is not None and finding.now > 1.5 * before
    assert "“refill”" in watch_sentences.name_signal(finding, result)


def test_a_few_rows_are_not_enough(visits: tuple[list[WatchedRow], Fingerprint], quiet_days: list[WatchedRow]) -> None:
    _, fingerprint = visits
    _, result = watch_rows(fingerprint, quiet_days[:8])
    assert result.outcome == "not_enough_data" and result.exit_code == 3
    assert "8 independent examples" in watch_sentences.describe_outcome(result)[0]


def test_days_without_data_and_a_look_without_news_change_nothing(
    visits: tuple[list[WatchedRow], Fingerprint], quiet_days: list[WatchedRow]
) -> None:
    from harness.lifecycle.watch import look

    _, fingerprint = visits
    first, _ = watch_rows(fingerprint, quiet_days[:20])
    again = look(first.monitor, fingerprint, quiet_days[:20])
    assert again.monitor == first.monitor and again.known_rows == 20 and not again.new_rows
    late = [replace(row, day=row.day + 40) for row in quiet_days[20:30]]
    assert look(first.monitor, fingerprint, late).monitor.last_day == late[-1].day


def test_one_row_of_a_patient_counts(visits: tuple[list[WatchedRow], Fingerprint], quiet_days: list[WatchedRow]) -> None:
    """Also over several days: later visits of a patient are not independent of the first."""
    from harness.lifecycle.watch import look

    _, fingerprint = visits
    same = [replace(row, example=replace(row.example, group=f"P{i % 5}")) for i, row in enumerate(quiet_days[:20])]
    looked, result = watch_rows(fingerprint, same)
    assert result.units == 5 and result.rows == 20
    later = [replace(row, example=replace(row.example, group=f"P{i % 6}"), day=row.day + 9) for i, row in enumerate(quiet_days[20:32])]
    assert [row.example.group for row in look(looked.monitor, fingerprint, later).counted] == ["P5"]


def test_a_label_that_comes_later_counts_once_and_its_row_not_again(quiet_days: list[WatchedRow]) -> None:
    from harness.lifecycle.watch import look

    rows = [replace(row, score=0.8) for row in draw_rows("summarization", 1, 40)]
    fingerprint = fingerprint_of(rows, "summarization")
    bare = [replace(row, example=replace(row.example, targets=()), prediction=None) for row in quiet_days[:15]]
    looked, _ = watch_rows(fingerprint, bare)
    scored = [replace(row, score=0.7) for row in quiet_days[:15]]
    after = look(looked.monitor, fingerprint, scored).monitor
    assert after.rows == 15 and after.tests["score"].drift.seen == 15 and after.tests["input_length"].drift.seen == 15
    assert look(after, fingerprint, scored).monitor == after


def test_a_sorted_file_is_no_drift(visits: tuple[list[WatchedRow], Fingerprint], quiet_days: list[WatchedRow]) -> None:
    _, fingerprint = visits
    one_day = [replace(row, day=START.toordinal()) for row in quiet_days]
    one_day.sort(key=lambda row: len(row.example.inputs["input"]))
    _, result = watch_rows(fingerprint, one_day)
    assert result.outcome == "stable"
    assert result.first_day == result.last_day == date(2026, 3, 1)
