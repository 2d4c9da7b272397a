"""The rows of a plug-in's source: types are only promised there, so each row is checked before anything rests on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from harness.data import SourceRows, load_splits, sources
from harness.errors import BenchError
from harness.plugins import InstalledPlugin, Plugin
from harness.types import Example

Loads = Callable[..., str]


@pytest.fixture
def message(monkeypatch, make_task, tmp_path) -> Iterator[Loads]:
    """What loading one row of a source ends in; "" where it is taken."""

    def run(example: Example, kind: str = "summarization") -> str:
        rest = [(split, Example(split, {"input": split}, ("x",))) for split in ("train", "test")]
        source = {"acme": lambda _spec, _kind: SourceRows("1", [("train", example), *rest])}
        monkeypatch.setattr("harness.plugins.installed_plugins", lambda: (InstalledPlugin("acme 1.0", Plugin(sources=source)),))
        sources.cache_clear()
        try:
            load_splits(make_task(kind, source="acme"), folder=tmp_path)
        except BenchError as error:
            return str(error)
        return ""

    yield run
    monkeypatch.undo()
    sources.cache_clear()


@pytest.mark.parametrize(
    ("example", "hint"),
    [
        (Example("r", {"input": "a"}, "abc"), "targets must be a tuple of texts, not str: 'abc'"),
        (Example("r", {"input": "a"}, ()), "targets is empty. Only questions may have no answer"),
        (Example("r", {"input": "a"}, (3,)), "targets[0] must be text, not int: '3'"),
        (Example("r", {"input": "a"}, ("x", " ")), "targets[1] is blank"),
        (Example("r", {"input": 5}, ("x",)), "inputs['input'] must be text, not int: '5'"),
        (Example("r", {"input": "a\0"}, ("x",)), "inputs['input'] contains a NUL character"),
        (Example("r", {"input": "a"}, ("\ud800",)), "targets[0] contains a lone surrogate"),
        (Example("r", {}, ("x",)), "inputs must be a non-empty dictionary of names and texts, not dict: '{}'"),
        (Example("r", {"choices": "a"}, ("x",)), "an input cannot be called 'choices'"),
        (Example("r", {1: "a"}, ("x",)), "inputs[1] must be text, not int: '1'"),
        (Example("r", {"input": "a"}, ("x",), group=7), "group must be text, not int: '7'"),
        (Example("r", {"input": "a"}, ("x",), choices=["x"]), "choices must be a tuple of texts, not list"),
    ],
)
def test_a_row_that_cannot_be_used(message: Loads, example: Example, hint: str) -> None:
    said = message(example)
    assert said.startswith("the source 'acme' of acme 1.0: the example 'r' of train: ")
    assert hint in said


def test_an_id_that_is_no_text(message: Loads) -> None:
    assert "the example '7' of train: id must be text, not int: '7'" in message(Example(7, {"input": "a"}, ("x",)))


def test_a_question_may_have_no_answer(message: Loads) -> None:
    assert message(Example("r", {"input": "a"}, ()), "qa") == ""


def test_a_good_row_is_taken(message: Loads) -> None:
    assert message(Example("r", {"input": "a", "context": "b"}, ("x", "y"), group="g")) == ""
