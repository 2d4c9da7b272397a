"""`split: {by: …}`: training on the past, tests on the future."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import pytest
from message_checks import assert_contains
from pydantic import ValidationError

from harness.types import SplitSpec

BY_DATE = {"split": {"by": "seen"}}
DAYS = [date(2024, 1, 1) + timedelta(days=i) for i in range(100)]


def csv_of(times, seed=3):
    """Rows in a random order: text N is the N-th in time."""
    rows = [f'text {i},summary {i},"{time}"\n' for i, time in enumerate(times)]
    Random(seed).shuffle(rows)
    return "input,target,seen\n" + "".join(rows)


def numbers(examples):
    return sorted(int(e.inputs["input"].split()[-1]) for e in examples)


@pytest.mark.parametrize(
    "form",
    [
        "%Y-%m-%d",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%d 08:15:30",
        "%d.%m.%Y",
        "%m/%d/%Y",
        "%d/%m/%Y",
        "%d/%m/%Y 12:30",
        "%d %B %Y",
        "%b %d, %Y",
        "%Y%m%d",
    ],
)
def test_test_has_the_newest_rows_whatever_the_format(load, form):
    splits = load(csv_of(day.strftime(form) for day in DAYS), **BY_DATE)
    assert numbers(splits.train) == list(range(80))
    assert numbers(splits.validation) == list(range(80, 90))
    assert numbers(splits.test) == list(range(90, 100))


@pytest.mark.parametrize("times", [range(100), [1.7e9 + i for i in range(100)], [f"{i}" for i in range(-50, 50)]])
def test_numbers_are_times(load, times):
    assert numbers(load(csv_of(times), **BY_DATE).test) == list(range(90, 100))


def test_zones_are_compared(load):
    """16:00 in Berlin is before 15:30 in London, and both are after 14:00 UTC."""
    times = ["2024-05-01T14:00Z", "2024-05-01T16:00+02:00", "2024-05-01T15:30+01:00", "2024-05-01T13:59"]
    splits = load(csv_of(times), split={"by": "seen", "train": 0.5, "validation": 0.25, "test": 0.25})
    assert numbers(splits.test) == [2]
    assert 3 in numbers(splits.train)


def test_rows_of_one_time_stay_together(load):
    times = ["2024-01-01"] * 55 + ["2024-01-02"] * 33 + ["2024-01-03"] * 12
    splits = load(csv_of(times), **BY_DATE)
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (55, 33, 12)


def test_two_times_leave_no_validation(load):
    splits = load(csv_of(["2024-01-01"] * 30 + ["2024-01-02"] * 5), **BY_DATE)
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (30, 0, 5)


def test_patients_of_the_test_period_leave_training(load):
    """Patient 0 comes every tenth day, and again in the test period."""
    rows = "".join(f"text {i},summary {i},{day},{0 if i % 10 == 0 else i}\n" for i, day in enumerate(DAYS))
    splits = load(f"input,target,seen,group\n{rows}", **BY_DATE)
    assert numbers(splits.test) == list(range(90, 100))
    assert not {e.group for e in splits.train} & {e.group for e in splits.test}
    assert splits.report.shared_groups_removed == 9
    assert len(splits.train) == 72


def test_the_report_says_where_time_was_cut(load):
    warnings = load(csv_of(DAYS), **BY_DATE).report.warnings
    assert "split by time (seen): training until '2024-03-20', test from '2024-03-31'" in warnings


def test_given_splits_are_kept(load):
    splits = load({"train": csv_of(DAYS[50:]), "test": csv_of(DAYS[:20]).replace("text", "test")}, **BY_DATE)
    assert len(splits.test) == 20
    assert "'split.by' (seen) is ignored: the data has its own splits" in splits.report.warnings


@pytest.mark.parametrize(
    ("times", "parts"),
    [
        (["2024-01-01", "", "2024-01-03"], ("split.by (column 'seen') is empty",)),
        (["2024-01-01", "2024-01-02", "spring"], ("split.by (column 'seen') is 'spring', which cannot be read", "2024-01-31")),
        (["2024-01-01", "2024-01-02", "2024-02-31"], ("'2024-02-31', which cannot be read",)),
        (["01/02/2024", "03/01/2024", "05/04/2024"], ("order of day and month is ambiguous", "2024-01-31")),
        (["2024-01-01"] * 9, ("all 9 rows have the same time in column 'seen'",)),
        ([1, 2, "inf"], ("which cannot be read",)),
        ([1, 2, "9" * 400], ("which cannot be read",)),
    ],
)
def test_unusable_times_are_refused(refused, times, parts):
    assert_contains(refused(csv_of(times, seed=1), **BY_DATE), "visits.csv", *parts)


def test_rows_without_a_time_can_be_skipped(load):
    splits = load(csv_of([*DAYS, "", ""]), skip_bad_rows=True, **BY_DATE)
    assert splits.report.skipped_rows == 2
    assert numbers(splits.test) == list(range(90, 100))


def test_an_unknown_column_is_refused(refused):
    assert_contains(refused(csv_of(DAYS), split={"by": "see"}), "no column 'see' for 'split.by'", "'seen'")


def test_a_split_has_one_rule():
    with pytest.raises(ValidationError, match="not both"):
        SplitSpec(column="fold", by="seen")
