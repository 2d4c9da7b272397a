"""Conversations and other whole prompts, in the layouts that people have, as examples of a task: nothing needs to be named."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.types import EARLIER_TURNS, Example, Turn, read_turns, write_turns

PIECES = ("User: ", "System: ", "Assistant: ", "User:", "\n", "\n\n", "\\", "a", " ", "é")
TEXTS = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
SYSTEM = {"role": "system", "content": "You answer for a shop."}


def question(i: int) -> str:
    return f"Where is parcel {i}?"


def answer(i: int) -> str:
    return f"Parcel {i} is on its way."


def turn(role: str, content: Any) -> dict[str, Any]:
    return {"role": role, "content": content}


def lines(make: Callable[[int], dict[str, Any]], count: int = 12) -> str:
    return "".join(json.dumps(make(i)) + "\n" for i in range(count))


LAYOUTS: dict[str, tuple[str, Callable[[int], dict[str, Any]]]] = {
    "OpenAI": ("messages", lambda i: {"messages": [turn("user", question(i)), turn("assistant", answer(i))]}),
    "OpenAI, text in parts": (
        "messages",
        lambda i: {"messages": [turn("user", [{"type": "text", "text": question(i)}]), turn("assistant", answer(i))]},
    ),
    "ShareGPT": ("messages", lambda i: {"conversations": [{"from": "human", "value": question(i)}, {"from": "gpt", "value": answer(i)}]}),
    "ShareGPT, the user speaks last": (
        "messages",
        lambda i: {
            "conversations": [
                {"from": "human", "value": question(i)},
                {"from": "gpt", "value": answer(i)},
                {"from": "human", "value": "Thanks"},
            ]
        },
    ),
    "TRL pairs of turns": ("messages", lambda i: {"prompt": [turn("user", question(i))], "completion": [turn("assistant", answer(i))]}),
    "TRL pairs": ("pair", lambda i: {"prompt": question(i), "completion": answer(i)}),
    "Alpaca": ("instruction", lambda i: {"instruction": question(i), "input": "", "output": answer(i)}),
    "preferences": ("preferences", lambda i: {"prompt": question(i), "chosen": answer(i), "rejected": "No."}),
    "preferences of conversations": (
        "preferences",
        lambda i: {
            "prompt": question(i),
            "chosen": [turn("user", question(i)), turn("assistant", answer(i))],
            "rejected": [turn("user", question(i)), turn("assistant", "No.")],
        },
    ),
    "LLaMA-Factory's preferences": (
        "preferences",
        lambda i: {
            "conversations": [{"from": "human", "value": question(i)}],
            "chosen": {"from": "gpt", "value": answer(i)},
            "rejected": {"from": "gpt", "value": "No."},
        },
    ),
    "Dolly": ("instruction", lambda i: {"instruction": question(i), "context": "", "response": answer(i), "category": "open_qa"}),
    "preferences of answers": (
        "preferences",
        lambda i: {"prompt": [turn("user", question(i))], "chosen": [turn("assistant", answer(i))], "rejected": [turn("assistant", "No.")]},
    ),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts_are_recognized(load: Any, name: str) -> None:
    layout, row = LAYOUTS[name]
    splits = load(lines(row), "rows.jsonl", kind="generation")
    assert splits.layout == layout
    examples: tuple[Example, ...] = (*splits.train, *splits.validation, *splits.test)
    assert {(e.inputs["input"], e.targets) for e in examples} == {(question(i), (answer(i),)) for i in range(12)}
    assert not any(EARLIER_TURNS in e.inputs for e in examples)


@pytest.mark.parametrize("name", [name for name, (layout, _) in LAYOUTS.items() if layout == "preferences"])
def test_rejected_answers_are_read_for_preference_tuning(load: Any, name: str) -> None:
    splits = load(lines(LAYOUTS[name][1]), "rows.jsonl", kind="generation")
    assert {e.rejected for e in (*splits.train, *splits.validation)} == {"No."}
    assert {e.rejected for e in splits.test} == {None}, "a run stores test examples for good"
    other = load(lines(LAYOUTS[name][1]).replace('"No."', '"Not now."'), "rows.jsonl", kind="generation")
    assert other.digest != splits.digest, "another training"


@pytest.mark.parametrize(
    "rejected",
    [
        [turn("user", "Where is my box?"), turn("assistant", "No.")],  # an answer to something else
        [turn("user", question(3)), turn("assistant", answer(3))],  # the same answer
        [turn("user", question(3)), turn("assistant", f"{answer(3)} \n")],
        [turn("user", question(3)), turn("tool", "x"), turn("assistant", "No.")],
        [],
    ],
)
def test_a_row_whose_rejected_answer_cannot_be_used_is_an_example_without_a_pair(load: Any, rejected: list[Any]) -> None:
    def row(i: int) -> dict[str, Any]:
        others = [turn("user", question(i)), turn("assistant", "No.")]
        return {"chosen": [turn("user", question(i)), turn("assistant", answer(i))], "rejected": rejected if i == 3 else others}

    splits = load(lines(row), "rows.jsonl", kind="generation")
    examples = (*splits.train, *splits.validation)
    assert all(e.rejected == (None if e.inputs["input"] == question(3) else "No.") for e in examples)
    assert question(3) in [e.inputs["input"] for e in examples]


def test_system_prompt_and_earlier_turns_precede_the_prompt(load: Any) -> None:
    earlier = [SYSTEM, turn("user", "Hello"), turn("assistant", "User: what is it?")]
    splits = load(lines(lambda i: {"messages": [*earlier, turn("user", question(i)), turn("assistant", answer(i))]}), "rows.jsonl")
    expected = (Turn("system", "You answer for a shop."), Turn("user", "Hello"), Turn("assistant", "User: what is it?"))
    for example in (*splits.train, *splits.test):
        assert read_turns(example.inputs[EARLIER_TURNS]) == expected
        assert example.inputs["input"].startswith("Where is parcel")


def test_system_column_is_the_system_prompt(load: Any) -> None:
    def row(i: int) -> dict[str, Any]:
        turns = [{"from": "human", "value": question(i)}, {"from": "gpt", "value": answer(i)}]
        return {"system": "Be brief." if i % 2 else "", "conversations": turns}

    splits = load(lines(row), "rows.jsonl")
    texts = [example.inputs.get(EARLIER_TURNS, "") for example in (*splits.train, *splits.validation, *splits.test)]
    assert sorted(texts) == [""] * 6 + ["System: Be brief."] * 6


def test_instruction_is_continued_by_its_input(load: Any) -> None:
    splits = load(lines(lambda i: {"instruction": "Translate.", "input": question(i), "output": answer(i)}), "rows.jsonl")
    assert all(example.inputs["input"].startswith("Translate.\n\nWhere is parcel") for example in splits.train)


def test_history_precedes_the_instruction(load: Any) -> None:
    rows = lines(lambda i: {"instruction": question(i), "input": "", "output": answer(i), "history": [["Hello", "Yes?"]] if i % 2 else []})
    splits = load(rows, "rows.jsonl")
    texts = [example.inputs.get(EARLIER_TURNS, "") for example in (*splits.train, *splits.validation, *splits.test)]
    assert sorted(texts) == [""] * 6 + ["User: Hello\n\nAssistant: Yes?"] * 6


def test_answers_that_are_not_wanted_are_not_trained_on(load: Any, refused: Any) -> None:
    rows = lines(lambda i: {"messages": [turn("user", question(i)), turn("assistant", answer(i))], "label": i % 4 > 0}, count=40)
    assert "rows.jsonl:1: 'label' is false: the row shows an answer that is not wanted" in refused(rows, "rows.jsonl")
    splits = load(rows, "rows.jsonl", skip_bad_rows=True)
    assert (sum(splits.report.sizes.values()), splits.report.skipped_rows) == (30, 10)


def test_named_columns_take_precedence(load: Any) -> None:
    rows = lines(lambda i: {"messages": [turn("user", question(i)), turn("assistant", answer(i))], "text": question(i), "label": answer(i)})
    splits = load(rows, "rows.jsonl", fields={"input": "text", "target": "label"})
    assert splits.layout is None


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([turn("user", "a"), {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}], "messages[1] calls a tool"),
        ([turn("user", "a"), turn("tool", "x"), turn("assistant", "b")], "messages[1] calls a tool"),
        ([turn("user", "a"), turn("narrator", "b")], "messages[1].role is 'narrator', which is unknown"),
        ([turn("user", [{"type": "image_url", "image_url": {}}]), turn("assistant", "b")], "messages[0].content[0] is not text"),
        ([turn("user", "a"), turn("assistant", 7)], "messages[1].content must be text, found '7'"),
        ([turn("user", "a"), "b"], "messages[1] must be an object"),
        ([turn("user", "a"), {"role": 3, "content": "b"}], "messages[1] has no 'role'"),
        ([turn("assistant", "b")], "must be preceded by a turn of the user, not by nothing"),
        ([SYSTEM, turn("assistant", "b")], "must be preceded by a turn of the user, not by a turn of the system"),
        ([turn("user", "a")], "has no answer: no turn of the assistant"),
        ([turn("user", " "), turn("assistant", "b")], "'messages': the prompt is empty"),
        ([turn("user", "a"), turn("assistant", " ")], "the last turn of the assistant is empty"),
        ("hello", "'messages' must be a list of turns, found 'hello'"),
        ([turn("user", "a")] * 1001, "has 1,001 turns; at most 1,000 can be used"),
    ],
)
def test_conversation_that_cannot_be_used_says_where_and_why(refused: Any, messages: Any, reason: str) -> None:
    good = lines(lambda i: {"messages": [turn("user", question(i)), turn("assistant", answer(i))]})
    message = refused(good + json.dumps({"messages": messages}) + "\n", "rows.jsonl")
    assert "rows.jsonl:13" in message
    assert reason in message


@given(st.lists(st.builds(Turn, st.sampled_from(["system", "user", "assistant"]), TEXTS), min_size=1, max_size=5))
def test_turns_are_read_as_they_were_written(turns: list[Turn]) -> None:
    assert read_turns(write_turns(turns)) == tuple(turns)


@pytest.mark.parametrize("text", ["", "hello", "Narrator: x", "User:x"])
def test_text_that_is_no_conversation_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="does not begin with the name of a speaker"):
        read_turns(text)


def test_turns_written_as_a_column_are_read_again(load: Any) -> None:
    """As `bench retrain` and `bench review harvest` write examples."""
    turns = write_turns([Turn("system", "Be brief."), Turn("user", "Hello"), Turn("assistant", "Yes?")])
    rows = lines(lambda i: {"input": question(i), "target": answer(i)} | ({EARLIER_TURNS: turns} if i % 2 else {}))
    splits = load(rows, "rows.jsonl")
    texts = [example.inputs.get(EARLIER_TURNS, "") for example in (*splits.train, *splits.validation, *splits.test)]
    assert sorted(texts) == [""] * 6 + [turns] * 6


def test_column_of_turns_that_cannot_be_read_is_a_bad_row(refused: Any) -> None:
    message = refused(lines(lambda i: {"input": question(i), "target": answer(i), EARLIER_TURNS: "hello"}), "rows.jsonl")
    assert "rows.jsonl:1: earlier_turns (column 'earlier_turns') does not begin with the name of a speaker" in message
