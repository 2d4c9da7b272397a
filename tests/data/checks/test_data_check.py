"""Planted faults are found, with their rows and their severity; clean rows give no finding."""

from __future__ import annotations

import pytest
from planted import Vocabulary, examples

from harness.data.checks import CheckedRows, check_quickly, check_rows, plan_removals
from harness.data.checks.damaged_text import repair
from harness.types import DataFinding, Example

LABELS = {"kind": "classification"}


def check(make_task, train, validation=(), test=(), **task) -> dict[str, DataFinding]:
    rows = CheckedRows(make_task(path="rows.csv", **task), {"train": train, "validation": validation, "test": test})
    findings = check_rows(rows)
    assert len({finding.code for finding in findings}) == len(findings) or task.pop("several", False)
    return {finding.code: finding for finding in findings}


def ids(finding: DataFinding) -> list[str]:
    return [row.row.id for row in finding.rows]


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return Vocabulary(1).texts(400)


def test_clean_rows_give_no_finding(make_task, texts) -> None:
    assert check(make_task, examples(texts[:300]), examples(texts[300:340], prefix="v"), examples(texts[340:], prefix="t")) == {}


def test_copies_in_a_later_split_are_leaks(make_task, texts) -> None:
    test = examples([*texts[300:350], texts[3].upper() + "  "], prefix="t")
    validation = examples([texts[300], texts[4]], prefix="v")
    leaks = check(make_task, examples(texts[:300]), validation, test)["leaks"]
    assert leaks.severity == "spoils"
    assert dict(leaks.splits) == {"train/test": 1, "train/validation": 1, "validation/test": 1}
    assert {(row.row.id, row.other.id) for row in leaks.rows if row.other} == {("row3", "t50"), ("row4", "v1"), ("v0", "t0")}


def test_rows_that_repeat_another_are_duplicates(make_task, texts) -> None:
    rows = examples([*texts[:50], texts[7], texts[7]], [f"target {i}" for i in range(50)] + ["target 7", "TARGET  7"])
    found = check(make_task, rows)
    assert ids(found["duplicates"]) == ["row50", "row51"] and "conflicts" not in found


def test_labels_that_contradict_each_other_are_conflicts(make_task, texts) -> None:
    train = examples([*texts[:50], texts[7]], ["a", "b"] * 25 + ["a"])
    test = examples([*texts[60:70], texts[8]], ["a", "b"] * 5 + ["b"], prefix="t")
    found = check(make_task, train, test=test, **LABELS)
    assert set(ids(found["conflicts"])) == {"row7", "row50", "row8", "t10"}
    assert found["conflicts"].severity == "spoils"
    shown = next(row for row in found["conflicts"].rows if row.row.id == "row7")
    assert (shown.value, shown.expected) == ("b", "a")


def test_texts_with_several_targets_are_references(make_task, texts) -> None:
    rows = examples([*texts[:50], texts[7]])
    assert check(make_task, rows)["several_references"].severity == "notes"
    assert check(make_task, rows, fold_references_by="input") == {}


def test_classes_without_examples_are_named(make_task, texts) -> None:
    train = examples(texts[:100], ["a"] * 95 + ["b"] * 3 + ["only here"] * 2)
    test = examples(texts[100:110], ["a"] * 8 + ["b"] + ["never seen"], prefix="t")
    found = check(make_task, train, test=test, **LABELS)
    assert found["unseen_classes"].severity == "spoils" and ids(found["unseen_classes"]) == ["t9"]
    assert dict(found["small_classes"].values) == {"only here": 2, "b": 3}
    assert list(found["untested_classes"].values) == ["only here"]
    assert dict(found["dominant_class"].values) == {"a": 95}


def test_placeholders_and_repeated_targets_are_told_apart(make_task, texts) -> None:
    targets = ["N/A", "TBD.", "-", "to be added", *["Patient seen and examined."] * 8]
    rows = examples(texts[:100], [*targets, *(f"note {i}" for i in range(88))])
    found = check(make_task, rows)
    assert ids(found["placeholder_targets"]) == ["row0", "row1", "row2", "row3"]
    assert dict(found["repeated_targets"].values) == {"Patient seen and examined.": 8}
    assert found["repeated_targets"].severity == "warns"


