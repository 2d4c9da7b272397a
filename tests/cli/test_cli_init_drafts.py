"""`bench init` on imperfect files: the draft says what is wrong, and can be run whenever that is possible."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.api import open_catalog
from harness.catalog import render_prompt
from harness.data import load_splits
from harness.engine.models import TINY
from harness.types import Example, Task

Call = Callable[..., Any]


def write_jsonl(file: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def tickets(**columns: Callable[[int], Any]) -> list[dict[str, Any]]:
    """Sixty rows with a text, a label and these columns, as functions of the row number."""
    text = "I have ordered thing {} and it is not what I wanted"
    given = {"text": text.format, "label": lambda i: ("billing", "shipping")[i % 2]} | columns
    return [{name: value(i) for name, value in given.items()} for i in range(60)]


def init_task(call: Call, *arguments: str) -> tuple[Task, list[Example], str]:
    """The task that `bench init` writes, its examples as a run reads them, and the output."""
    ended = call("init", *arguments, "--out", "task.yaml")
    assert (ended.code, ended.err) == (0, ""), ended
    task = open_catalog().check(Path("task.yaml")).value
    assert isinstance(task, Task)
    splits = load_splits(task, folder=Path.cwd())
    return task, [*splits.train, *splits.validation, *splits.test], ended.out


# ------------------------------------------------------------------------------------------------------- no group and no id


@pytest.mark.parametrize(
    ("group", "note"),
    [
        (lambda i: "ab"[i // 30], "'group' could be the group, but its 2 values are too few"),
        (lambda i: f"g{i // 3}" if i else "", "'group' could be the group, but 1 row has no value"),
        (lambda _: "", ""),
    ],
)
def test_unusable_group_is_disabled(call: Call, here: Path, group: Callable[[int], str], note: str) -> None:
    write_jsonl(here / "a.jsonl", tickets(group=group))
    task, rows, output = init_task(call, "a.jsonl")
    assert task.data.fields["group"] is None
    assert {row.group for row in rows} == {None}
    assert len(rows) == 60
    assert note in output


@pytest.mark.parametrize(
    ("name", "note"),
    [
        (lambda i: f"doc{i // 2}", "'id' is not used as the id: 30 rows repeat a value"),
        (lambda i: f"doc{i}" if i else None, "'id' is not used as the id: 1 row has no value"),
    ],
)
def test_unusable_id_is_disabled(call: Call, here: Path, name: Callable[[int], str], note: str) -> None:
    write_jsonl(here / "a.jsonl", tickets(id=name))
    task, rows, output = init_task(call, "a.jsonl")
    assert task.data.fields["id"] is None
    assert len(rows) == 60
    assert note in output
    assert ("group: 'id' (30 distinct values)" in output) == ("repeat" in note), "such an id often identifies a document"


def test_group_that_cannot_be_split_is_disabled(call: Call, here: Path) -> None:
    """All groups are linked: each text has a copy in the next group."""
    rows = tickets(group=lambda i: f"g{i // 2}", text=lambda i: f"a text like number {(i + 1) // 2} of all that there are")
    write_jsonl(here / "a.jsonl", rows)
    task, _, output = init_task(call, "a.jsonl")
    assert task.data.fields["group"] is None
    assert "'group' could be the group, but: a.jsonl: the 30 groups are all linked" in output


def test_roles_are_disabled_only_if_a_column_has_their_name(call: Call, here: Path) -> None:
    write_jsonl(here / "a.jsonl", tickets())
    assert init_task(call, "a.jsonl")[0].data.fields == {"input": "text", "target": "label"}


# --------------------------------------------------------------------------------------------------------- what is wrong


def test_draft_that_cannot_be_run_is_written_with_the_reason(call: Call, here: Path) -> None:
    write_jsonl(here / "few.jsonl", [{"text": "the only line there is", "summary": "the one"}])
    ended = call("init", "few.jsonl")
    assert (ended.code, ended.err) == (1, ""), ended
    assert "the task cannot be run yet: few.jsonl: 1 usable row, but train and test need at least one each" in ended.out
    assert "Wrote few.yaml. It cannot be run yet" in ended.out.splitlines()[-1]
    assert "of a larger file" not in ended.out
    assert "# - the task cannot be run yet: few.jsonl: 1 usable row" in (here / "few.yaml").read_text()
    assert call("tasks", "validate", "few.yaml").code == 0


@pytest.mark.parametrize(
    ("name", "content", "hint"),
    [
        ("py.jsonl", "{'text': 'a', 'label': 'x'}\n" * 9, "py.jsonl:1: broken JSON at column 2"),
        ("a.csv", "text,label\n" + "one, two,x\n" * 9, "a.csv:2: 3 cells, more than the 2 columns of the header"),
        ("names.json", '["one", "two"]', "names.json: item 1: a string, not an object"),
    ],
)
def test_file_without_usable_rows_is_refused_with_the_reason(call: Call, here: Path, name: str, content: str, hint: str) -> None:
    (here / name).write_text(content)
    ended = call("init", name)
    assert (ended.code, ended.out) == (2, "")
    assert hint in ended.err
    assert "No row is usable" in ended.err
    assert not list(here.glob("*.yaml"))


def test_link_keeps_its_name(call: Call, here: Path) -> None:
    (here / "blobs").mkdir()
    (here / "snap").mkdir()
    write_jsonl(here / "blobs" / "9f8e7d", tickets())
    (here / "snap" / "train.jsonl").symlink_to("../blobs/9f8e7d")
    task, rows, _ = init_task(call, "snap/train.jsonl")
    assert (task.name, task.data.path, len(rows)) == ("snap", "snap/train.jsonl", 60)


# ---------------------------------------------------------------------------------------------------------------- long texts


def test_prompts_that_the_included_model_cannot_read_are_counted(call: Call, here: Path) -> None:
    """Of the whole context, a part is for the output, and it takes a word or two to exceed the rest."""
    write_jsonl(
        here / "long.jsonl", [{"dialogue": "pain " * (2000 if i < 7 else 50) + str(i), "summary": f"it is {i} now"} for i in range(60)]
    )
    output = init_task(call, "long.jsonl")[2]
    assert "7 of 60 prompts are longer than the included model can read: it takes 1,024 tokens, of which 16 are for the output" in output
    assert "7 of 60 prompts are longer" in (here / "task.yaml").read_text()


def test_prompts_that_fit_are_not_noted(call: Call, here: Path) -> None:
    write_jsonl(here / "a.jsonl", tickets())
    assert "included model" not in init_task(call, "a.jsonl")[2]


def test_long_answers_leave_the_included_model_room_for_a_prompt(call: Call, here: Path) -> None:
    rows = [{"dialogue": f"case {i} of pain", "summary": f"case {i} " + "has pain now " * 900} for i in range(12)]
    write_jsonl(here / "long.jsonl", rows)
    task, _, _ = init_task(call, "long.jsonl")
    context = json.loads((TINY / "config.json").read_text())["max_position_embeddings"]
    assert min(context, task.max_length) - task.decode.max_new_tokens >= 512


# ----------------------------------------------------------------------------------------------------- complete prompts


def test_prompts_with_completions_are_shown_unchanged(call: Call, here: Path) -> None:
    rows = [{"prompt": f"<|user|>\nName product {i}.\n<|assistant|>\n", "completion": f"It is called Brightly {i}."} for i in range(40)]
    write_jsonl(here / "chat.jsonl", rows)
    task, examples, _ = init_task(call, "chat.jsonl")
    assert {render_prompt(task.prompt, example.inputs) for example in examples} == {row["prompt"] for row in rows}
    assert "The rows contain complete prompts" in (here / "task.yaml").read_text()


def test_complete_prompts_with_labels_are_shown_unchanged(call: Call, here: Path) -> None:
    rows = [{"prompt": f"Is message {i} spam? Answer:", "completion": ("yes", "no")[i % 2]} for i in range(40)]
    write_jsonl(here / "chat.jsonl", rows)
    task, examples, _ = init_task(call, "chat.jsonl")
    assert task.kind == "classification"
    assert {render_prompt(task.prompt, e.inputs, e.choices) for e in examples} == {row["prompt"] for row in rows}


# -------------------------------------------------------------------------------------------------------------- questions


def questions(**columns: Callable[[int], Any]) -> list[dict[str, Any]]:
    given = {"question": lambda i: f"What is number {i} of all?", "answer": lambda i: f"it is {i}"} | columns
    return [{name: value(i) for name, value in given.items() if value(i) is not None} for i in range(60)]


@pytest.mark.parametrize("more", [{}, {"options": lambda i: [f"it is {i}", f"it is not {i}"]}])
def test_questions_with_an_optional_context(call: Call, here: Path, more: dict[str, Callable[[int], Any]]) -> None:
    write_jsonl(here / "a.jsonl", questions(context=lambda i: f"In number {i} it says {i}." if i % 2 else None, **more))
    task, rows, output = init_task(call, "a.jsonl")
    assert not task.data.skip_bad_rows
    assert len(rows) == 60
    assert "30 questions without a context: the prompt leaves it out" in output
    with_text = {("it says" in render_prompt(task.prompt, row.inputs, row.choices)) == ("context" in row.inputs) for row in rows}
    assert with_text == {True}


def test_shared_context_that_some_rows_lack_is_not_a_group(call: Call, here: Path) -> None:
    write_jsonl(here / "a.jsonl", questions(context=lambda i: f"Passage {i // 3} says much." if i > 5 else None))
    task, rows, output = init_task(call, "a.jsonl")
    assert "group" not in task.data.fields
    assert len(rows) == 60
    assert "could be kept together by 'context', but 6 rows have no value" in output


def test_options_are_shown_with_their_letters(call: Call, here: Path) -> None:
    choices = {"choices": lambda i: {"text": [f"red {i}", f"blue {i}"], "label": ["A", "B"]}}
    write_jsonl(here / "arc.jsonl", arc(choices))
    task, rows, _ = init_task(call, "arc.jsonl")
    assert (task.kind, set(task.labels)) == ("qa", {"A", "B"})
    row = next(row for row in rows if "number 7 " in row.inputs["question"])
    prompt = render_prompt(task.prompt, row.inputs, row.choices)
    assert "Options:\nA. red 7\nB. blue 7\n\nAnswer:" in prompt


def test_options_with_line_breaks_are_noted(call: Call, here: Path) -> None:
    choices = {"choices": lambda i: {"text": [f"red\nor {i}", f"blue {i}"], "label": ["A", "B"]}}
    write_jsonl(here / "arc.jsonl", arc(choices))
    task, _, output = init_task(call, "arc.jsonl")
    assert "letters" not in task.data.fields
    assert "the target is one of 'choices.label', which the prompt cannot show with the options" in output


def arc(choices: Mapping[str, Callable[[int], Any]]) -> list[dict[str, Any]]:
    """Rows in the layout of ARC."""
    rows = questions(**choices, answerKey=lambda i: "AB"[i % 2])
    return [{name: value for name, value in row.items() if name != "answer"} for row in rows]
