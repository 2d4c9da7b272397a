"""Files in the shapes of public data that nobody here wrote: each is recognized, drafted and loaded without a flag.

The contents are ours; the shape (format, columns, nesting, unused columns) is that of the source named with each.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from harness.api.drafting import draft_task
from harness.data import load_splits
from harness.types import EARLIER_TURNS, Kind

COUNT = 40


def question(i: int) -> str:
    return f"How do I plant tree number {i} in a garden?"


def answer(i: int) -> str:
    return f"Dig a hole {i} cm deeper than its roots are long, water it well, and wait for spring before you cut anything off."


def worse(i: int) -> str:
    return f"I do not know about tree {i}."


class Shape(NamedTuple):
    """A public file.

    Attributes:
        source: where the shape was seen.
        kind, prompt, answer, earlier, rejected: what is expected of example i.
    """

    source: str
    file: str
    row: Callable[[int], Any]
    write: Callable[[list[Any]], str]
    kind: Kind = "generation"
    prompt: Callable[[int], str] = question
    answer: Callable[[int], str] = answer
    earlier: str | None = None
    rejected: Callable[[int], str | None] = lambda i: None


def lines(rows: list[Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def turn(role: str, content: str, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


def said(who: str, value: str) -> dict[str, str]:
    return {"from": who, "value": value}


def squad(rows: list[Any]) -> str:
    paragraphs = [{"context": f"In garden {i} stand {i} oaks.", "qas": [row]} for i, row in enumerate(rows)]
    return json.dumps({"data": [{"title": "Gardens", "paragraphs": paragraphs}], "version": "1.1"})


def table(rows: list[Any]) -> str:
    return "text,label_text\n" + "".join(f'"{text}",{label}\n' for text, label in rows)


SHAPES = {
    "Alpaca": Shape(
        "github.com/tatsu-lab/stanford_alpaca, alpaca_data.json",
        "alpaca_data.json",
        lambda i: {"instruction": question(i), "input": "" if i % 3 else f"It is {i} m high.", "output": answer(i)},
        json.dumps,
        prompt=lambda i: question(i) if i % 3 else f"{question(i)}\n\nIt is {i} m high.",
    ),
    "Dolly": Shape(
        "databricks-dolly-15k.jsonl",
        "databricks-dolly-15k.jsonl",
        lambda i: {"instruction": question(i), "context": "", "response": answer(i), "category": ("open_qa", "closed_qa")[i % 2]},
        lines,
    ),
    "ShareGPT of FastChat": Shape(
        "github.com/lm-sys/FastChat, data/dummy_conversation.json",
        "dummy_conversation.json",
        lambda i: {
            "id": f"identity_{i}",
            "conversations": [
                said("human", "Hello"),
                said("gpt", "Hello! What is it?"),
                said("human", question(i)),
                said("gpt", answer(i)),
            ],
        },
        lambda rows: json.dumps(rows, indent=2),
        earlier="User: Hello\n\nAssistant: Hello! What is it?",
    ),
    "OpenAI's fine-tuning example": Shape(
        "github.com/openai/openai-cookbook, examples/data/toy_chat_fine_tuning.jsonl",
        "toy_chat_fine_tuning.jsonl",
        lambda i: {"messages": [turn("system", "You are a happy gardener."), turn("user", question(i)), turn("assistant", answer(i))]},
        lines,
        earlier="System: You are a happy gardener.",
    ),
    "OpenAI's preferences": Shape(
        "github.com/microsoft-foundry/fine-tuning, Sample_Datasets/Direct_Preference_Optimization",
        "orca_dpo_pairs_train.jsonl",
        lambda i: {
            "input": {"messages": [turn("system", "Be exact."), turn("user", question(i))], "tools": [], "parallel_tool_calls": True},
            "preferred_output": [turn("assistant", answer(i))],
            "non_preferred_output": [turn("assistant", worse(i))],
        },
        lines,
        earlier="System: Be exact.",
        rejected=worse,
    ),
    "UltraChat of the alignment handbook": Shape(
        "huggingface.co/datasets/HuggingFaceH4/ultrachat_200k",
        "train_sft.jsonl",
        lambda i: {"prompt": question(i), "prompt_id": f"{i:064x}", "messages": [turn("user", question(i)), turn("assistant", answer(i))]},
        lines,
    ),
    "UltraFeedback": Shape(
        "huggingface.co/datasets/HuggingFaceH4/ultrafeedback_binarized",
        "train_prefs.jsonl",
        lambda i: {
            "prompt": question(i),
            "prompt_id": f"{i:064x}",
            "chosen": [turn("user", question(i)), turn("assistant", answer(i))],
            "rejected": [turn("user", question(i)), turn("assistant", worse(i))],
            "messages": [turn("user", question(i)), turn("assistant", answer(i))],
            "score_chosen": 7.0,
            "score_rejected": 3.5,
        },
        lines,
        rejected=worse,
    ),
    "hh-rlhf": Shape(
        "github.com/anthropics/hh-rlhf, helpful-base/train.jsonl.gz",
        "train.jsonl",
        lambda i: {
            "chosen": f"\n\nHuman: Hello\n\nAssistant: Yes?\n\nHuman: {question(i)}\n\nAssistant: {answer(i)}",
            "rejected": f"\n\nHuman: Hello\n\nAssistant: Yes?\n\nHuman: {question(i)}\n\nAssistant: {worse(i)}",
        },
        lines,
        earlier="User: Hello\n\nAssistant: Yes?",
        rejected=worse,
    ),
    "orca-dpo": Shape(
        "huggingface.co/datasets/Intel/orca_dpo_pairs",
        "orca_rlhf.jsonl",
        lambda i: {"system": "You are a gardener.", "question": question(i), "chosen": answer(i), "rejected": worse(i)},
        lines,
        earlier="System: You are a gardener.",
        rejected=worse,
    ),
    "LLaMA-Factory's preferences": Shape(
        "github.com/hiyouga/LLaMA-Factory, data/dpo_en_demo.json",
        "dpo_en_demo.json",
        lambda i: {"conversations": [said("human", question(i))], "chosen": said("gpt", answer(i)), "rejected": said("gpt", worse(i))},
        lambda rows: json.dumps(rows, indent=2),
        rejected=worse,
    ),
    "Capybara": Shape(
        "huggingface.co/datasets/LDJnr/Capybara",
        "CapybaraPure_Decontaminated.jsonl",
        lambda i: {
            "source": "Gardens",
            "conversation": [{"input": "Hello", "output": "Yes?"}, {"input": question(i), "output": answer(i)}],
        },
        lines,
        earlier="User: Hello\n\nAssistant: Yes?",
    ),
    "SQuAD": Shape(
        "rajpurkar.github.io/SQuAD-explorer, train-v1.1.json",
        "train-v1.1.json",
        lambda i: {"id": f"{i:024x}", "question": f"What stands in garden {i}?", "answers": [{"answer_start": 16, "text": f"{i} oaks"}]},
        squad,
        kind="qa",
        prompt=lambda i: f"What stands in garden {i}?",
        answer=lambda i: f"{i} oaks",
    ),
    "SetFit's CSV": Shape(
        "huggingface.co/SetFit, train.csv of its classification sets",
        "train.csv",
        lambda i: (question(i), ("positive", "negative")[i % 2]),
        table,
        kind="classification",
        answer=lambda i: ("positive", "negative")[i % 2],
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_public_files_go_through_without_a_flag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    shape = SHAPES[name]
    monkeypatch.chdir(tmp_path)
    (tmp_path / shape.file).write_text(shape.write([shape.row(i) for i in range(COUNT)]), encoding="utf-8")
    task = draft_task([shape.file]).task
    splits = load_splits(task, folder=tmp_path)
    assert task.kind == shape.kind
    examples = (*splits.train, *splits.validation, *splits.test)
    assert {_prompt(e.inputs): (e.targets, e.inputs.get(EARLIER_TURNS)) for e in examples} == {
        shape.prompt(i): ((shape.answer(i),), shape.earlier) for i in range(COUNT)
    }
    worse_answers = {shape.prompt(i): shape.rejected(i) for i in range(COUNT)}
    assert all(e.rejected == worse_answers[_prompt(e.inputs)] for e in (*splits.train, *splits.validation))


def _prompt(inputs: Mapping[str, str]) -> str:
    """What the user asks, whatever the task calls it."""
    return inputs.get("question") or inputs.get("input") or next(iter(inputs.values()))
