"""Conversations as token ids: exactly those of the model's own chat template, with the loss on the last turn of the assistant."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import pytest

from harness.engine.inference import Predictor
from harness.engine.models import LoadedModel
from harness.engine.models.resolve import TINY
from harness.engine.prompts.few_shot import draw_shots
from harness.engine.prompts.prompt_encoder import PromptEncoder, Shot
from harness.engine.tuning import EncodedExample, collate, encode_examples
from harness.errors import BenchError
from harness.types import EARLIER_TURNS, DataSpec, Example, Strategy, Task, TrainSpec, Turn, write_turns

ANSWER = "Rest it, and call again on Friday."
SYSTEM = Turn("system", "Answer briefly.")
TURNS = (Turn("user", "My knee hurts.\n\nUser: it does"), Turn("assistant", "Since when?"))
PROMPT = "Since Monday. 20 mg, <|close|> 3 times."


def template(turn: str, *, head: str = "", answer: str) -> str:
    """A chat template; what the assistant says is marked for transformers' own loss mask."""
    return (
        f"{head}{{% for m in messages %}}{turn}{{% if m['role'] == 'assistant' %}}{{% generation %}}CONTENT{{% endgeneration %}}"
        f"{{% else %}}CONTENT{{% endif %}}{{% endfor %}}{{% if add_generation_prompt %}}{answer}{{% endif %}}"
    )


CHATML = template("<|turn|>{{ m['role'] }}\n", answer="<|turn|>assistant\n").replace("CONTENT", "{{ m['content'] + '<|close|>\n' }}")
LLAMA = template("<|turn|>{{ m['role'] }}<|end_of_name|>\n\n", head="<|begin|>", answer="<|turn|>assistant<|end_of_name|>\n\n").replace(
    "CONTENT", "{{ m['content']|trim + '<|close|>' }}"
)
REFUSE = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must alternate') }}"
    "{% endif %}{% endfor %}"
)
GEMMA = template(
    "<|turn|>{{ 'model' if m['role'] == 'assistant' else m['role'] }}\n", head="<|begin|>" + REFUSE, answer="<|turn|>model\n"
).replace("CONTENT", "{{ m['content']|trim + '<|close|>\n' }}")
TEMPLATES = {"ChatML": CHATML, "Llama 3": LLAMA, "Gemma": GEMMA}


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(TINY)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|turn|>", "<|close|>", "<|begin|>", "<|end_of_name|>"]})
    return tokenizer


def with_template(tokenizer: Any, text: str | None) -> Any:
    tokenizer = copy.deepcopy(tokenizer)
    tokenizer.chat_template = text
    return tokenizer


def conversation(turns: Sequence[Turn], prompt: str) -> Example:
    return Example("1", ({EARLIER_TURNS: write_turns(turns)} if turns else {}) | {"input": prompt}, (ANSWER,))


def encode(tokenizer: Any, example: Example, **recipe: Any) -> tuple[list[EncodedExample], int]:
    """The example as a training sees it."""
    spec = TrainSpec(**recipe)
    task = Task(name="t", kind="generation", prompt="{{ input }}\n", data=DataSpec(source="x"), metrics=("rouge",), primary="rougeL")
    loaded = LoadedModel(None, tokenizer, 2048, 0)
    return encode_examples(Predictor(task, Strategy(name="s", method="full", train=spec), loaded), [example], spec)


def render(example: Example) -> str:
    return f"{example.inputs['input']}\n"


@pytest.mark.parametrize("name", TEMPLATES)
def test_ids_and_loss_mask_are_those_of_transformers(tokenizer: Any, name: str) -> None:
    tokenizer = with_template(tokenizer, TEMPLATES[name])
    turns = TURNS if name == "Gemma" else (SYSTEM, *TURNS)
    prompt = PROMPT.replace("<|close|>", "or")  # transformers lets the text of a turn end it; ours does not
    messages = [{"role": t.role, "content": t.content} for t in (*turns, Turn("user", prompt), Turn("assistant", ANSWER))]
    expected = tokenizer.apply_chat_template(messages, tokenize=True, return_dict=True, return_assistant_tokens_mask=True)
    encoder = PromptEncoder(tokenizer, "chat")
    (encoded,) = encoder.prompts([conversation(turns, prompt)], render, 10_000)
    (completion,) = encoder.completions([ANSWER])
    ids = [*encoded.ids, *completion]
    assert list(expected["input_ids"])[: len(ids)] == ids
    learned = list(expected["assistant_masks"])
    assert learned[len(encoded.ids) - 1] == 0
    assert all(learned[len(encoded.ids) : len(ids)])


