"""Rows in another language, of another length or unlike all others; dates in data that is split at random."""

from __future__ import annotations

import pytest
from planted import Vocabulary, examples

from harness.data.checks import CheckedRows, find_time_order
from harness.data.checks.languages import find_other_languages
from harness.data.checks.outliers import find_outliers
from harness.types import Example

ENGLISH = "The patient reports a dull headache since this morning and has taken nothing for it so far, number {}."
GERMAN = "Die Patientin klagt seit gestern Abend über starke Bauchschmerzen und hat bisher keine Medikamente genommen, Nummer {}."


def rows_of(make_task, rows, **task):
    return CheckedRows(make_task(path="rows.csv", **task), {"train": rows, "validation": [], "test": []})


def test_other_languages_are_named_with_their_rows(make_task) -> None:
    texts = [ENGLISH.format(i) for i in range(60)] + [GERMAN.format(i) for i in range(4)]
    (finding,) = find_other_languages(rows_of(make_task, examples(texts)))
    assert dict(finding.values) == {"en": 60, "de": 4} and finding.severity == "notes"
    assert [row.row.id for row in finding.rows] == ["row60", "row61", "row62", "row63"]


def test_one_language_and_short_texts_give_no_finding(make_task) -> None:
    texts = [*[ENGLISH.format(i) for i in range(60)], "Guten Tag", "¿Qué tal?", "ok", ""]
    assert find_other_languages(rows_of(make_task, examples(texts))) == []


def test_texts_of_unusual_length_are_found(make_task) -> None:
    texts = Vocabulary().texts(100)
    texts[7], texts[8] = " ".join([texts[7]] * 200), "no"
    found = {finding.code: finding for finding in find_outliers(rows_of(make_task, examples(texts)))}
    assert {row.row.id for row in found["long_texts"].rows} == {"row7", "row8"}
    assert found["long_texts"].rows[0].value == "input: 6,000 words"


def test_a_text_unlike_all_others_is_found(make_task) -> None:
    texts = [ENGLISH.format(i % 10) for i in range(100)]
    texts[20] = "Quarterly revenue grew while shareholders approved dividends abroad"
    (finding,) = find_outliers(rows_of(make_task, examples(texts)))
    assert finding.code == "unlike_others" and [row.row.id for row in finding.rows] == ["row20"]


@pytest.mark.parametrize("date", ["2024-01-{:02d}", "{:02d}.01.2024"])
def test_dates_are_noticed_where_rows_are_split_at_random(make_task, date) -> None:
    rows = [Example(row.id, row.inputs, row.targets, meta={"seen_on": date.format(i % 28 + 1)}) for i, row in
            enumerate(examples(Vocabulary().texts(60)))]  # fmt: skip
    (finding,) = find_time_order(rows_of(make_task, rows), is_split=False)
    assert dict(finding.values) == {"seen_on": 28}
    assert find_time_order(rows_of(make_task, rows), is_split=True) == []
    assert find_time_order(rows_of(make_task, rows, split={"by": "seen_on"}), is_split=False) == []
