"""Prompts and completions as token ids: the same in training and prediction; inputs are cut, instructions never."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from harness.catalog import render_prompt
from harness.engine.models.resolve import TINY
from harness.engine.prompts.prompt_encoder import PromptEncoder
from harness.errors import BenchError
from harness.types import Example

TEMPLATE = "Note: {{ input }}\nIn one sentence:\n"
CHAT = (
    "{% for m in messages %}<|turn|>{{ m['role'] }}\n{{ m['content'] }}<|close|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|turn|>assistant\n{% endif %}"
)
TEXTS = ["plain words", "Zoë’s naïve café — 5 µg", "👩\u200d⚕️🩺 日本語 العربية", "line\n\n\tline\r\n", " ", "1234567890"]
WORDS = " ".join(f"w{i}" for i in range(400))


@pytest.fixture(scope="session")
def tiny_tokenizer() -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(TINY)


@pytest.fixture
def tokenizer(tiny_tokenizer: Any) -> Any:
    return copy.deepcopy(tiny_tokenizer)


@pytest.fixture
def chat_tokenizer(tokenizer: Any) -> Any:
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|turn|>", "<|close|>"]})
    tokenizer.chat_template = CHAT
    return tokenizer


def example(**inputs: str) -> Example:
    return Example("1", inputs or {"input": "x"}, ("t",))


def renderer(template: str = TEMPLATE) -> Callable[[Example], str]:
    return lambda e: render_prompt(template, e.inputs, e.choices)


def encode(tokenizer: Any, budget: int, template: str = TEMPLATE, **inputs: str) -> tuple[str, int, bool]:
    """The decoded prompt, how many tokens it has, and whether it was cut."""
    (prompt,) = PromptEncoder(tokenizer).prompts([example(**inputs)], renderer(template), budget)
    return tokenizer.decode(prompt.ids), len(prompt.ids), prompt.truncated


@pytest.mark.parametrize("text", TEXTS)
def test_completion_follows_the_prompt_unchanged(tokenizer: Any, text: str) -> None:
    encoder = PromptEncoder(tokenizer)
    (prompt,) = encoder.prompts([example(input=text)], renderer(), 500)
    (completion,) = encoder.completions([text])
    assert tokenizer.decode(prompt.ids) == TEMPLATE.replace("{{ input }}", text)
    assert tokenizer.decode(prompt.ids + completion) == TEMPLATE.replace("{{ input }}", text) + text + "<|end|>"
    assert not prompt.truncated
    assert completion.count(tokenizer.eos_token_id) == 1
    assert completion[-1] == encoder.end_id == tokenizer.eos_token_id
    assert encoder.text(completion) == text


def test_prompt_ids_do_not_depend_on_completions_or_other_prompts(tokenizer: Any, chat_tokenizer: Any) -> None:
    for t in (tokenizer, chat_tokenizer):
        encoder = PromptEncoder(t)
        examples = [example(input=text) for text in TEXTS]
        together = [p.ids for p in encoder.prompts(examples, renderer(), 500)]
        encoder.completions(TEXTS)
        assert together == [encoder.prompts([e], renderer(), 500)[0].ids for e in examples]


def test_prompt_of_a_decoder_has_no_end_token(tokenizer: Any) -> None:
    from tokenizers.processors import TemplateProcessing

    end = (tokenizer.eos_token, tokenizer.eos_token_id)
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(single=f"$A {end[0]}", special_tokens=[end])
    assert tokenizer("a")["input_ids"][-1] == end[1], "the tokenizer of this test must end its texts"
    encoder = PromptEncoder(tokenizer)
    (prompt,) = encoder.prompts([example()], renderer(), 500)
    assert end[1] not in prompt.ids
    assert encoder.completions(["a"])[0].count(end[1]) == 1


def test_no_examples_give_no_prompts(tokenizer: Any) -> None:
    assert PromptEncoder(tokenizer).prompts([], renderer(), 10) == []
    assert PromptEncoder(tokenizer).completions([]) == []


# ----------------------------------------------------------------------------------------------------------------- cutting


@pytest.mark.parametrize("chat", [False, True])
@pytest.mark.parametrize("budget", [40, 41, 57, 300])
def test_end_of_the_input_is_cut_and_the_instruction_is_kept(chat_tokenizer: Any, chat: bool, budget: int) -> None:
    if not chat:
        chat_tokenizer.chat_template = None
    text, tokens, truncated = encode(chat_tokenizer, budget, input=WORDS)
    head = "<|turn|>user\nNote: " if chat else "Note: "
    tail = "\nIn one sentence:<|close|>\n<|turn|>assistant\n" if chat else "\nIn one sentence:\n"
    assert truncated
    assert 0.9 * budget <= tokens <= budget, "as much is kept as fits, give or take a few words"
    assert text.startswith(head)
    assert text.endswith(tail)
    kept = text.removeprefix(head).removesuffix(tail)
    assert kept
    assert WORDS.startswith(kept)


def test_prompt_that_fits_exactly_is_not_cut(tokenizer: Any) -> None:
    whole, tokens, _ = encode(tokenizer, 10**6, input=WORDS)
    assert encode(tokenizer, tokens, input=WORDS) == (whole, tokens, False)
    cut, fewer, truncated = encode(tokenizer, tokens - 1, input=WORDS)
    assert truncated
    assert fewer < tokens
    assert len(cut) < len(whole)


def test_only_long_prompts_are_cut(tokenizer: Any) -> None:
    prompts = PromptEncoder(tokenizer).prompts([example(input=t) for t in ("short", WORDS, "short")], renderer(), 60)
    assert [p.truncated for p in prompts] == [False, True, False]
    assert prompts[0] == prompts[2]


def test_longest_input_is_cut_first(tokenizer: Any) -> None:
    text, tokens, _ = encode(tokenizer, 60, "Q: {{ question }}\nC: {{ context }}\nA:", question="Who came on Monday?", context=WORDS)
    assert text.startswith("Q: Who came on Monday?\nC: w0 w1")
    assert text.endswith("\nA:")
    assert tokens <= 60


def test_input_that_the_prompt_does_not_show_is_not_cut(tokenizer: Any) -> None:
    """It was cut in vain until the attempts were used up, and the instruction was blamed."""
    text, tokens, truncated = encode(tokenizer, 60, input=WORDS[:150], transcript="word " * 20_000)
    assert truncated
    assert 50 <= tokens <= 60
    assert text.startswith("Note: w0 w1")


def test_input_that_is_shown_twice_is_cut_in_both_places(tokenizer: Any) -> None:
    text, tokens, _ = encode(tokenizer, 60, "{{ input }}\n--\n{{ input }}\nEnd", input=WORDS)
    first, second = text.removesuffix("\nEnd").split("\n--\n")
    assert first == second
    assert WORDS.startswith(first)
    assert tokens <= 60


@pytest.mark.parametrize("text", ["👩\u200d⚕️日本語" * 300, "e\u0301" * 900, "\U0001f600" * 50 + " " * 3000, "\n" * 5000, "x" * 5000])
def test_any_text_can_be_cut(tokenizer: Any, text: str) -> None:
    prompt, tokens, truncated = encode(tokenizer, 64, input=text)
    whole = len(tokenizer(TEMPLATE.replace("{{ input }}", text))["input_ids"])
    assert truncated == (whole > 64)
    assert tokens <= 64
    assert text.startswith(prompt.removeprefix("Note: ").removesuffix("\nIn one sentence:\n"))


def test_long_end_with_few_tokens_is_cut_within_the_attempts(tokenizer: Any) -> None:
    dense, sparse = "\U0001f600" * 2000, " constellation" * 500
    budget = len(tokenizer(dense)["input_ids"]) + 20
    prompt, tokens, _ = encode(tokenizer, budget, input=dense + sparse)
    assert prompt.startswith("Note: \U0001f600")
    assert prompt.endswith("\nIn one sentence:\n")
    assert 0.9 * budget <= tokens <= budget


@pytest.mark.parametrize("chat", [False, True])
def test_instruction_that_does_not_fit_is_refused(chat_tokenizer: Any, chat: bool) -> None:
    if not chat:
        chat_tokenizer.chat_template = None
    with pytest.raises(BenchError, match=r"the instruction of the prompt alone takes \d\d+ tokens, but there is room for only 10"):
        encode(chat_tokenizer, 10, "Read it and think about it slowly, " * 9 + "{{ input }}", input=WORDS)


# -------------------------------------------------------------------------------------------------------------------- chat


def test_chat_template_is_used(chat_tokenizer: Any) -> None:
    encoder = PromptEncoder(chat_tokenizer)
    (prompt,) = encoder.prompts([example(input="hello")], renderer(), 500)
    assert encoder.chat
    assert chat_tokenizer.decode(prompt.ids) == "<|turn|>user\nNote: hello\nIn one sentence:<|close|>\n<|turn|>assistant\n"


def test_turn_ends_with_the_token_of_the_template(chat_tokenizer: Any) -> None:
    encoder = PromptEncoder(chat_tokenizer)
    close = chat_tokenizer.convert_tokens_to_ids("<|close|>")
    assert close != chat_tokenizer.eos_token_id
    assert encoder.end_id == close
    assert encoder.completions(["yes"])[0][-1] == close
    assert encoder.stop_ids == {close, chat_tokenizer.eos_token_id}, "generation stops at either"
    assert encoder.text([*chat_tokenizer("yes")["input_ids"], close]) == "yes"


@pytest.mark.parametrize(
    "template",
    [
        "{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}\n{% endfor %}{% if add_generation_prompt %}[assistant] {% endif %}",
        "{% for m in messages %}<|turn|>{{ m['content'] }}{% endfor %}{% if add_generation_prompt %}<think>\n{% endif %}",
    ],
    ids=["no token at the end of a turn", "an opening that is not in the history"],
)
def test_turn_without_its_own_end_uses_the_tokenizers_end_token(chat_tokenizer: Any, template: str) -> None:
    chat_tokenizer.chat_template = template
    assert PromptEncoder(chat_tokenizer).end_id == chat_tokenizer.eos_token_id


def test_start_token_is_written_once(chat_tokenizer: Any) -> None:
    """A template that writes it, and a tokenizer that would write it again."""
    from tokenizers.processors import TemplateProcessing

    turn = ("<|turn|>", chat_tokenizer.convert_tokens_to_ids("<|turn|>"))
    chat_tokenizer.backend_tokenizer.post_processor = TemplateProcessing(single=f"{turn[0]} $A", special_tokens=[turn])
    assert chat_tokenizer("a")["input_ids"][0] == turn[1], "the tokenizer of this test must start its texts"
    (chat,) = PromptEncoder(chat_tokenizer).prompts([example()], renderer(), 500)
    assert chat.ids[:2].count(turn[1]) == 1
    (plain,) = PromptEncoder(chat_tokenizer, "plain").prompts([example()], renderer(), 500)
    assert plain.ids.count(turn[1]) == 1
    (completion,) = PromptEncoder(chat_tokenizer, "plain").completions(["a"])
    assert turn[1] not in completion, "a completion goes on where the prompt ended"


def test_plain_format_ignores_the_template(chat_tokenizer: Any) -> None:
    encoder = PromptEncoder(chat_tokenizer, "plain")
    (prompt,) = encoder.prompts([example(input="hello")], renderer(), 500)
    assert not encoder.chat
    assert chat_tokenizer.decode(prompt.ids) == "Note: hello\nIn one sentence:\n"
    assert encoder.end_id == chat_tokenizer.eos_token_id


def test_chat_format_requires_a_template(tokenizer: Any) -> None:
    with pytest.raises(BenchError, match="prompt_format 'chat' needs a model with a chat template"):
        PromptEncoder(tokenizer, "chat")
    assert not PromptEncoder(tokenizer, "auto").chat


def test_tokenizer_without_end_token_is_refused(tokenizer: Any) -> None:
    tokenizer.eos_token = None
    with pytest.raises(BenchError, match="has no end token"):
        PromptEncoder(tokenizer)
