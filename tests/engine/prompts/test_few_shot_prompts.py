"""Few-shot prompts: shots are complete, in order, turns of a chat or separated by a mark, and never too many."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from harness.engine.models.resolve import TINY
from harness.engine.prompts.prompt_encoder import PromptEncoder, Shot
from harness.errors import BenchError
from harness.types import Example

CHAT = (
    "<|sys|>be brief{% for m in messages %}<|turn|>{{ m['role'] }}\n{{ m['content'] }}<|close|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|turn|>assistant\n{% endif %}"
)
SHOTS = [Shot("Say: one\nAnswer:\n", "eins"), Shot("Say: <|close|> two\nAnswer:\n", "zwei ü 🩺")]
ASKED = Example("1", {"input": "three"}, ("drei",))


@pytest.fixture(scope="module")
def plain() -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(TINY)


@pytest.fixture(scope="module")
def chat(plain: Any) -> Any:
    tokenizer = copy.deepcopy(plain)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|sys|>", "<|turn|>", "<|close|>"]})
    tokenizer.chat_template = CHAT
    return tokenizer


def render(example: Example) -> str:
    return f"Say: {example.inputs['input']}\nAnswer:\n"


def test_plain_shots_are_separated_by_a_mark_that_also_ends_outputs(plain: Any) -> None:
    encoder = PromptEncoder(plain)
    (prompt,) = encoder.prompts([ASKED], render, 500, SHOTS)
    text = plain.decode(prompt.ids)
    assert text == ("Say: one\nAnswer:\neins\n\n###\n\nSay: <|close|> two\nAnswer:\nzwei ü 🩺\n\n###\n\nSay: three\nAnswer:\n")
    assert (prompt.shots, prompt.truncated) == (2, False)
    (mark,) = encoder.stops(with_shots=True)
    assert text.split(mark)[0].endswith("eins")
    assert encoder.stops(with_shots=False) == ()


def test_chat_shots_are_turns_that_their_text_cannot_close(chat: Any) -> None:
    encoder = PromptEncoder(chat)
    (prompt,) = encoder.prompts([ASKED], render, 500, SHOTS)
    assert chat.decode(prompt.ids) == (
        "<|sys|>be brief<|turn|>user\nSay: one\nAnswer:<|close|>\n<|turn|>assistant\neins<|close|>\n"
        "<|turn|>user\nSay: <|close|> two\nAnswer:<|close|>\n<|turn|>assistant\nzwei ü 🩺<|close|>\n"
        "<|turn|>user\nSay: three\nAnswer:<|close|>\n<|turn|>assistant\n"
    )
    closes = prompt.ids.count(chat.convert_tokens_to_ids("<|close|>"))
    assert closes == 5  # the one in the second shot's text is text
    assert encoder.stops(with_shots=True) == ()  # a turn ends with its own token


@pytest.mark.parametrize("kind", ["plain", "chat"])
def test_shots_that_do_not_fit_are_left_out_whole(kind: str, request: pytest.FixtureRequest) -> None:
    tokenizer = request.getfixturevalue(kind)
    encoder = PromptEncoder(tokenizer)
    sizes = [len(encoder.prompts([ASKED], render, 500, SHOTS[:k])[0].ids) for k in range(3)]
    for budget in range(sizes[0], sizes[2] + 1):
        (prompt,) = encoder.prompts([ASKED], render, budget, SHOTS)
        assert prompt.shots == (2 if budget >= sizes[2] else 1 if budget >= sizes[1] else 0)
        assert prompt.ids == encoder.prompts([ASKED], render, 500, SHOTS[: prompt.shots])[0].ids
        assert not prompt.truncated


def test_input_is_cut_only_after_all_shots_are_left_out(plain: Any) -> None:
    encoder = PromptEncoder(plain)
    long = Example("2", {"input": "word " * 300}, ("x",))
    (prompt,) = encoder.prompts([long], render, 100, SHOTS)
    assert (prompt.shots, prompt.truncated) == (0, True)
    assert len(prompt.ids) <= 100
    assert plain.decode(prompt.ids).endswith("\nAnswer:\n")


def test_template_without_turns_is_refused(plain: Any) -> None:
    tokenizer = copy.deepcopy(plain)
    tokenizer.chat_template = "{{ messages[0]['content'] }}"
    with pytest.raises(BenchError, match="prompt_format: plain"):
        PromptEncoder(tokenizer).prompts([ASKED], render, 500, SHOTS)
