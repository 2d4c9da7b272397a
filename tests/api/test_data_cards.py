"""The data card of a task: a page for people, and Croissant metadata for programs."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from page_tree import Tree
from report_factory import HOSTILE, Made, make_run, summarization

from harness import BenchError
from harness.api import lock_test_set, write_data_card
from harness.data.formats import DatasetSplits, open_data
from harness.data.privacy.sample import MARKS_FORMAT
from harness.data.records import Record
from harness.engine.artifacts import model_card
from harness.reporting import render

TASK: dict[str, Any] = {
    "name": "visits",
    "kind": "summarization",
    "description": "Notes of visits.",
    "data": {
        "path": {"train": "train.csv", "test": "test.csv"},
        "fields": {"input": "dialogue", "target": "note", "group": "patient"},
        "about": {"source": "our wards", "license": "internal use only", "collected": "2025", "gaps": ["no children"]},
    },
}


def write_task(folder: Path, about: dict[str, Any] | None = None, **data: Any) -> Path:
    task = {**TASK, "data": {**TASK["data"], **data, **({} if about is None else {"about": about})}}
    for name, start in (("train", 0), ("test", 40), ("all", 60)):
        rows = "".join(f"secret text {i},private note {i},p{i}\n" for i in range(start, start + 30))
        (folder / f"{name}.csv").write_text(f"dialogue,note,patient\n{rows}", encoding="utf-8")
    (folder / "visits.yaml").write_text(json.dumps(task), encoding="utf-8")  # JSON is YAML
    return folder / "visits.yaml"


def write_card(folder: Path, **task: Any) -> tuple[Tree, dict[str, Any]]:
    write_data_card(write_task(folder, **task), folder / "card")
    page = (folder / "card" / "card.html").read_text(encoding="utf-8")
    return Tree(page), json.loads((folder / "card" / "croissant.json").read_text(encoding="utf-8"))


def test_the_card_says_what_is_declared_and_what_is_not(tmp_path: Path) -> None:
    text = write_card(tmp_path)[0].root.content()
    for expected in ("our wards", "internal use only", "no children", "Anonymization", "Not stated.", "The test set is not locked."):
        assert expected in text
    assert "Rows: 30 train, 0 validation, 30 test." in text


def test_metadata_names_files_by_digest_and_columns(tmp_path: Path) -> None:
    croissant = write_card(tmp_path)[1]
    digests = {file["name"]: file["sha256"] for file in croissant["distribution"]}
    assert digests == {name: hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in ("train.csv", "test.csv")}
    assert croissant["license"] == "internal use only"
    assert croissant["rai:dataLimitations"] == "no children."
    assert "rai:personalSensitiveInformation" not in croissant
    for record in croissant["recordSet"]:
        assert [field["source"]["extract"]["column"] for field in record["field"]] == ["dialogue", "note", "patient"]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            {"path": "all.csv"},
            "Split at random: 80% training, 10% validation, 10% test, seed 13. Rows of one group ('patient') stay together.",
        ),
        ({"path": "all.csv", "split": {"near_duplicates": "together"}}, "stay together and near duplicates stay together."),
        ({}, "The data has its own splits."),
    ],
)
def test_the_card_says_how_rows_are_split(tmp_path: Path, data: dict[str, Any], sentence: str) -> None:
    assert sentence in write_card(tmp_path, **data)[0].root.content()


def test_a_locked_test_set_is_named(tmp_path: Path) -> None:
    block = "name: visits\nkind: summarization\ndata:\n  path: all.csv\n  fields: {input: dialogue, target: note}\n"
    write_task(tmp_path).write_text(block, encoding="utf-8")
    locked = lock_test_set(tmp_path / "visits.yaml")
    write_data_card(tmp_path / "visits.yaml", tmp_path / "card")
    assert f"its digest is {locked.digest}" in (tmp_path / "card" / "card.html").read_text(encoding="utf-8")


def test_no_text_of_a_row_is_in_the_card(tmp_path: Path) -> None:
    write_data_card(write_task(tmp_path), tmp_path / "card")
    for file in (tmp_path / "card").iterdir():
        content = file.read_text(encoding="utf-8")
        assert "secret text" not in content and "private note" not in content


def test_hostile_declarations_are_escaped(tmp_path: Path) -> None:
    write_data_card(write_task(tmp_path, about={"source": HOSTILE, "license": HOSTILE, "gaps": [HOSTILE]}), tmp_path / "card")
    page = (tmp_path / "card" / "card.html").read_text(encoding="utf-8")
    assert "<script" not in page and "\u202e" not in page


def test_included_data_has_a_card_without_files(tmp_path: Path) -> None:
    card = write_data_card("classification", tmp_path / "card")
    assert card.files == ()
    assert json.loads((tmp_path / "card" / "croissant.json").read_text(encoding="utf-8"))["distribution"] == []


def test_nothing_is_written_for_unusable_data(tmp_path: Path) -> None:
    file = write_task(tmp_path)
    (tmp_path / "test.csv").write_text("dialogue,note,patient\n", encoding="utf-8")
    with pytest.raises(BenchError, match=r"test\.csv"):
        write_data_card(file, tmp_path / "card")
    assert not (tmp_path / "card").exists()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "card").write_text("mine", encoding="utf-8")
    with pytest.raises(BenchError, match="is a file"):
        write_data_card(write_task(tmp_path), tmp_path / "card")
    assert (tmp_path / "card").read_text(encoding="utf-8") == "mine"


def test_metadata_is_valid_croissant(tmp_path: Path) -> None:
    """With the reference implementation, where it is installed: it reads the rows, too."""
    croissant = pytest.importorskip("mlcroissant")
    write_data_card(write_task(tmp_path, path="all.csv"), tmp_path)
    dataset = croissant.Dataset(str(tmp_path / "croissant.json"))
    record = next(iter(dataset.records("rows-of-all.csv")))
    assert record["rows-of-all.csv/dialogue"] == b"secret text 60"


def test_metadata_is_data_that_needs_no_flag(tmp_path: Path) -> None:
    """What a card describes beside its files is read back: the same columns in the same splits."""
    write_data_card(write_task(tmp_path), tmp_path)
    data = open_data(tmp_path / "croissant.json")
    assert isinstance(data, DatasetSplits)
    rows = {split: [item.values for item in table.rows() if isinstance(item, Record)] for split, table in data.splits.items()}
    assert {split: len(part) for split, part in rows.items()} == {"train": 30, "test": 30}
    assert rows["test"][0] == {"dialogue": "secret text 40", "note": "private note 40", "patient": "p40"}


def test_the_report_shows_what_is_declared(tmp_path: Path) -> None:
    about = {"source": f"our wards {HOSTILE}", "license": "internal use only", "gaps": ["no children", "one hospital"]}
    page = render(make_run(tmp_path / "run", [summarization([Made("base"), Made("lora", 0.8, 1)], rows=40, about=about)]))
    text = Tree(page).root.content()
    assert "our wards" in text and "internal use only" in text and "no children; one hospital" in text


def test_model_cards_name_source_and_licence(tmp_path: Path) -> None:
    about = {"source": "our `wards`\n# Heading", "license": "internal use only", "url": "https://data.example.org/visits"}
    run = make_run(tmp_path / "run", [summarization([Made("base"), Made("lora", 0.8, 1)], rows=40, about=about)])
    cell = run.cells[-1]
    card = model_card(run.plan.tasks["summarization"], run.plan.get_strategy(cell), run.plan, run.results[cell.id], {})
    lines = card.splitlines()
    assert "Data source: `our wards # Heading`." in lines
    assert "Data licence: `internal use only`." in lines
    assert "Data card: <https://data.example.org/visits>." in lines


def test_findings_are_on_the_card(tmp_path: Path) -> None:
    file = write_task(tmp_path)
    with (tmp_path / "train.csv").open("a", encoding="utf-8") as rows:
        rows.write("secret text 40,private note 40,p40\n")  # it is in the test set, too
    write_data_card(file, tmp_path / "card")
    page = (tmp_path / "card" / "card.html").read_text(encoding="utf-8")
    assert "The same examples in several splits" in page and "1 training example has the input of a test example" in page


def write_marks(folder: Path, data: str) -> None:
    digest = hashlib.sha256((folder / data).read_bytes()).hexdigest()
    marks = {"bench_sample": MARKS_FORMAT, "file_sha256": digest, "read": 50, "replaced": {"NAME": 97}, "missed": {"NAME": 3}}
    (folder / "marks.json").write_text(json.dumps(marks), encoding="utf-8")


def test_measured_recall_is_on_the_card(tmp_path: Path) -> None:
    file = write_task(tmp_path, about={"anonymization": "surrogates", "marks": "marks.json"})
    write_marks(tmp_path, "train.csv")
    write_data_card(file, tmp_path / "card")
    page = Tree((tmp_path / "card" / "card.html").read_text(encoding="utf-8")).root.content()
    assert "names: 97 of 100 found, 97%" in page and "50 texts that were read" in page
    croissant = json.loads((tmp_path / "card" / "croissant.json").read_text(encoding="utf-8"))
    assert "97 of 100 found" in croissant["rai:personalSensitiveInformation"]


@pytest.mark.parametrize(("marks", "message"), [("all.csv", "marks of none of the data files"), ("", "is not a file of marks")])
def test_marks_of_another_file_are_refused(tmp_path: Path, marks: str, message: str) -> None:
    file = write_task(tmp_path, about={"marks": "marks.json"})
    (tmp_path / "marks.json").write_text("[]", encoding="utf-8")
    if marks:
        write_marks(tmp_path, marks)
    with pytest.raises(BenchError, match=message):
        write_data_card(file, tmp_path / "card")
    assert not (tmp_path / "card").exists()
