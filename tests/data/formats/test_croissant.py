"""Croissant metadata names local data files: columns, splits and record sets, in the forms that published descriptions have."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.api.drafting import draft_task
from harness.data import load_splits
from harness.data.formats import DatasetSplits, open_data
from harness.data.records import Record, Table
from harness.errors import BenchError
from harness.types import Example

CONTEXT = {"@vocab": "https://schema.org/", "cr": "http://mlcommons.org/croissant/", "sc": "https://schema.org/"}
ROWS = [{"question": f"Where is parcel {i}?", "answer": f"Parcel {i} is on its way."} for i in range(30)]


def field(record: str, name: str, source: Mapping[str, Any]) -> dict[str, Any]:
    return {"@type": "cr:Field", "@id": f"{record}/{name}", "name": f"{record}/{name}", "dataType": "sc:Text", "source": source}


def file(name: str, **more: Any) -> dict[str, Any]:
    return {"@type": "cr:FileObject", "@id": name, "name": name, "contentUrl": name, "encodingFormat": "application/jsonlines", **more}


def records(name: str, fields: list[Any], **more: Any) -> dict[str, Any]:
    return {"@type": "cr:RecordSet", "@id": name, "name": name, "field": fields, **more}


def plain_records(name: str, source: str, key: str = "fileObject") -> dict[str, Any]:
    return records(name, [field(name, column, {key: {"@id": source}, "extract": {"column": column}}) for column in ROWS[0]])


Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes data files, and a description of them; returns the description's path."""

    def run(
        distribution: list[Any], record_sets: list[Any], files: Mapping[str, list[Any]], name: str = "croissant.json", **more: Any
    ) -> Path:
        for place, rows in files.items():
            (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / place).write_text("".join(json.dumps(row) + "\n" for row in rows))
        described = {"@context": CONTEXT, "@type": "sc:Dataset", "name": "parcels", "distribution": distribution, "recordSet": record_sets}
        (tmp_path / name).write_text(json.dumps(described | more, indent=2))
        return tmp_path / name

    return run


def values(table: Table | DatasetSplits) -> list[Any]:
    assert isinstance(table, Table)
    return [item.values for item in table.rows() if isinstance(item, Record)]


def test_a_file_is_read_with_the_names_of_the_description(write: Write) -> None:
    """The shape of github.com/mlcommons/croissant, datasets/1.0/titanic: addresses, digests, renamed columns, lists of labels."""
    rows = [{"text": row["question"], "home.dest": row["answer"]} for row in ROWS]
    digest = hashlib.sha256("".join(json.dumps(row) + "\n" for row in rows).encode()).hexdigest()
    fields = [
        field("parcels", "question", {"fileObject": {"@id": "rows.jsonl"}, "extract": {"column": "text"}}),
        field("parcels", "answer", {"fileObject": {"@id": "rows.jsonl"}, "extract": {"column": "home.dest"}}),
    ]
    labels = records("cities", [field("cities", "label", {"fileObject": {"@id": "rows.jsonl"}, "extract": {"column": "text"}})])
    path = write(
        [file("rows.jsonl", contentUrl="https://example.org/data/get/rows.jsonl", sha256=digest)],
        [labels | {"dataType": "sc:Enumeration"}, records("parcels", fields)],
        {"rows.jsonl": rows},
    )
    assert values(open_data(path)) == ROWS
    (path.parent / "rows.jsonl").write_text("{}\n")
    with pytest.raises(BenchError, match=r"croissant\.json: 'rows\.jsonl': the file is not the one described: its sha256 differs"):
        open_data(path)


def test_a_copy_of_a_hub_dataset_has_its_splits(write: Write) -> None:
    """The shape of datasets/1.0/huggingface-squad: files by pattern, the split in their path, nested answers."""
    split = {
        "fileSet": {"@id": "files"},
        "extract": {"fileProperty": "fullpath"},
        "transform": {"regex": "plain/(?:partial-)?(train|validation)/.+$"},
    }
    answers = [
        field("plain", f"answers/{part}", {"fileSet": {"@id": "files"}, "extract": {"column": "answers"}, "transform": {"jsonPath": part}})
        for part in ("text", "answer_start")
    ]
    fields = [
        field("plain", "split", split),
        field("plain", "question", {"fileSet": {"@id": "files"}, "extract": {"column": "question"}}),
        {"@type": "cr:Field", "@id": "plain/answers", "name": "plain/answers", "subField": answers},
    ]
    repository = file("repo", contentUrl="https://huggingface.co/datasets/x/y/tree/refs%2Fconvert%2Fparquet", encodingFormat="git+https")
    distribution = [repository, {"@type": "cr:FileSet", "@id": "files", "containedIn": {"@id": "repo"}, "includes": "plain/*/*.jsonl"}]
    splits = records("plain_splits", [], dataType="cr:Split", data=[{"plain_splits/split_name": "train"}])
    rows = [{"question": row["question"], "answers": {"text": [row["answer"]], "answer_start": [0]}} for row in ROWS]
    files = {"plain/train/0000.jsonl": rows[:10], "plain/train/0001.jsonl": rows[10:20], "plain/validation/0000.jsonl": rows[20:]}
    data = open_data(write(distribution, [splits, records("plain", fields)], files))
    assert isinstance(data, DatasetSplits)
    assert {name: len(values(table)) for name, table in data.splits.items()} == {"train": 20, "validation": 10}
    assert values(data.splits["train"])[0] == {"split": "train"} | rows[0]
    assert data.splits["train"].location(11) == "croissant.json/plain/train: row 11"


