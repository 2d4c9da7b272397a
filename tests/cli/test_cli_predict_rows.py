"""`bench predict`: rows keep their columns, arrive as they are answered, and survive an interruption; the champion answers like its run."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from finished_runs import Finished

from harness.engine.artifacts import PART_ROWS
from harness.engine.inference import Predictor
from tests.cli.conftest import Call

ANSWER = {"output", "answer", "finish", "label", "probabilities", "truncated"}


@pytest.fixture
def predict(finished: Finished, call: Call) -> Call:
    return lambda *arguments: call("predict", finished.folder, "--strategy", "lora", *arguments)


def rows_of(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def write_rows(here: Path, count: int) -> list[dict[str, Any]]:
    rows = [{"ticket": i, "text": f"where is card number {i}", "tags": ["a", i]} for i in range(count)]
    (here / "new.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return rows


def give_input(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(content)))


def test_rows_keep_their_columns_and_ids(predict: Call, here: Path) -> None:
    given = write_rows(here, 3)
    arguments = ("--task", "labels", "--data", "new.jsonl", "--field", "input=text", "--id", "ticket")
    rows = rows_of(predict(*arguments).out)
    assert [{name: row[name] for name in row if name not in ANSWER} for row in rows] == [{"id": str(r["ticket"]), **r} for r in given]
    assert predict(*arguments, "--out", "out.csv").code == 0
    with (here / "out.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [(row["id"], row["ticket"], row["text"], row["tags"]) for row in table] == [
        (str(r["ticket"]), str(r["ticket"]), r["text"], json.dumps(r["tags"])) for r in given
    ]
    assert [row["label"] for row in table] == [row["label"] for row in rows]


def test_limit_answers_the_first_rows_and_ignores_the_rest(predict: Call, here: Path) -> None:
    write_rows(here, 3)
    with (here / "new.jsonl").open("a") as file:
        file.write("{broken\n")
    arguments = ("--task", "labels", "--data", "new.jsonl", "--input", "text")
    assert "new.jsonl:4: broken JSON" in predict(*arguments).err
    assert [row["ticket"] for row in rows_of(predict(*arguments, "--limit", "2").out)] == [0, 1]


def test_rows_of_standard_input_get_the_answers_of_the_same_file(
    predict: Call, finished: Finished, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_rows(here, 5)
    arguments = ("--task", "labels", "--input", "text")
    expected = predict(*arguments, "--data", "new.jsonl").out
    give_input(monkeypatch, b"\xef\xbb\xbf" + (here / "new.jsonl").read_bytes().replace(b"\n", b"\r\n\n"))
    assert predict(*arguments, "--data", "-").out == expected
    give_input(monkeypatch, (here / "new.jsonl").read_bytes())
    assert predict(*arguments, "--data", "-", "--out", "o.jsonl").out == "o.jsonl\n"
    assert (here / "o.jsonl").read_text() == expected


def test_each_line_of_plain_text_is_an_input(predict: Call, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["where is my card", "I want my money back: {now}", "where is my card"]
    content = "\n".join([texts[0], "", *texts[1:]]).encode()
    (here / "new.txt").write_bytes(content)
    give_input(monkeypatch, content)
    streamed = rows_of(predict("--task", "labels", "--data", "-", "--lines").out)
    assert [row["input"] for row in streamed] == texts
    assert streamed[2]["id"] == f"{streamed[0]['id']}-2"
    from_file = rows_of(predict("--task", "labels", "--data", "new.txt", "--lines").out)
    assert [(row["id"], row["input"], row["label"]) for row in from_file] == [(row["id"], row["input"], row["label"]) for row in streamed]


class LinesInTurn:
    """A stream whose next line comes only after the previous one was answered."""

    def __init__(self, lines: Sequence[bytes], answered: list[str]) -> None:
        self._lines, self._answered, self._finished = list(lines), answered, 0

    def read1(self, size: int, /) -> bytes:
        assert len(self._answered) == self._finished, "the command waits for another line before it answers"
        if not self._lines:
            return b""
        line = self._lines.pop(0)
        self._finished += line.endswith(b"\n")
        return line


def test_a_stream_is_answered_line_by_line(predict: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    answered: list[str] = []
    monkeypatch.setattr("click.echo", lambda text, **_: answered.append(text))
    stream = LinesInTurn([b'{"input": "where is my card"}\n', b'{"input": "a refund"}\n', b'{"input": "no line end"}'], answered)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=stream))
    assert predict("--task", "notes", "--data", "-").code == 0
    assert [json.loads(text)["input"] for text in answered] == ["where is my card", "a refund", "no line end"]


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (b"", "standard input: has no rows"),
        (b"\n \n", "standard input: has no rows"),
        (b"plain text\n", "standard input:1: broken JSON"),
        (b'{"input": "x"}\n[1]\n', "standard input:2: a list, not an object"),
        (b'{"input": "x"}\n{"input": "\xff"}\n', "standard input:2: not UTF-8 at byte 12 of the line (0xff)"),
        (b'{"input": "x", "target": "\\u0000"}\n', "contains a NUL character"),
        (b'{"inptu": "x"}\n', "no column for the input"),
        (b'{"input": ""}\n', "standard input:1"),
    ],
)
def test_bad_standard_input_is_one_error(predict: Call, monkeypatch: pytest.MonkeyPatch, content: bytes, hint: str) -> None:
    give_input(monkeypatch, content)
    ended = predict("--task", "labels", "--data", "-")
    assert (ended.code, ended.out) == (2, "")
    assert hint in ended.err
    assert "Traceback" not in ended.err


def test_rows_before_a_bad_row_of_a_stream_are_answered(predict: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    give_input(monkeypatch, b"".join(b'{"input": "card %d"}\n' % i for i in range(PART_ROWS)) + b"{broken\n")
    ended = predict("--task", "labels", "--data", "-")
    assert (ended.code, len(rows_of(ended.out))) == (2, PART_ROWS)
    assert f"standard input:{PART_ROWS + 1}: broken JSON" in ended.err


@pytest.fixture
def stop_in_second_part(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Ctrl-C in the second part of the first command; the number of examples that were answered anew, by part."""
    answered: list[int] = []
    whole = Predictor.predict

    def watch(self: Predictor, examples: Any, prompts: Any = None, **options: Any) -> Any:
        if len(answered) == 1:
            answered.append(-1)
            raise KeyboardInterrupt
        answered.append(len(examples) - len(options.get("done") or {}))
        return whole(self, examples, prompts, **options)

    monkeypatch.setattr(Predictor, "predict", watch)
    return answered


