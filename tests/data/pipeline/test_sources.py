"""Examples of a plug-in's source are checked before they are used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from message_checks import assert_contains

from harness.data import SourceRows, load_splits, sources
from harness.errors import BenchError
from harness.plugins import InstalledPlugin, Plugin
from harness.types import Example


def error_for(task, folder: Path) -> str:
    with pytest.raises(BenchError) as caught:
        load_splits(task, folder=folder)
    return str(caught.value)


Loads = Callable[..., str]


@pytest.fixture
def message(monkeypatch, make_task, tmp_path) -> Iterator[Loads]:
    """The error for one example of a source; "" if it is accepted."""

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


def test_clinic_refuses_options(make_task, tmp_path):
    with pytest.raises(Exception, match="the source 'clinic' takes no options"):
        load_splits(make_task(source="clinic", options={"language": "de"}), folder=tmp_path)


def test_unknown_source_suggests_a_similar_one(tmp_path, make_task):
    assert_contains(error_for(make_task(source="clinc"), tmp_path), "no source 'clinc'", "Did you mean 'clinic'?")


def test_source_refuses_fields(tmp_path, make_task):
    assert_contains(error_for(make_task(source="clinic", fields={"input": "x"}), tmp_path), "clinic", 'data="FILE"')


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
def test_invalid_example_is_refused(message: Loads, example: Example, hint: str) -> None:
    said = message(example)
    assert said.startswith("the source 'acme' of acme 1.0: the example 'r' of train: ")
    assert hint in said


def test_id_must_be_text(message: Loads) -> None:
    assert "the example '7' of train: id must be text, not int: '7'" in message(Example(7, {"input": "a"}, ("x",)))


def test_question_may_have_no_answer(message: Loads) -> None:
    assert message(Example("r", {"input": "a"}, ()), "qa") == ""


def test_valid_example_is_accepted(message: Loads) -> None:
    assert message(Example("r", {"input": "a", "context": "b"}, ("x", "y"), group="g")) == ""
