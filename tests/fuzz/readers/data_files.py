"""Readers of data files: as a preview and a draft, as a task's data, as new examples, and as external outputs; and of lists of files."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

from harness.data import load_inputs, load_splits, map_stream, peek
from harness.data.formats import open_table
from harness.data.inspect import draft_yaml, guess_task
from harness.data.pipeline import read_outputs
from harness.types import Example
from tests.data.file_contents import CSV, JSONL, ROWS, parquet_bytes, workbook
from tests.fuzz.readers.reader import TASK, Read, Reader, refusals


def read_data(name: str) -> Read:
    """Read a file with this name in all ways: as a preview and a draft, as a task's data, as new examples, and as external outputs."""

    def read(content: bytes, folder: Path) -> None:
        file = folder / name
        file.write_bytes(content)
        with refusals():
            for _ in open_table(file).rows():
                pass
        with refusals():
            draft_yaml(guess_task(peek(file)), name="fuzz", path=name, prompt="{{ input }}\n")
        for fields in ({}, {"input": "input", "target": "target"}):
            with refusals():
                task = TASK.model_copy(update={"data": TASK.data.model_copy(update={"path": name, "fields": fields})})
                load_splits(task, folder=folder, limit=20)
        with refusals():
            load_inputs(TASK, file, limit=20)
        with refusals():
            read_outputs(file, [Example("1", {"input": "x"}, ("y",))])

    return read


def read_stream(content: bytes, folder: Path) -> None:
    """Read new examples from standard input, as JSON Lines and as plain text; and a file of plain text."""
    for line_input in (None, "input"):
        with refusals():
            for _ in map_stream(TASK, io.BytesIO(content), 3, line_input=line_input):
                pass
    (folder / "a.txt").write_bytes(content)
    with refusals():
        load_inputs(TASK, folder / "a.txt", line_input="input")


def read_list(content: bytes, folder: Path) -> None:
    """Read a list of data files, beside the files that the valid one names."""
    (folder / "a.csv").write_text(CSV)
    (folder / "b.csv").write_text(CSV.replace("text", "words"))
    (folder / "files.txt").write_bytes(content)
    with refusals():
        task = TASK.model_copy(update={"data": TASK.data.model_copy(update={"path": "@files.txt"})})
        load_splits(task, folder=folder, limit=20)


def read_description(content: bytes, folder: Path) -> None:
    """Read Croissant metadata, beside the file that the valid one describes."""
    (folder / "a.csv").write_text(CSV)
    (folder / "croissant.json").write_bytes(content)
    for subset in (None, "rows"):
        with refusals():
            peek(folder / "croissant.json", subset=subset)


def read_readme(content: bytes, folder: Path) -> None:
    """Read the folder of a dataset whose README.md names its configurations."""
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data" / "a.csv").write_text(CSV)
    (folder / "README.md").write_bytes(content)
    for subset in (None, "main"):
        with refusals():
            peek(folder, subset=subset)


_DESCRIPTION = {
    "@context": {"cr": "http://mlcommons.org/croissant/"},
    "distribution": [
        {"@type": "cr:FileObject", "@id": "a.csv", "contentUrl": "a.csv", "sha256": "x"},
        {"@type": "cr:FileSet", "@id": "all", "includes": "*.csv", "excludes": ["b*"]},
    ],
    "recordSet": [
        {
            "@id": "rows",
            "field": [
                {
                    "@id": "rows/input",
                    "source": {"fileSet": {"@id": "all"}, "extract": {"column": "input"}, "transform": {"jsonPath": "$.a"}},
                },
                {
                    "@id": "rows/split",
                    "source": {"fileSet": "all", "extract": {"fileProperty": "fullpath"}, "transform": {"regex": "(a|test)"}},
                },
            ],
        },
        {"@id": "old", "field": [{"name": "target", "source": "#{a.csv/target}"}], "dataType": "sc:Text"},
    ],
}
_README = """---
configs:
- config_name: main
  default: true
  data_files: [{split: train, path: "data/*.csv"}, {split: test, path: [data/a.csv]}]
- {config_name: other, data_files: data/a.csv}
---
"""
_SPLITS = {"train": [["a text", "b"], ["c", "d"]], "test": [["e", "f"]], "val": [{"input": "g", "target": "h"}]}
_SQUAD = {
    "version": "1.1",
    "data": [
        {
            "title": "t",
            "paragraphs": [{"context": "c", "qas": [{"id": "1", "question": "q", "answers": [{"text": "a", "answer_start": 0}]}]}],
        }
    ],
}