def test_an_interrupted_command_answers_only_the_rest(predict: Call, here: Path, stop_in_second_part: list[int]) -> None:
    write_rows(here, PART_ROWS + 5)
    arguments = ("--task", "labels", "--data", "new.jsonl", "--input", "text", "--out", "out.csv")
    ended = predict(*arguments)
    assert ended.code == 130
    assert ended.err.splitlines()[-1] == ("interrupted: the answers so far are in out.csv.partial. Run the same command again to resume")
    assert not (here / "out.csv").exists()
    assert (here / "out.csv.partial").stat().st_mode & 0o777 == 0o600
    with (here / "out.csv.partial").open("a") as file:
        file.write("half a li")  # as a kill leaves it

    changed = predict(*arguments, "--limit", "3")
    assert changed.code == 2
    assert "out.csv.partial: holds the answers of another command" in changed.err

    ended = predict(*arguments)
    assert ended.code == 0, ended.err
    assert stop_in_second_part == [PART_ROWS, -1, 0, 5]
    assert not (here / "out.csv.partial").exists()
    resumed = (here / "out.csv").read_text()
    assert predict(*arguments, "--force").code == 0
    assert (here / "out.csv").read_text() == resumed


def test_force_drops_the_answers_of_another_command(predict: Call, here: Path, stop_in_second_part: list[int]) -> None:
    write_rows(here, PART_ROWS + 5)
    arguments = ("--task", "labels", "--data", "new.jsonl", "--input", "text", "--out", "out.jsonl")
    assert predict(*arguments).code == 130
    assert predict(*arguments, "--limit", "3", "--force").code == 0
    assert len(rows_of((here / "out.jsonl").read_text())) == 3
    assert not (here / "out.jsonl.partial").exists()


def test_a_file_that_is_no_list_of_answers_is_kept(predict: Call, here: Path) -> None:
    write_rows(here, 2)
    (here / "out.csv.partial").write_text("mine")
    ended = predict("--task", "labels", "--data", "new.jsonl", "--input", "text", "--out", "out.csv")
    assert ended.code == 2
    assert (here / "out.csv.partial").read_text() == "mine"


def test_the_champion_answers_like_its_run(predict: Call, finished: Finished, call: Call, here: Path) -> None:
    write_rows(here, 3)
    data = ("--data", "new.jsonl", "--input", "text")
    forced = ("--new-registry", "--force", "--reason", "a test")
    assert call("promote", finished.folder, "--strategy", "lora", "--task", "labels", *forced).code == 0
    ended = call("predict", "--champion", "labels", *data)
    assert ended.code == 0, ended.err
    assert f"champion of labels: lora of {finished.run.name}, in service since " in ended.err
    assert ended.out == predict("--task", "labels", *data).out
    unknown = call("predict", "--champion", "label", *data)
    assert (unknown.code, unknown.out) == (2, "")
    assert "nothing was promoted for 'label'. Did you mean 'labels'" in unknown.err
    (weights,) = here.glob("registry/models/labels/*/cells/*/artifact/adapter_model.safetensors")
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0")
    damaged = call("predict", "--champion", "labels", *data)
    assert (damaged.code, damaged.out) == (2, "")
    assert "was changed after it was promoted" in damaged.err


def test_a_registry_that_does_not_exist_is_an_error(call: Call, here: Path) -> None:
    write_rows(here, 1)
    ended = call("predict", "--champion", "labels", "--data", "new.jsonl")
    assert ended.code == 2
    assert "registry" in ended.err and not (here / "registry").exists()


def test_answers_beside_the_texts_of_a_run_are_as_private(predict: Call, here: Path) -> None:
    write_rows(here, 1)
    for folder in ("run", "mine"):
        (here / folder).mkdir()
    (here / "run" / "run.json").write_text("{}")
    arguments = ("--task", "labels", "--data", "new.jsonl", "--input", "text", "--out")
    assert [predict(*arguments, f"{folder}/out.csv").code for folder in ("run", "mine")] == [0, 0]
    assert (here / "run" / "out.csv").stat().st_mode & 0o077 == 0
    assert (here / "mine" / "out.csv").stat().st_mode & 0o077 != 0
