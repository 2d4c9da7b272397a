"""`bench score`, and outputs:FILE within a grid: what others made is scored, compared and priced like every other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness import load_run
from harness.metrics import match_label

QUESTIONS = [{"id": f"q{i}", "question": f"What is {i}?", "context": f"It is {i}.", "answer": f"It is {i}"} for i in range(40)]
INTENTS = [{"id": f"i{i}", "text": f"please {word} number {i}", "category": word} for i, word in enumerate(["refund", "Card lost"] * 20)]


def write(path: Path, rows: list[dict[str, object]]) -> None:
    path.write_text("\n".join(map(json.dumps, rows)))


@pytest.fixture
def files(here: Path) -> Path:
    write(here / "test.jsonl", QUESTIONS)
    write(here / "intents.jsonl", INTENTS)
    write(here / "good.jsonl", [{"id": row["id"], "output": row["answer"]} for row in QUESTIONS[:36]])
    (here / "poor.txt").write_text("\n".join(str(row["answer"]) if i % 2 else "no idea" for i, row in enumerate(QUESTIONS)))
    return here


QA = ("--task", "qa", "--data", "test.jsonl")


def test_every_row_is_a_test_example_and_missing_outputs_are_wrong(call, files):
    ended = call("score", *QA, "--predictions", "good.jsonl", "--name", "vendor-model", "--price-per-1k", "1.20")
    assert ended.code == 0, ended.err
    run = load_run(ended.out.strip()).stored
    (cell,) = run.cells
    assert (cell.strategy, run.status(cell.id)) == ("vendor-model", "done")
    score = run.by_task["qa"].scores([cell])["f1"]
    assert (score.value, score.n) == (0.9, 40)
    result = run.results[cell.id]
    assert [(note.code, note.texts) for note in result.notes] == [
        ("external_outputs", ("good.jsonl",)),
        ("outputs_missing", ("q36", "q37", "q38")),
    ]
    assert result.costs[0].price == pytest.approx(0.048)
    page = (run.path / "report.html").read_text()
    assert "vendor-model" in page and "4 of 40 test examples have no output" in page
    note = "4 of 40 test examples have no output ('q36', 'q37', 'q38', …); they count as wrong."
    assert f"vendor-model: {note}" in ended.err
    assert "$0.0480" in ended.err


@pytest.mark.parametrize(("given", "code"), [(20, 0), (19, 1)])
def test_a_file_that_lacks_most_outputs_is_scored_and_exits_with_1(call, files, given, code):
    write(files / "few.jsonl", [{"id": row["id"], "output": row["answer"]} for row in QUESTIONS[:given]])
    ended = call("score", *QA, "--predictions", "few.jsonl")
    assert ended.code == code
    assert load_run(ended.out.strip()).complete
    warning = "error: 21 of 40 test examples have no output. Check that the ids of the outputs are those of the data."
    assert (warning in ended.err) == (code == 1)


def test_two_vendors_are_compared(call, files):
    first = call("score", *QA, "--predictions", "poor.txt", "--runs-dir", "runs").out.strip()
    second = call("score", *QA, "--predictions", "good.jsonl").out.strip()
    ended = call("compare", first, second, "--strategies", "poor,good")
    assert ended.code == 0, ended.err
    assert "good is better than poor" in ended.out


def test_labels_in_any_case_and_with_probabilities(call, files):
    outputs = {"refund": "Refund.", "Card lost": " card lost"}
    rows: list[dict[str, object]] = [
        {"id": row["id"], "output": outputs[str(row["category"])], "probabilities": {str(row["category"]): 0.8}} for row in INTENTS
    ]
    rows[0]["output"] = "cannot say"
    write(files / "labels.jsonl", rows)
    ended = call(
        "score",
        "--task",
        "classification",
        "--data",
        "intents.jsonl",
        "--input",
        "text",
        "--target",
        "category",
        "--predictions",
        "labels.jsonl",
    )
    assert ended.code == 0, ended.err
    run = load_run(ended.out.strip()).stored
    scores = run.by_task["classification"].scores(run.cells)
    assert scores["accuracy"].value == pytest.approx(39 / 40)
    assert scores["auroc"].value == 1.0
    assert run.predictions(run.cells[0].id)[0].extracted is None
    assert "1 of 40 outputs do not match any label ('cannot say'); they count as wrong." in ended.err


def test_within_a_grid(call, files):
    write(files / "all.jsonl", [{"id": row["id"], "output": row["answer"]} for row in QUESTIONS])
    ended = call("run", *QA, "--strategies", "outputs:all.jsonl")
    assert ended.code == 0, ended.err
    run = load_run(ended.out.strip()).stored
    assert [cell.strategy for cell in run.cells] == ["base", "all"]
    assert run.by_task["qa"].scores(run.cells[1:])["f1"].value == 1.0
    assert len(run.examples("qa")) == 4, "a tenth of the rows: the outputs to the others are passed over"
    assert "all" in ended.err and "better" in ended.err, "held against the only base there is"
    again = call("run", *QA, "--strategies", "outputs:all.jsonl")
    assert again.code == 0
    write(files / "all.jsonl", [{"id": row["id"], "output": "no"} for row in QUESTIONS])
    changed = load_run(call("run", *QA, "--strategies", "outputs:all.jsonl").out.strip()).stored
    assert changed.by_task["qa"].scores(changed.cells[1:])["f1"].value == 0.0, "another content is another cell"


def test_external_outputs_have_no_model(call, files):
    folder = call("score", *QA, "--predictions", "good.jsonl").out.strip()
    for command in (("predict", "--data", "test.jsonl", "--out", "x.jsonl"), ("export", "--out", "model")):
        ended = call(command[0], folder, "--strategy", "good", *command[1:])
        assert ended.code == 2
        assert "are external outputs: the run has no model to use" in ended.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*QA, "--predictions", "nowhere.jsonl"), "outputs:nowhere.jsonl: no such file"),
        ((*QA, "--predictions", "test.jsonl"), 'test.jsonl:1: no "output"'),
        ((*QA, "--predictions", "good.jsonl", "--name", "a name/with?"), "is not a valid name for a strategy"),
        ((*QA, "--predictions", "good.jsonl", "--name", "base"), "'base' is the name of the untuned model"),
        ((*QA, "--predictions", "good.jsonl", "--price-per-1k", "-1"), "--price-per-1k"),
        (("--task", "qa", "--data", "nowhere.jsonl", "--predictions", "good.jsonl"), "nowhere.jsonl"),
        (("--task", "qa", "--predictions", "good.jsonl"), "no test example has the id 'q0'"),
        (QA, "--predictions"),
    ],
)
def test_bad_input_is_one_clear_error_and_leaves_nothing(call, files, arguments, message):
    ended = call("score", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert not (files / "runs").exists()


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("C", "C"),
        ("c++", "C++"),
        (" C# ", "C#"),
        ("'c'.", None),
        ("+", "+"),
        ("???", None),
        ("", None),
        ("Refund!", "refund"),
        ("refunds", None),
    ],
)
def test_labels_of_few_letters(text: str, label: str | None) -> None:
    assert match_label(text, ["C", "C++", "C#", "+", "refund"]) == label


def test_strategy_file_cannot_declare_external_outputs(call, files):
    (files / "mine.yaml").write_text("name: mine\nmethod: outputs\ndescription: x\n")
    ended = call("run", *QA, "--strategies", "mine.yaml")
    assert ended.code == 2
    assert "given as outputs:FILE" in ended.err


GIVEN = ("run", "--task", "qa", "--train", "train.jsonl", "--test", "test.jsonl", "--no-base", "--seeds", "1")


@pytest.fixture
def given(files: Path) -> Path:
    write(files / "train.jsonl", [{**row, "id": f"t{i}", "question": f"Where is {i}?"} for i, row in enumerate(QUESTIONS)])
    corrected = {"inputs": {"question": "What is 3?", "context": "It is 3."}, "completion": "Three"}
    write(files / "more.jsonl", [corrected])
    return files


@pytest.mark.parametrize(("more", "left"), [(("--limit", "10"), 10), (("--harvested", "more.jsonl"), 39)])
def test_outputs_of_rows_that_a_run_leaves_out_are_ignored(call, given, more, left):
    ended = call(*GIVEN, "--strategies", "outputs:good.jsonl", *more)
    assert ended.code == 0, ended.err
    run = load_run(ended.out.strip()).stored
    assert run.by_task["qa"].scores(run.cells)["f1"].n == left
    refused = call(*GIVEN, "--strategies", "outputs:poor.txt", *more)
    assert refused.code == 2
    assert "leaves out rows of the test set (limit, harvested examples, or folded references)" in refused.err
    write(given / "wrong.jsonl", [{"id": "q999", "output": "x"}])
    assert "no test example has the id 'q999'" in call(*GIVEN, "--strategies", "outputs:wrong.jsonl", *more).err


def test_outputs_of_one_file_name_can_be_renamed(call, given):
    (given / "new").mkdir()
    (given / "new" / "good.jsonl").write_bytes((given / "good.jsonl").read_bytes())
    same = call(*GIVEN, "--strategies", "outputs:good.jsonl,outputs:new/good.jsonl")
    assert (same.code, "two strategies are named 'good': name one of them: outputs:new/good.jsonl@NAME" in same.err) == (2, True)
    ended = call(*GIVEN, "--strategies", "outputs:good.jsonl,outputs:new/good.jsonl@v2")
    assert ended.code == 0, ended.err
    assert [cell.strategy for cell in load_run(ended.out.strip()).stored.cells] == ["good", "v2"]
    (given / "a@b.jsonl").write_bytes((given / "good.jsonl").read_bytes())
    literal = call(*GIVEN, "--strategies", "outputs:a@b.jsonl")
    assert [cell.strategy for cell in load_run(literal.out.strip()).stored.cells] == ["a-b"]
    assert "no name after the @" in call(*GIVEN, "--strategies", "outputs:good.jsonl@").err