_TURNS = [{"role": role, "content": f"{role}: a"} for role in ("system", "user", "assistant", "user", "assistant")]
_CONVERSATIONS = (
    [{"messages": _TURNS}, {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}, *_TURNS[2:]]}],
    [{"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}], "system": "c"}],
    [{"prompt": _TURNS[:2], "completion": _TURNS[2:3]}],
    [{"prompt": "a", "chosen": _TURNS[:3], "rejected": [*_TURNS[:2], {"role": "assistant", "content": "b"}]}],
    [{"instruction": "a", "input": "", "output": "b"}],
    [{"id": "1", "request": {"messages": _TURNS[:2]}, "response": {"choices": [{"message": _TURNS[2], "finish_reason": "stop"}]}}],
    [{"custom_id": "1", "messages": _TURNS[:2], "response": {"status_code": 200, "body": {"choices": [{"message": _TURNS[2]}]}}}],
    [{"chosen": "\n\nHuman: a\n\nAssistant: b", "rejected": "\n\nHuman: a\n\nAssistant: c"}],
    [{"input": {"messages": _TURNS[:2]}, "preferred_output": _TURNS[2:3], "non_preferred_output": _TURNS[4:]}],
    [{"conversation": [{"input": "a", "output": "b"}]}],
    [{"input": "a", "earlier_turns": "User: b\n\nAssistant: c", "target": "d"}],
)


def _gzip(content: bytes) -> bytes:
    file = io.BytesIO()
    with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as archive:
        archive.write(content)
    return file.getvalue()


DATA_FILES: dict[str, Reader] = {
    "csv": Reader(read_data("a.csv"), lambda: [CSV.encode(), b'"a";"b"\n"x ""y""";1\n', b"sep=;\na;b\n1;2\n", b"input,target\n"], share=3),
    "tsv": Reader(read_data("a.tsv"), lambda: [CSV.replace(",", "\t").encode(), b'a\tb\n"x\ty"\t"z"\n'], share=2),
    "jsonl": Reader(read_data("a.jsonl"), lambda: [JSONL.encode(), b'{"input": {"a": [1, {"b": 2}]}, "target": ["x", "y"]}\n'], share=3),
    "conversations": Reader(
        read_data("a.json"),
        lambda: [json.dumps(rows).encode() for rows in _CONVERSATIONS],
        lambda: list(_CONVERSATIONS),
        share=2,
    ),
    "json": Reader(
        read_data("a.json"),
        lambda: [json.dumps(ROWS).encode(), json.dumps({"a": {"0": 1}, "b": {"0": 2}}).encode()],
        lambda: [ROWS, {"rows": ROWS}, _SQUAD, {"x": {"input": "a", "target": "b"}}, {"input": {"0": "a"}, "target": {"0": "b"}}],
        share=3,
    ),
    "standard-input": Reader(read_stream, lambda: [JSONL.encode(), b'\xef\xbb\xbf{"input": "a"}\r\n\n{"input": "b", "id": 1}'], share=2),
    "json-splits": Reader(read_data("a.json"), lambda: [json.dumps(_SPLITS).encode()], lambda: [_SPLITS]),
    "no-extension": Reader(
        read_data("a"),
        lambda: [
            CSV.encode(),
            CSV.replace(",", "\t").encode(),
            JSONL.encode(),
            json.dumps(_SPLITS).encode(),
            workbook([["input", "target"], ["a", 1]]),
            parquet_bytes(),
            _gzip(CSV.encode()),
            b"\x89PNG\r\n\x1a\n",
        ],
    ),
    "file-list": Reader(read_list, lambda: [b"a.csv\nb.csv\n", b"# ours\n*.csv\n\n", b"@files.txt\n", b"../a.csv\n**/[ab].csv\n"]),
    "croissant": Reader(read_description, lambda: [json.dumps(_DESCRIPTION, indent=1).encode()], lambda: [_DESCRIPTION], share=2),
    "dataset-readme": Reader(read_readme, lambda: [_README.encode(), _README.replace("  default: true\n", "").encode()]),
    "gzip": Reader(read_data("a.csv.gz"), lambda: [_gzip(CSV.encode())]),
    "xlsx": Reader(read_data("a.xlsx"), lambda: [workbook([["input", "target"], ["a", 1], ["b", None]])], share=0.3),
    "parquet": Reader(read_data("a.parquet"), lambda: [parquet_bytes()], share=0.5),
}
