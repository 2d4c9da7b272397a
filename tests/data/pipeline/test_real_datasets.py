"""Published datasets with all their quirks. Skipped if they are not available."""

from __future__ import annotations

import csv
import json

import pytest
from places import SHARED

from harness.data import load_splits
from harness.errors import BenchError

DATA = SHARED / "data"


pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is not here")


def test_mts_dialog(make_task):
    files = {
        "train": "MTS-Dialog-TrainingSet.csv",
        "validation": "MTS-Dialog-ValidationSet.csv",
        "test": "MTS-Dialog-TestSet-1-MEDIQA-Chat-2023.csv",
    }
    task = make_task(path=files, fields={"input": "dialogue", "target": "section_text", "id": "ID"})
    splits = load_splits(task, folder=DATA / "mts-dialog")
    report = splits.report
    assert report.sizes == {"train": 1201 - 3, "validation": 100, "test": 200}
    # three training dialogues also occur in other splits: one in test, two in validation
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
    splits = load_splits(task, folder=DATA / "mts-dialog")
    assert len(splits.test[0].choices) == 20
    assert sum(splits.report.sizes.values()) == 1201


def test_banking77(make_task):
    task = make_task(kind="classification", path={"train": "train.csv", "test": "test.csv"}, fields={"input": "text", "target": "category"})
    splits = load_splits(task, folder=DATA / "banking77")
    assert len(splits.test[0].choices) == 77
    assert splits.report.duplicates["train/test"] == splits.report.removed_from_train == 7
    assert splits.report.sizes == {"train": 8996, "validation": 1000, "test": 3080}
    assert splits.report.unseen_labels == {}
    small = load_splits(task, folder=DATA / "banking77", limit=100)
    assert small.report.sizes == {"train": 100, "validation": 100, "test": 100}
    assert len(small.test[0].choices) == 77
    assert small.report.unseen_labels == {}, "every class has at least one of 100 examples"
    assert load_splits(task, folder=DATA / "banking77", limit=50).report.unseen_labels


def test_e2e_references_of_one_input_stay_together(make_task):
    task = make_task(path="devel-fixed.no-ol.csv", fields={"input": "mr", "target": "ref"})
    splits = load_splits(task, folder=DATA / "e2e-cleaned")
    assert sum(splits.report.sizes.values()) == 4299
    homes = [{e.inputs["input"] for e in part} for part in (splits.train, splits.validation, splits.test)]
    assert len(homes[0] | homes[1] | homes[2]) == sum(map(len, homes)) == 1484


def test_e2e_folded(make_task):
    """Every input in validation and test is one example with all its references in the file."""
    references: dict[str, set[str]] = {}
    with (DATA / "e2e-cleaned" / "devel-fixed.no-ol.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            references.setdefault(row["mr"], set()).add(row["ref"])
    task = make_task(kind="generation", path="devel-fixed.no-ol.csv", fields={"input": "mr", "target": "ref"}, fold_references_by="mr")
    splits = load_splits(task, folder=DATA / "e2e-cleaned")
    held_out = (*splits.validation, *splits.test)
    assert {e.inputs["input"]: set(e.targets) for e in held_out} == {mr: references[mr] for mr in {e.inputs["input"] for e in held_out}}
    assert len(held_out) == len({e.inputs["input"] for e in held_out})
    assert len(held_out) + len({e.inputs["input"] for e in splits.train}) == len(references) == 1484
    assert len(splits.train) + len(held_out) + sum(splits.report.folded.values()) == 4299
    assert max(len(e.targets) for e in held_out) > 5
    as_it_is = make_task(kind="generation", path="devel-fixed.no-ol.csv", fields={"input": "mr", "target": "ref"})
    unfolded = load_splits(as_it_is, folder=DATA / "e2e-cleaned")
    assert unfolded.report.sizes["test"] == len(splits.test) + splits.report.folded["test"]


def test_e2e_folding_by_a_column_with_different_inputs_is_refused(make_task):
    task = make_task(path="devel-fixed.no-ol.csv", fields={"input": "mr", "target": "ref"}, fold_references_by="orig_mr")
    with pytest.raises(BenchError, match=r"csv:\d+ and devel-fixed.no-ol.csv:\d+ have the same 'orig_mr'.*different inputs \(\d+ more"):
        load_splits(task, folder=DATA / "e2e-cleaned")


def test_xquad(make_task):
    splits = load_splits(make_task(kind="qa", path="xquad.en.json"), folder=DATA / "xquad")
    examples = [*splits.train, *splits.validation, *splits.test]
    assert len(examples) == 1190
    assert len({e.group for e in examples}) == len({e.inputs["context"] for e in examples}) == 240
    homes = [{e.group for e in part} for part in (splits.train, splits.validation, splits.test)]
    assert sum(map(len, homes)) == 240, "each passage is in one split"
    articles = json.loads((DATA / "xquad" / "xquad.en.json").read_text())["data"]
    paragraphs = [paragraph for article in articles for paragraph in article["paragraphs"]]
    expected = {q["id"]: (q["question"], p["context"], tuple(a["text"] for a in q["answers"])) for p in paragraphs for q in p["qas"]}
    assert {e.id: (e.inputs["question"], e.inputs["context"], e.targets) for e in examples} == expected
    assert all(e.targets[0] in e.inputs["context"] for e in examples)
    assert splits.report.warnings == ()


def test_pubmedqa(make_task):
    task = make_task(kind="qa", labels=("yes", "no", "maybe"), path="pqal_train.json", fields={"target": "final_decision"}, join="\n\n")
    splits = load_splits(task, folder=DATA / "pubmedqa")
    examples = [*splits.train, *splits.validation, *splits.test]
    rows = json.loads((DATA / "pubmedqa" / "pqal_train.json").read_text())
    assert len(examples) == len(rows) == 500
    for example in examples:
        row = rows[example.id]
        assert example.inputs == {"question": row["QUESTION"], "context": "\n\n".join(row["CONTEXTS"])}
        assert example.targets == (row["final_decision"],)
        assert example.choices == ("yes", "no", "maybe")
    assert max(len(row["CONTEXTS"]) for row in rows.values()) > 5
    assert splits.report.sizes == {"train": 400, "validation": 50, "test": 50}


def test_mts_dialog_is_the_same_in_every_format(make_task, tmp_path):
    """The same rows as CSV, TSV, JSON, Parquet, XLSX and compressed have the same digest."""
    import pandas as pd

    source = DATA / "mts-dialog" / "MTS-Dialog-ValidationSet.csv"
    frame = pd.read_csv(source, dtype=str, keep_default_na=False)
    frame.to_csv(tmp_path / "a.tsv", sep="\t", index=False)
    frame.to_json(tmp_path / "a.json", orient="records")
    frame.to_json(tmp_path / "a.jsonl.gz", orient="records", lines=True)
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_excel(tmp_path / "a.xlsx", index=False)
    fields = {"input": "dialogue", "target": "section_text"}
    expected = load_splits(make_task(path=source.name, fields=fields), folder=source.parent).digest
    names = ["a.tsv", "a.json", "a.jsonl.gz", "a.parquet", "a.xlsx"]
    digests = {name: load_splits(make_task(path=name, fields=fields), folder=tmp_path).digest for name in names}
    assert digests == dict.fromkeys(names, expected)
