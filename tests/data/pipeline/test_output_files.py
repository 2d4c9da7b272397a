"""External outputs in common formats, and every way in which they can fail to match the test examples."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.data.pipeline.output_files import read_outputs
from harness.errors import BenchError
from harness.types import Example

ROWS = [Example(f"row-{i}", {"input": f"text {i}"}, (f"answer {i}",)) for i in range(4)]


def jsonl(folder: Path, *rows: object, name: str = "out.jsonl") -> Path:
    path = folder / name
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path


def texts(path: Path, **more: object) -> dict[str, str]:
    return {name: output.text for name, output in read_outputs(path, ROWS, **more).items()}  # type: ignore[arg-type]


def test_outputs_with_ids_in_any_order(tmp_path: Path) -> None:
    path = jsonl(tmp_path, {"id": "row-2", "output": "c"}, {"id": "row-0", "output": "a\nб"}, {"output": None, "id": "row-1"})
    assert texts(path) == {"row-2": "c", "row-0": "a\nб"}, "null and absent outputs are both missing"


def test_outputs_without_ids_are_in_the_order_of_the_data(tmp_path: Path) -> None:
    path = jsonl(tmp_path, *({"output": word} for word in "abcd"))
    lines = tmp_path / "out.txt"
    lines.write_text("\ufeffa\n\nc c\nd", encoding="utf-8")
    assert list(texts(path).values()) == list("abcd")
    assert texts(lines) == {"row-0": "a", "row-1": "", "row-2": "c c", "row-3": "d"}, "an empty line is an empty output"
    lines.write_bytes("a\u2028a\r\nb\x0bb\r\nc\r\nd\r\n".encode())
    assert list(texts(lines).values()) == ["a\u2028a", "b\x0bb", "c", "d"], "other line separators are part of the output"


def test_csv_file_and_numeric_outputs(tmp_path: Path) -> None:
    table = tmp_path / "out.csv"
    table.write_text('id,output,note\nrow-1,"b, b",x\nrow-0,17,y\n')
    assert texts(table) == {"row-1": "b, b", "row-0": "17"}
    assert texts(jsonl(tmp_path, {"id": "row-0", "output": 17}, {"id": "row-1", "output": True})) == {"row-0": "17", "row-1": "True"}


def test_probabilities_and_numeric_ids(tmp_path: Path) -> None:
    rows = [Example("7", {"input": "x"}, ("yes",))]
    found = read_outputs(jsonl(tmp_path, {"id": 7, "output": "yes", "probabilities": {"yes": 0.9, "no": 0.1}, "label": "yes"}), rows)
    assert found["7"].probabilities == {"yes": 0.9, "no": 0.1}


def test_outputs_outside_of_the_test_set_are_ignored(tmp_path: Path) -> None:
    path = jsonl(tmp_path, {"id": "train-1", "output": "x"}, {"id": "row-1", "output": "b"})
    assert texts(path, ignored_ids={"train-1"}) == {"row-1": "b"}
    with pytest.raises(BenchError, match="no test example has the id 'train-1'"):
        texts(path)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"id": "row-1", "output": "a"}, {"id": "row-1", "output": "b"}], r"out.jsonl:2: the id 'row-1' is already used in out.jsonl:1"),
        ([{"id": "row-11", "output": "a"}], r"out.jsonl:1: no test example has the id 'row-11'. Did you mean 'row-1'"),
        ([{"id": "row-1", "output": "a"}, {"output": "b"}], r'out.jsonl:2: no "id", although other rows have one'),
        ([{"id": "row-1", "text": "a"}], r'out.jsonl:1: no "output"'),
        ([{"id": "row-1", "outputs": "a"}], "Did you mean 'outputs'"),
        ([{"id": "row-1", "output": ["a"]}], r"out.jsonl:1: output is .* but it must be a text"),
        (
            [{"id": "row-1", "output": "a", "probabilities": [0.5]}],
            r"out.jsonl:1: probabilities is .* a number from 0 to 1 for each label",
        ),
        ([{"id": "row-1", "output": "a", "probabilities": {"yes": 7}}], "must have a number from 0 to 1"),
        ([{"output": "a"}], "out.jsonl: 1 output without ids for 4 test examples"),
        (["{not json"], r"out.jsonl:1"),
    ],
)
def test_problem_names_its_line(tmp_path: Path, rows: list[object], message: str) -> None:
    with pytest.raises(BenchError, match=message):
        texts(jsonl(tmp_path, *rows))


def test_many_problems_are_counted(tmp_path: Path) -> None:
    with pytest.raises(BenchError) as raised:
        texts(jsonl(tmp_path, *({"id": f"x{i}", "output": "a"} for i in range(50))))
    assert len(raised.value.problems) == 6
    assert raised.value.problems[-1] == "… and 45 more in out.jsonl"


def test_missing_empty_and_binary_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x00\x01\x80")
    for name, message in (
        ("nowhere.txt", "no such file"),
        ("empty.txt", "the file has no outputs"),
        ("binary.txt", "cannot be read as UTF-8"),
    ):
        with pytest.raises(BenchError, match=message):
            texts(tmp_path / name)
