"""The drafted YAML is one valid task, whatever text the file contains."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from harness.api import open_catalog
from harness.data.inspect import TaskGuess, draft_prompt, draft_yaml, guess_task
from harness.data.inspect.yaml_text import to_comment_text, to_scalar
from harness.data.records import Preview, Record
from harness.types import Task

HOSTILE = [
    "a: b", "# no comment", "'single'", '"double"', "two\nlines", "x\r\ny", "tab\there",
    "- item", "{flow: 1}", "[list]", "*alias", "&anchor",
    "!!python/object:os.system", "yes", "null", "1e3", "2020-01-01", "~", " leads", "%TAG", "@at", "`tick`", "{{ 7*7 }}", "{% if x %}",
    "\x1b[31mred\x1b[0m", "\x85next", "line\u2028separator", "para\u2029graph", "right\u202eleft", "\ufeffmark", "🙂", "年齢",
    "back\\slash",    "ends: ", "a #b", "...", "---", "\x7f", "x" * 99, "| literal", "> folded", "?", ":", ",", "trailing\\",
]  # fmt: skip


def make_guess(column: str = "text", label: str = "a", target: str = "label", **said: Any) -> TaskGuess:
    rows = [{column: f"case {i} of the many words there are", target: (label, "other")[i % 2]} for i in range(40)]
    columns = tuple(rows[0])
    return guess_task(Preview("rows.csv", columns, [Record(i, row) for i, row in enumerate(rows)], []), target=target, **said)


def read_task(text: str, tmp_path: Path) -> Task:
    """The task as `bench tasks validate` reads it."""
    (tmp_path / "task.yaml").write_text(text, encoding="utf-8")
    task = open_catalog().check(tmp_path / "task.yaml").value
    assert isinstance(task, Task)
    return task


def draft_text(guess: TaskGuess, **other: Any) -> str:
    prompt = draft_prompt(guess, "{{ input }}\n", frozenset(["input"]), frozenset(["input"]))
    return draft_yaml(guess, **{"name": "mine", "path": "rows.csv", "prompt": prompt} | other)


FEW = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30).filter(lambda text: text.strip())


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_column_names_and_labels_are_escaped(text: str, tmp_path: Path) -> None:
    guess = make_guess(column=text, label=text, target="label" if text != "label" else "y")
    yaml_text = draft_text(guess, path=text, split_files={"train": text, "test": text})
    assert all(line.isprintable() for line in yaml_text.split("\n"))
    task = read_task(yaml_text, tmp_path)
    assert task.data.fields == {"input": text, "target": "label"}
    assert task.data.path == text
    assert (task.name, task.kind, task.labels) == ("mine", "classification", ()), "the text adds nothing else"
    as_target = read_task(draft_text(make_guess(target=text, inputs=["text"])), tmp_path)
    assert as_target.data.fields == {"input": "text", "target": text}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_labels_of_a_question_are_escaped(text: str, tmp_path: Path) -> None:
    guess = make_guess(column="question", label=text, target="answer", kind="qa")
    assert set(read_task(draft_text(guess), tmp_path).labels) == {text.strip(), "other"}


@given(FEW)
def test_any_text_becomes_a_scalar_on_one_line(text: str) -> None:
    assert yaml.safe_load(f"{{key: {to_scalar(text)}}}") == {"key": text}
    assert to_scalar(text).isprintable()


@given(FEW)
def test_any_text_stays_inside_its_comment(text: str) -> None:
    assert yaml.safe_load(f"a: 1  # {to_comment_text(text)}\nb: 2\n") == {"a": 1, "b": 2}
    assert to_comment_text(text).isprintable()


@given(FEW, FEW)
def test_several_inputs_become_variables_of_the_prompt(first: str, second: str) -> None:
    if first.strip() == second.strip() or "label" in (first, second):
        return
    rows = [{first: f"case {i} of the many words there are", second: f"more words of {i}", "label": "ab"[i % 2]} for i in range(12)]
    table = Preview("rows.csv", tuple(rows[0]), [Record(i, row) for i, row in enumerate(rows)], [])
    guess = guess_task(table, target="label", inputs=[first, second])
    assert len(guess.inputs) == 2
    values = yaml.safe_load(draft_text(guess, prompt=draft_prompt(guess, "", frozenset(["input"]), frozenset())))
    assert {role: column for role, column in values["data"]["fields"].items() if role != "target"} == dict(guess.inputs)
    from harness.catalog import prompt_variables, render_prompt

    assert prompt_variables(values["prompt"]) == {*guess.inputs, "choices"}
    shown = render_prompt(values["prompt"], {name: f"<{name}>" for name in guess.inputs}, ["a", "b"])
    assert all(f"<{name}>" in shown for name in guess.inputs)


def test_shipped_prompt_is_used_if_it_reads_these_inputs() -> None:
    guess = make_guess()
    assert draft_prompt(guess, "SHIPPED {{ input }}", frozenset(["input", "choices"]), frozenset(["input", "choices"])).startswith(
        "SHIPPED"
    )
    own = draft_prompt(guess, "SHIPPED {{ question }}", frozenset(["question"]), frozenset(["question"]))
    assert "Input: {{ input }}" in own and own.endswith("Label:\n")


def test_draft_contains_doubts_and_sizes(tmp_path: Path) -> None:
    rows = [{"a": f"case {i} " + "many words " * 30, "b": f"short {i} one"} for i in range(40)]
    guess = guess_task(Preview("rows.csv", ("a", "b"), [Record(i, row) for i, row in enumerate(rows)], []))
    text = draft_text(guess, sizes={"train": 32, "validation": 4, "test": 4})
    assert "# CHECK: no column has a typical target name" in text
    assert "# examples: 32 train, 4 validation, 4 test" in text
    assert "max_new_tokens: 16" in text
    assert read_task(text, tmp_path).decode.max_new_tokens == 16


def test_limits_grow_with_long_texts(tmp_path: Path) -> None:
    rows = [{"document": f"case {i} " + "many words " * 4000, "summary": f"short {i} " + "text of words " * 700} for i in range(12)]
    guess = guess_task(Preview("rows.csv", ("document", "summary"), [Record(i, row) for i, row in enumerate(rows)], []))
    task = read_task(draft_text(guess), tmp_path)
    assert 8000 < task.max_length <= 32768
    assert task.decode.max_new_tokens == 512, "the included model's context of 1,024 tokens also has to hold a prompt"


@pytest.mark.parametrize("label", ["spam", "yes", 'a "quoted" one', "two\nlines", "x=y, {z}", "年齢"])
def test_proposed_guardrail_of_labels_is_valid_once_uncommented(label: str, tmp_path: Path) -> None:
    """The rarest class is the example: errors on rare classes are what an average hides."""
    rows = [{"text": f"case {i} of the many words there are", "label": label if i < 12 else "other"} for i in range(40)]
    guess = guess_task(Preview("rows.csv", ("text", "label"), [Record(i, row) for i, row in enumerate(rows)], []), target="label")
    text = draft_text(guess)
    assert read_task(text, tmp_path).guardrails == ()
    uncommented = text.replace("\n# guardrails:\n#   accuracy", "\nguardrails:\n  accuracy")
    assert [(rule.score, rule.slice) for rule in read_task(uncommented, tmp_path).guardrails] == [("accuracy", f"class={label}")]


@pytest.mark.parametrize("kind", ["summarization", "generation", "qa"])
def test_texts_get_a_limit_on_what_raters_find(kind: str, tmp_path: Path) -> None:
    rows = [{"document": f"case {i} " + "many words " * 30, "summary": f"a short text of case {i} in words"} for i in range(40)]
    table = Preview("rows.csv", ("document", "summary"), [Record(i, row) for i, row in enumerate(rows)], [])
    text = draft_text(guess_task(table, target="summary", inputs=["document"], kind=kind))  # type: ignore[arg-type]
    (rule,) = read_task(text, tmp_path).guardrails
    assert (rule.rule, rule.score, rule.value) == ("ceiling", "review.critical_error_rate", 0.05)
    more = text.replace("  # unsupported_rate", "  unsupported_rate").replace("  # number_error_rate", "  number_error_rate")
    assert len(read_task(more, tmp_path).guardrails) == (1 if kind == "qa" else 3)