def test_old_descriptions_refer_to_columns_by_text(write: Write) -> None:
    """Version 0.8, with prefixes."""
    fields = [{"@type": "ml:Field", "name": column, "ml:source": f"#{{rows.jsonl/{column}}}"} for column in ROWS[0]]
    path = write([file("rows.jsonl")], [], {"rows.jsonl": ROWS})
    document = json.loads(path.read_text())
    del document["recordSet"]
    path.write_text(json.dumps(document | {"ml:recordSet": [{"@type": "ml:RecordSet", "name": "default", "ml:field": fields}]}))
    assert values(open_data(path)) == ROWS


def test_paths_into_json_and_files_without_known_digests(write: Write) -> None:
    """The shape of datasets/1.0/huggingface-anthropic-hh-rlhf and gpt-3."""
    fields = [field("r", column, {"fileObject": {"@id": "rows.jsonl"}, "extract": {"jsonPath": f"$..{column}"}}) for column in ROWS[0]]
    named = field(
        "r", "task", {"fileObject": {"@id": "rows.jsonl"}, "extract": {"fileProperty": "filename"}, "transform": {"regex": "^(.*)$"}}
    )
    path = write(
        [file("rows.jsonl", sha256="https://github.com/mlcommons/croissant/issues/80")],
        [records("r", [*fields, named])],
        {"rows.jsonl": ROWS},
    )
    assert values(open_data(path)) == ROWS


def test_several_record_sets_are_configurations(write: Write) -> None:
    path = write(
        [file("a.jsonl"), file("b.jsonl")],
        [plain_records("short", "a.jsonl"), plain_records("long", "b.jsonl")],
        {"a.jsonl": ROWS[:5], "b.jsonl": ROWS},
    )
    with pytest.raises(BenchError, match=r"croissant\.json: has several configurations: short, long\. Choose one: .*'subset' in the"):
        open_data(path)
    with pytest.raises(BenchError, match=r"no configuration 'lang'\. Did you mean 'long'\?"):
        open_data(path, "lang")
    assert len(values(open_data(path, "short"))) == 5


def test_own_metadata_is_read_back_without_a_flag(tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Record sets that are the splits of one dataset, as `bench data card` writes them."""
    names = {"train.jsonl": ROWS[:20], "test.jsonl": ROWS[20:]}
    write([file(name) for name in names], [plain_records(f"rows-of-{name}", name) for name in names], names, name="parcels.jsonld")
    monkeypatch.chdir(tmp_path)
    splits = load_splits(draft_task(["parcels.jsonld"]).task, folder=tmp_path)
    examples: tuple[Example, ...] = (*splits.train, *splits.validation)
    assert sorted(e.targets[0] for e in splits.test) == sorted(row["answer"] for row in ROWS[20:])
    assert len(examples) == 20


@pytest.mark.parametrize(
    ("distribution", "record_sets", "reason"),
    [
        ([file("gone.jsonl")], [plain_records("r", "gone.jsonl")], "'gone.jsonl': there is no such file in .* put the files beside"),
        ([file("x", contentUrl="../rows.jsonl")], [plain_records("r", "x")], "'x': there is no such file"),
        ([file("x", contentUrl="/etc/hostname")], [plain_records("r", "x")], "'x': there is no such file"),
        (
            [file("all.zip", contentUrl="https://example.org/all.zip"), file("x", containedIn={"@id": "all.zip"})],
            [plain_records("r", "x")],
            "Unpack 'all.zip' there",
        ),
        ([{"@type": "cr:FileSet", "@id": "s", "includes": "*.parquet"}], [plain_records("r", "s", "fileSet")], "no file"),
        ([{"@type": "cr:FileSet", "@id": "s", "includes": "../*"}], [plain_records("r", "s", "fileSet")], "no file matches"),
        ([{"@type": "cr:FileSet", "@id": "s"}], [plain_records("r", "s", "fileSet")], "has no 'includes'"),
        ([file("rows.jsonl")], [plain_records("r", "other")], "no file or set of files is called 'other'"),
        ([file("rows.jsonl")], [records("r", [])], "describes no rows of files"),
        ([file("croissant.json")], [plain_records("r", "croissant.json")], "several lists of rows"),
        ([file("rows.jsonl")], [{"field": []}], "an entry has neither '@id' nor 'name'"),
        (["rows.jsonl"], [], "'distribution' must be a list of objects"),
        (
            [file("rows.jsonl")],
            [records("r", [field("r", "a", {"fileObject": "rows.jsonl", "extract": {"column": "a"}, "transform": {"replace": "a"}})])],
            "is transformed \\(replace\\), which bench does not do",
        ),
        (
            [file("rows.jsonl"), file("b.jsonl")],
            [records("r", [plain_records("r", "rows.jsonl")["field"][0], plain_records("r", "b.jsonl")["field"][1]])],
            "joins rows.jsonl, b.jsonl. bench reads one table",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_one_clear_error(write: Write, distribution: list[Any], record_sets: list[Any], reason: str) -> None:
    path = write(distribution, record_sets, {"rows.jsonl": ROWS})
    with pytest.raises(BenchError, match=rf"(?s){reason}"):
        values(open_data(path))


def test_links_do_not_lead_out_of_the_folder(tmp_path: Path, write: Write) -> None:
    (tmp_path / "secret.jsonl").write_text(json.dumps(ROWS[0]))
    path = write([file("rows.jsonl")], [plain_records("r", "rows.jsonl")], {}, name="croissant.json")
    inner = tmp_path / "inner"
    inner.mkdir()
    path = path.rename(inner / "croissant.json")
    (inner / "rows.jsonl").symlink_to(tmp_path / "secret.jsonl")
    with pytest.raises(BenchError, match="there is no such file"):
        open_data(path)
