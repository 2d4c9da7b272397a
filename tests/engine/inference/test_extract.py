"""Where an answer ends, and whether it says that there is no answer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_models import tokenizer

from harness.engine.inference.extract import before_stop, ends_with, extract
from harness.types import DataSpec, Task


def task(**more: Any) -> Task:
    values = {"name": "t", "kind": "qa", "data": DataSpec(path="x.csv"), "prompt": "{{ input }}", "metrics": ("x",), "primary": "x"}
    return Task(**(values | more))


@pytest.mark.parametrize(
    ("text", "stops", "answer"),
    [
        ("Paris", (), "Paris"),
        ("  Paris \n", (), "Paris"),
        ("Paris\n\n###\n\nQuestion: who?", ("\n\n###",), "Paris"),
        ("Paris ### Rome STOP", ("STOP", "###"), "Paris"),  # the first in the text, not in the list
        ("\nParis", ("\n",), ""),
        ("", ("\n",), ""),
        ("### Answer", ("\n\n###",), "### Answer"),  # not the stop text, but a part of it
        ("é🩺 ü|x", ("|",), "é🩺 ü"),
    ],
)
def test_answer_ends_before_the_first_stop_text(text: str, stops: tuple[str, ...], answer: str) -> None:
    assert extract(text, task(), stops) == answer


@pytest.mark.parametrize("text", ["unanswerable", "Unanswerable.", " **UNANSWERABLE** \n", "“unanswerable”", "unanswerable\n### so"])
def test_text_for_no_answer_becomes_the_empty_answer(text: str) -> None:
    assert extract(text, task(no_answer="unanswerable"), ("###",)) == ""
    assert extract(text, task(), ("###",)) != "", "but not where the task knows no such thing"


@pytest.mark.parametrize("text", ["unanswerable question", "It is unanswerable", "un answerable", "Paris"])
def test_answer_that_only_contains_the_text_for_no_answer_is_kept(text: str) -> None:
    assert extract(text, task(no_answer="unanswerable"), ()) == text


@pytest.mark.parametrize(("said", "text", "answer"), [("N/A", "n/a.", ""), ("-", "-", ""), ("-", "?", "?"), ("(none)", "None", "")])
def test_task_may_word_no_answer_in_its_own_way(said: str, text: str, answer: str) -> None:
    assert extract(text, task(no_answer=said), ()) == answer


def test_text_for_no_answer_has_no_effect_on_other_tasks() -> None:
    assert extract("unanswerable", task(kind="summarization"), ()) == "unanswerable"


@given(st.text("ab \n#é🩺", max_size=30), st.lists(st.text("ab \n#é🩺", min_size=1, max_size=4), min_size=1, max_size=3))
def test_output_ends_at_the_token_that_completes_a_stop_text(text: str, stops: list[str]) -> None:
    """Token by token, as it is written: it is found in the very step in which the whole text has it."""
    words = tokenizer("llama")
    ids = words(text, add_special_tokens=False)["input_ids"]

    def decode(some: Any) -> str:
        return words.decode(list(some), skip_special_tokens=True)

    ended = ends_with(stops, decode)
    for length in range(1, len(ids) + 1):
        written = decode(ids[:length])
        assert ended(ids[:length]) == (before_stop(written, stops) != written)
        if ended(ids[:length]):
            break


def test_only_the_last_tokens_of_an_output_are_decoded() -> None:
    seen: list[int] = []
    ended = ends_with(["\n\n###"], lambda ids: seen.append(len(ids)) or "")
    ended(list(range(10_000)))
    assert seen[0] < 12
    assert ends_with([], str) is None