def test_damaged_texts_are_found_and_sound_ones_are_not(make_task, texts) -> None:
    sound = ["Café déjà vu, naïve — “quoted”", "Ärztin: Übelkeit, größer", "患者发热", "Größe 5 µm ± 2 °C", "😀 fine"]
    rows = examples([*texts[:20], *sound, "The cafÃ© is closed", "lost \ufffd here", "bell \x07 here"])
    found = check(make_task, rows)
    assert ids(found["damaged_encoding"]) == ["row25"]
    assert "café" in found["damaged_encoding"].rows[0].expected
    assert ids(found["lost_characters"]) == ["row26"]
    assert ids(found["control_characters"]) == ["row27"]
    assert repair("naÃ¯ve – caf\u00c3\u00a9") == "naïve – café" and repair(sound[0]) == sound[0]


@pytest.mark.parametrize("column", ["patient_id", "mrn"])
def test_a_column_that_should_be_the_group_is_found(make_task, texts, column) -> None:
    def with_patients(rows, first):
        return [Example(row.id, row.inputs, row.targets, meta={column: f"P-{(first + i) // 4:03d}"}) for i, row in enumerate(rows)]

    train, test = with_patients(examples(texts[:201]), 0), with_patients(examples(texts[201:260], prefix="t"), 201)
    found = check(make_task, train, test=test)
    assert ids(found["shared_groups"]) == ["t0", "t1", "t2"]  # of patient 50, whose first row is in training
    assert list(found["shared_groups"].values) == [column]
    assert found["shared_groups"].severity == ("spoils" if column == "patient_id" else "warns")
    apart = check(make_task, train[:200], test=test)
    assert "shared_groups" not in apart


def test_a_passage_that_several_questions_share_is_a_group(make_task) -> None:
    vocabulary = Vocabulary(2)
    passages = vocabulary.texts(30, 60)
    rows = [Example(f"q{i}", {"question": vocabulary.text(8), "context": passages[i // 4]}, (f"a{i}",)) for i in range(120)]
    found = check(make_task, rows[:101], test=rows[101:], kind="qa")
    assert list(found["shared_groups"].values) == ["context"] and found["shared_groups"].count == 3


def test_ordinary_columns_are_no_groups(make_task, texts) -> None:
    def with_columns(rows):
        return [
            Example(row.id, row.inputs, row.targets, meta={"ward": f"ward {i % 3}", "age": 30 + i % 50, "day": f"2024-01-{i % 28 + 1:02d}"})
            for i, row in enumerate(rows)
        ]

    assert check(make_task, with_columns(examples(texts[:200])), test=with_columns(examples(texts[200:300], prefix="t"))) == {}


def test_the_quick_check_finds_the_same_but_keeps_the_order_of_severity(make_task, texts) -> None:
    rows = CheckedRows(
        make_task(path="rows.csv"),
        {"train": examples([*texts[:100], texts[1]], ["N/A"] * 101), "validation": [], "test": examples([texts[5]], prefix="t")},
    )
    severities = [finding.severity for finding in check_quickly(rows)]
    assert severities[0] == "spoils" and severities == sorted(severities, key=["spoils", "warns", "notes"].index)


def test_groups_that_given_splits_divide_are_found(make_task, texts) -> None:
    def of_patients(rows, first):
        return [Example(row.id, row.inputs, row.targets, group=f"p{(first + i) // 4}") for i, row in enumerate(rows)]

    found = check(make_task, of_patients(examples(texts[:201]), 0), test=of_patients(examples(texts[201:260], prefix="t"), 201))
    assert ids(found["divided_groups"]) == ["row200"] and found["divided_groups"].severity == "spoils"
    assert check(make_task, of_patients(examples(texts[:200]), 0), test=of_patients(examples(texts[200:260], prefix="t"), 200)) == {}


def test_repeated_targets_keep_their_first_row(make_task, texts) -> None:
    targets = ["Take one tablet daily."] * 9 + [f"target {i}" for i in range(91)]
    rows = CheckedRows(make_task(path="rows.csv"), {"train": examples(texts[:100], targets), "validation": [], "test": []})
    assert sorted(plan_removals(rows, ["repeated-targets"], lambda share: None)) == list(range(1, 9))


def test_rows_of_rare_classes_are_removed_from_every_split(make_task, texts) -> None:
    train = examples(texts[:30], ["a"] * 20 + ["b"] * 9 + ["c"])
    test = examples(texts[30:33], ["a", "b", "unseen"], prefix="t")
    rows = CheckedRows(make_task(path="rows.csv", **LABELS), {"train": train, "validation": [], "test": test})
    assert sorted(plan_removals(rows, ["rare-classes"], lambda share: None)) == [*range(20, 30), 31, 32]
