"""Real files, quirks included. They are not part of the project: skipped where they are missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.data import load_splits

SHARED = Path(__file__).parents[2] / ".." / "shared" / "data"

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is not here")


def test_mts_dialog(make_task):
    files = {
        "train": "MTS-Dialog-TrainingSet.csv",
        "validation": "MTS-Dialog-ValidationSet.csv",
        "test": "MTS-Dialog-TestSet-1-MEDIQA-Chat-2023.csv",
    }
    task = make_task(path=files, fields={"input": "dialogue", "target": "section_text", "id": "ID"})
    splits = load_splits(task, folder=SHARED / "mts-dialog")
    report = splits.report
    assert report.sizes == {"train": 1201 - 3, "validation": 100, "test": 200}
    # three dialogues of train also occur elsewhere, one in test and two in validation
    assert (report.removed_from_train, report.removed_from_validation) == (3, 0)
    assert report.duplicates == {
        "train": 2, "validation": 0, "test": 0, "train/test": 1, "train/validation": 2, "validation/test": 0,
    }  # fmt: skip
    assert report.skipped == ()
    assert splits.test[0].id == "test/0"
    assert not any("\r" in e.inputs["input"] for e in (*splits.train, *splits.test)), "only the training file has CRLF"
    assert set(splits.test[0].meta) == {"section_header"}


def test_mts_dialog_headers_as_labels(make_task):
    task = make_task(kind="classification", path="MTS-Dialog-TrainingSet.csv", fields={"input": "dialogue", "target": "section_header"})
    splits = load_splits(task, folder=SHARED / "mts-dialog")
    assert len(splits.test[0].choices) == 20
    assert sum(splits.report.sizes.values()) == 1201


def test_banking77(make_task):
    task = make_task(kind="classification", path={"train": "train.csv", "test": "test.csv"}, fields={"input": "text", "target": "category"})
    splits = load_splits(task, folder=SHARED / "banking77")
    assert len(splits.test[0].choices) == 77
    assert splits.report.duplicates["train/test"] == splits.report.removed_from_train == 7
    assert splits.report.sizes == {"train": 8996, "validation": 1000, "test": 3080}
    assert splits.report.unseen_labels == {}
    small = load_splits(task, folder=SHARED / "banking77", limit=100)
    assert small.report.sizes == {"train": 100, "validation": 100, "test": 100}
    assert len(small.test[0].choices) == 77
    assert small.report.unseen_labels


def test_e2e_references_of_one_meaning_stay_together(make_task):
    task = make_task(path="devel-fixed.no-ol.csv", fields={"input": "mr", "target": "ref"})
    splits = load_splits(task, folder=SHARED / "e2e-cleaned")
    assert sum(splits.report.sizes.values()) == 4299
    homes = [{e.inputs["input"] for e in part} for part in (splits.train, splits.validation, splits.test)]
    assert len(homes[0] | homes[1] | homes[2]) == sum(map(len, homes)) == 1484
