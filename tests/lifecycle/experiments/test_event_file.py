"""Events from files: what is counted, and what is refused with its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from event_factory import made_experiment

from harness.errors import BenchError
from harness.lifecycle.experiments import EventLog, read_events

NOW = 1_790_000_000.0  # 2026-09-21
HEAD = "time,unit,variant,accepted\n"
EXPERIMENT = made_experiment()


def read(folder: Path, text: str, name: str = "events.csv") -> EventLog:
    (folder / name).write_text(text, encoding="utf-8")
    return read_events(folder / name, EXPERIMENT, NOW)


def test_times_may_have_any_zone_or_be_seconds(tmp_path: Path) -> None:
    rows = [
        "2026-06-01T10:00:00+02:00",
        "2026-06-01T08:00:00Z",
        "2026-06-01 08:00:00",
        "1780300800",
        "1780300800.0",
        "2026-06-01T08:00:00.000",
    ]
    log = read(tmp_path, HEAD + "".join(f"{time},u{i},champion,1\n" for i, time in enumerate(rows)))
    assert {event.time for event in log.events} == {1_780_300_800.0}


def test_json_lines_may_have_numbers_and_booleans(tmp_path: Path) -> None:
    rows = [
        {"time": 1_780_300_800, "unit": 17, "variant": "champion", "accepted": True, "note": "x"},
        {"time": "2026-06-02", "unit": "17", "variant": "champion", "accepted": None},
        {"time": "2026-06-03", "unit": "17", "variant": "champion"},
    ]
    log = read(tmp_path, "".join(json.dumps(row) + "\n" for row in rows), "events.jsonl")
    assert [(event.unit, dict(event.outcomes)) for event in log.events] == [("17", {"accepted": 1.0}), ("17", {}), ("17", {})]
    assert log.unused == ("note",)


def test_rows_are_put_in_the_order_of_time(tmp_path: Path) -> None:
    log = read(tmp_path, HEAD + "2026-06-03,a,champion,1\n2026-06-01,b,champion,0\n2026-06-02,c,champion,no\n")
    assert [event.unit for event in log.events] == ["b", "c", "a"]
    assert log.out_of_order == 1


def test_repeated_events_count_once(tmp_path: Path) -> None:
    """Equal rows with a time of day are one event; with a date alone, they may be two answers of one day."""
    row, day = "2026-06-01T08:00:00Z,a,champion,1\n", "2026-06-01,a,champion,1\n"
    log = read(tmp_path, HEAD + row * 3 + day * 2)
    assert (len(log.events), log.doubled) == (3, 2)


def test_events_with_a_name_are_told_apart_by_it(tmp_path: Path) -> None:
    head = "event,time,unit,variant,accepted\n"
    log = read(tmp_path, head + "1,2026-06-01,a,champion,1\n1,2026-06-01,a,champion,1\n2,2026-06-01,a,champion,1\n")
    assert (len(log.events), log.doubled) == (2, 1)
    with pytest.raises(BenchError, match=r"events\.csv:3: event: '1' is in the file twice, with different values"):
        read(tmp_path, head + "1,2026-06-01,a,champion,1\n1,2026-06-01,a,champion,0\n")


@pytest.mark.parametrize("missing", ["", "NA", "nan", " ", "null"])
def test_missing_outcomes_are_none(tmp_path: Path, missing: str) -> None:
    assert not read(tmp_path, f"{HEAD}2026-06-01,a,champion,{missing}\n").events[0].outcomes


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("2026-06-01,a,control,1", "variant: must be 'champion' or 'challenger', not 'control'"),
        ("2026-06-01,a,Champion,1", "variant"),
        ("2026-06-01,a,,1", "variant"),
        ("2026-06-01,,champion,1", "unit: the name of a unit is empty"),
        ("2026-06-01,a,champion,1.5", "accepted: must be from 0 to 1, as the experiment declares, not '1.5'"),
        ("2026-06-01,a,champion,-1", "accepted: must be from 0 to 1"),
        ("2026-06-01,a,champion,inf", "accepted: must be from 0 to 1"),
        ("2026-06-01,a,champion,maybe", "accepted: must be a number, not 'maybe'"),
        ("2026-06-01,a,champion,1_0", "accepted: must be a number"),
        ("2027-06-01,a,champion,1", "time: '2027-06-01' is in the future"),
        ("yesterday,a,champion,1", "time: must be like 2026-12-01T08:30:00Z, not 'yesterday'"),
        ("1780300800000,a,champion,1", "time: must be between 2000 and 2100"),
        ("0001-01-01,a,champion,1", "time: must be between 2000 and 2100"),
        ("9999-12-31T23:59:59-23:59,a,champion,1", "time"),
        ("nan,a,champion,1", "time"),
        (",a,champion,1", "time"),
    ],
)
def test_a_row_that_cannot_be_right_is_refused_with_its_line(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(BenchError) as refused:
        read(tmp_path, f"{HEAD}2026-06-01,ok,champion,1\n{row}\n")
    assert str(refused.value).startswith("events.csv:3: ") and message in str(refused.value)


def test_many_problems_are_not_a_wall_of_text(tmp_path: Path) -> None:
    with pytest.raises(BenchError) as refused:
        read(tmp_path, HEAD + "2026-06-01,a,nobody,1\n" * 500)
    assert len(refused.value.problems) == 11 and "490 more problems" in refused.value.problems[-1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        (HEAD, "but no rows"),
        ("time,unit,accepted\n2026-06-01,a,1\n", "has no column 'variant'"),
        ("time,user,variant,accepted\n2026-06-01,a,champion,1\n", "has no column 'unit'"),
        ("time,unit,variant,acepted\n2026-06-01,a,champion,1\n", "has no column 'accepted'. Did you mean 'acepted'?"),
    ],
)
def test_a_file_without_what_is_needed_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BenchError, match=r"events\.csv: ") as refused:
        read(tmp_path, text)
    assert message in str(refused.value)