@pytest.mark.parametrize("name", TEMPLATES)
def test_loss_on_every_turn_of_the_assistant_is_that_of_transformers(tokenizer: Any, name: str) -> None:
    # The line end behind a turn is not written by the model.
    text = TEMPLATES[name].replace("'<|close|>\n' }}{% endgeneration %}", "'<|close|>' }}{% endgeneration %}{{ '\n' }}")
    tokenizer = with_template(tokenizer, text)
    turns = (*TURNS, Turn("user", "Three days."), Turn("assistant", "Which tablets?"))
    turns = turns if name == "Gemma" else (SYSTEM, *turns)
    prompt = PROMPT.replace("<|close|>", "or")
    messages = [{"role": t.role, "content": t.content} for t in (*turns, Turn("user", prompt), Turn("assistant", ANSWER))]
    expected = tokenizer.apply_chat_template(messages, tokenize=True, return_dict=True, return_assistant_tokens_mask=True)
    (row,), cut = encode(tokenizer, conversation(turns, prompt), loss_on="assistant")
    has_loss = [False] * len(row.prompt) + list(row.learned)
    assert cut == 0
    assert sum(row.learned) == row.targets
    assert [*row.prompt, *row.target] == list(expected["input_ids"])[: row.length]
    assert has_loss == [bool(mask) for mask in expected["assistant_masks"]][: row.length]
    assert not any(expected["assistant_masks"][row.length :])
    # A position predicts the next id: what is marked is what precedes a learned id.
    batch = collate([row], 0, "cpu")
    assert batch.predicts[0].tolist() == [*has_loss[1:], False]
    assert batch.targets.tolist() == [token for token, learned in zip(row.target, row.learned, strict=True) if learned]


def test_turns_that_are_cut_are_not_learned(tokenizer: Any) -> None:
    tokenizer = with_template(tokenizer, CHATML)
    long = [turn for i in range(5) for turn in (Turn("user", f"question {i}"), Turn("assistant", f"answer {i}"))]
    (row,), cut = encode(tokenizer, conversation((SYSTEM, *long), "And now?"), loss_on="assistant", max_length=100)
    learned = tokenizer.decode([token for token, has_loss in zip(row.target, row.learned, strict=True) if has_loss])
    assert cut == 1
    assert learned.startswith("answer ") and "answer 0<" not in learned
    assert learned.endswith(f"answer 4<|close|>{ANSWER}<|close|>")
    assert "question" not in learned and "assistant" not in learned


def test_without_a_chat_template_the_turns_are_learned_without_their_end(tokenizer: Any) -> None:
    tokenizer = with_template(tokenizer, None)
    (row,), _ = encode(tokenizer, conversation((SYSTEM, *TURNS), "Since Monday."), loss_on="assistant")
    learned = [token for token, has_loss in zip(row.target, row.learned, strict=True) if has_loss]
    assert tokenizer.decode(learned) == f"Since when?{ANSWER}{tokenizer.eos_token}"
    assert tokenizer.decode(row.prompt).endswith("Assistant:\n")
    (plain,), _ = encode(tokenizer, conversation((SYSTEM, *TURNS), "Since Monday."))
    assert [*plain.prompt, *plain.target] == [*row.prompt, *row.target], "the model reads the same"


def test_single_prompts_have_one_answer(tokenizer: Any) -> None:
    tokenizer = with_template(tokenizer, CHATML)
    example = conversation((), "Since Monday.")
    assert encode(tokenizer, example, loss_on="assistant") == encode(tokenizer, example)


def test_text_of_a_turn_ends_no_turn(tokenizer: Any) -> None:
    tokenizer = with_template(tokenizer, CHATML)
    (encoded,) = PromptEncoder(tokenizer, "chat").prompts([conversation((SYSTEM, *TURNS), PROMPT)], render, 10_000)
    assert encoded.ids.count(tokenizer.convert_tokens_to_ids("<|close|>")) == 4, "one for each turn"


