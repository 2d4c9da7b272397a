"""Ranks of canaries and verbatim overlap, compared with plain computations."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch
from tiny_models import save_model

from harness.data.canaries import draw_canaries, write_sentence
from harness.engine.inference import Predictor
from harness.engine.leakage import all_canaries_fit, measure_canaries, measure_overlaps
from harness.engine.leakage.canary_ranks import rank_first
from harness.engine.leakage.verbatim_overlap import longest_shared_run
from harness.engine.models import find_device, load_model, resolve_model
from harness.types import Example, Strategy, Task

TASK = Task(
    name="cards", kind="generation", data={"source": "clinic"}, prompt="{{ input }}", metrics=("rouge",), primary="rougeL",
    privacy={"canaries": 2, "repeats": (1, 3), "references": 20},
)  # fmt: skip
EXAMPLES = [Example(f"{i}", {"input": f"where is my card number {i}"}, (f"card {i} has not arrived yet, please wait",)) for i in range(12)]


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    folder = save_model(tmp_path_factory.mktemp("model"), "llama", max_position_embeddings=512)
    loaded = load_model(resolve_model(str(folder)), find_device("float32"))
    return Predictor(TASK, Strategy(name="base", method="prompt"), loaded)


def log_likelihood(predictor: Predictor, ids: list[int], start: int) -> float:
    """Of the tokens from `start` on, by one pass of the model alone."""
    model: Any = predictor.loaded.model
    with torch.no_grad():
        logprobs = model(torch.tensor([ids])).logits[0].float().log_softmax(dim=-1)
    return float(sum(logprobs[i - 1, ids[i]] for i in range(start, len(ids))))


def test_ranks_are_those_of_a_plain_pass_over_every_whole_text(predictor: Predictor) -> None:
    planted = draw_canaries(TASK, EXAMPLES, ())
    outcomes = measure_canaries(predictor, planted, lambda done, total: None)
    assert [outcome.repeats for outcome in outcomes] == [1, 1, 3, 3]
    for canary, outcome in zip(planted.canaries, outcomes, strict=True):
        (prompt,) = predictor.prompts([canary.carrier])
        texts = [write_sentence(canary.prefix, secret) for secret in (canary.secret, *planted.references[canary.format])]
        scores = [log_likelihood(predictor, [*prompt.ids, *ids], len(prompt.ids)) for ids in predictor.encoder.text_ids(texts)]
        better = sum(score > scores[0] + 1e-3 for score in scores[1:])
        close = sum(abs(score - scores[0]) <= 1e-3 for score in scores[1:])
        assert outcome.candidates == 21
        assert better + 1 <= outcome.rank <= better + close + 1


def test_the_rank_is_that_of_sorting_and_ties_take_the_middle() -> None:
    draw = random.Random(1)
    for _ in range(50):
        values = [draw.random() for _ in range(30)]
        assert rank_first(values) == sorted(values, reverse=True).index(values[0]) + 1
    assert rank_first([0.5, 0.5, 0.5, 0.1]) == 2
    assert rank_first([0.0] * 256) == 128.5, "a model that prefers nothing must not look as if it remembered"


def test_continuations_score_the_same_with_and_without_a_shared_prompt(predictor: Predictor) -> None:
    (prompt,) = predictor.prompts(EXAMPLES[:1])
    texts = predictor.encoder.text_ids(["card", " card number", " wait for the card"])
    expected = [log_likelihood(predictor, [*prompt.ids, *ids], len(prompt.ids)) for ids in texts]
    assert predictor.score_continuations(prompt.ids, texts) == pytest.approx(expected, abs=1e-3)


def test_a_context_that_cannot_hold_a_canary_is_noticed(tmp_path: Any) -> None:
    folder = save_model(tmp_path / "model", "llama", max_position_embeddings=64)
    loaded = load_model(resolve_model(str(folder)), find_device("float32"))
    long = [Example(e.id, {"input": e.inputs["input"] * 9}, e.targets) for e in EXAMPLES]
    task = TASK.model_copy(update={"decode": TASK.decode.model_copy(update={"max_new_tokens": 4})})
    short_context = Predictor(task, Strategy(name="base", method="prompt"), loaded)
    assert not all_canaries_fit(short_context, draw_canaries(TASK, long, ()).canaries)


@pytest.mark.parametrize(
    ("a", "b", "run"),
    [("a b c d", "x b c y", 2), ("a b c", "a b c", 3), ("", "a", 0), ("abc", "ab", 0), ("a b", "b a", 1), ("a\nb  c", "a b c", 3)],
)
def test_the_longest_run_is_of_whole_words_in_order(a: str, b: str, run: int) -> None:
    assert longest_shared_run(a, b) == run


def test_targets_of_one_token_are_left_out(predictor: Predictor) -> None:
    assert len(measure_overlaps(predictor, [*EXAMPLES[:2], Example("x", {"input": "pin"}, ("x",))])) == 2
    assert measure_overlaps(predictor, []) == ()


def test_prompts_that_leave_no_room_are_left_out(predictor: Predictor) -> None:
    decode = TASK.decode.model_copy(update={"max_new_tokens": 4})
    tight = Predictor(TASK.model_copy(update={"max_length": 64, "decode": decode}), predictor.strategy, predictor.loaded)
    long = Example("x", {"input": "where is my card " * 12}, EXAMPLES[0].targets)
    assert len(measure_overlaps(predictor, [long])) == 1
    assert measure_overlaps(tight, [long]) == ()