def test_system_prompt_moves_to_the_user_where_the_template_has_no_place_for_it(tokenizer: Any) -> None:
    tokenizer = with_template(tokenizer, GEMMA)
    encoder = PromptEncoder(tokenizer, "chat")
    (encoded,) = encoder.prompts([conversation((SYSTEM, *TURNS), "Since Monday.")], render, 10_000)
    merged = (Turn("user", f"{SYSTEM.content}\n\n{TURNS[0].content}"), TURNS[1])
    assert encoder.prompts([conversation(merged, "Since Monday.")], render, 10_000)[0].ids == encoded.ids


def test_order_that_the_template_refuses_is_an_error_that_names_it(tokenizer: Any) -> None:
    encoder = PromptEncoder(with_template(tokenizer, GEMMA), "chat")
    with pytest.raises(BenchError, match=r"a conversation of 2 turns \(user, user\): .*Roles must alternate.*Set prompt_format: plain"):
        encoder.prompts([conversation([Turn("user", "Hello")], "Again")], render, 10_000)


def test_oldest_turns_are_left_out_first_and_the_system_prompt_stays(tokenizer: Any) -> None:
    tokenizer = with_template(tokenizer, CHATML)
    encoder = PromptEncoder(tokenizer, "chat")
    long = [turn for i in range(20) for turn in (Turn("user", f"question {i}"), Turn("assistant", f"answer {i}"))]
    (whole,) = encoder.prompts([conversation((SYSTEM, *long), PROMPT)], render, 10_000)
    (cut,) = encoder.prompts([conversation((SYSTEM, *long), PROMPT)], render, len(whole.ids) // 2)
    text = tokenizer.decode(cut.ids)
    assert not whole.truncated
    assert cut.truncated
    assert len(cut.ids) <= len(whole.ids) // 2
    assert SYSTEM.content in text
    assert PROMPT in text
    assert "answer 19" in text
    assert "question 0<" not in text
    assert text.index("question") < text.index("answer"), "an answer without its question is left out, too"


def test_prompt_is_cut_when_no_earlier_turn_is_left(tokenizer: Any) -> None:
    encoder = PromptEncoder(with_template(tokenizer, CHATML), "chat")
    (cut,) = encoder.prompts([conversation((SYSTEM, *TURNS), "word " * 400)], render, 100)
    assert cut.truncated
    assert len(cut.ids) <= 100


def test_model_without_a_chat_template_reads_the_speakers_as_text(tokenizer: Any) -> None:
    tokenizer = with_template(tokenizer, None)
    (encoded,) = PromptEncoder(tokenizer).prompts([conversation((SYSTEM, *TURNS[1:]), "Since Monday.")], render, 10_000)
    assert tokenizer.decode(encoded.ids).endswith(
        "System:\nAnswer briefly.\n\nAssistant:\nSince when?\n\nUser:\nSince Monday.\n\nAssistant:\n"
    )


@pytest.mark.parametrize("text", [CHATML, None])
def test_shots_come_between_the_system_prompt_and_the_conversation(tokenizer: Any, text: str | None) -> None:
    tokenizer = with_template(tokenizer, text)
    shots = [Shot("first question", "first answer"), Shot("second question", "second answer")]
    encoder = PromptEncoder(tokenizer)
    (encoded,) = encoder.prompts([conversation((SYSTEM, *TURNS), PROMPT)], render, 10_000, shots)
    order = [tokenizer.decode(encoded.ids).index(part) for part in (SYSTEM.content, "first answer", "second answer", "My knee", "Monday")]
    assert encoded.shots == 2
    assert order == sorted(order)
    (fewer,) = encoder.prompts([conversation((SYSTEM, *TURNS), PROMPT)], render, len(encoded.ids) - 1, shots)
    assert (fewer.shots, fewer.truncated) == (1, False)


def test_shots_are_not_taken_from_the_middle_of_a_conversation() -> None:
    examples = [Example(str(i), conversation((SYSTEM, *TURNS) if i % 2 else (SYSTEM,), f"p {i}").inputs, ("a",)) for i in range(10)]
    assert sorted(example.id for example in draw_shots(examples, 10, seed=1)) == ["0", "2", "4", "6", "8"]


def test_input_that_holds_no_turns_names_the_example(tokenizer: Any) -> None:
    with pytest.raises(BenchError, match=r"example '7': its input 'earlier_turns' does not begin with the name of a speaker"):
        PromptEncoder(tokenizer).prompts([Example("7", {EARLIER_TURNS: "hi", "input": "x"}, ())], render, 100)
