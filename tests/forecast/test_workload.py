"""The training of a cell: which of its micro-batches is the largest."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.api.catalogs import open_catalog
from harness.engine.models import load_skeleton, resolve_model
from harness.forecast.workload import measure_answering, measure_training
from harness.types import DataReport, Example, Splits, Strategy, TrainSpec
from tests.forecast.trial_strategies import LORA


def test_a_micro_batch_of_shorter_texts_may_have_more_tokens() -> None:
    """Of texts of about 800 tokens, two fit in 2,048; of those of about 600, three do."""
    task = open_catalog((), ()).task("summarization").value
    examples = tuple(Example(id=str(i), inputs={"input": "word " * (750 if i < 8 else 560)}, targets=("word " * 10,)) for i in range(16))
    splits = Splits(examples, (), examples[:1], DataReport("made", {}, {}), "digest")
    work = measure_training(
        task, LORA, load_skeleton(resolve_model("tiny"), labels=()), splits, len(examples), "cpu", "float32", budget=2048
    )
    assert work.batch.rows == 3
    assert work.later is not None and work.later.rows * work.later.tokens <= work.batch.rows * work.batch.tokens < 2048


def test_tokens_are_timed_behind_prompts_of_a_usual_batch() -> None:
    """Of 80 prompts, 40 are long and in the first batch. The typical one is the second, of short ones."""
    task = open_catalog((), ()).task("summarization").value
    examples = tuple(Example(id=str(i), inputs={"input": "word " * (60 if i < 40 else 10)}, targets=("word " * 10,)) for i in range(80))
    splits = Splits(examples[:1], examples[:1], examples, DataReport("made", {}, {}), "digest")
    untuned = Strategy(name="b", method="prompt")
    work = measure_answering(task, untuned, load_skeleton(resolve_model("tiny")), splits, 0, "cpu")
    short, long = max(map(len, work.typical)), work.batch.tokens
    assert work.batches == 2 and 40 < work.batch.rows < 80 and short < long - 40
    assert work.width == pytest.approx((work.batch.rows * long + (80 - work.batch.rows) * short) / 80)
    assert work.usually_before == work.limit // 2 + round(work.width) - short
    alike = measure_answering(task, untuned, load_skeleton(resolve_model("tiny")), replace(splits, test=examples[:40]), 0, "cpu")
    assert alike.usually_before == alike.limit // 2


def test_answers_of_a_prefix_are_expected_to_end_less_often() -> None:
    """Prefix and prompt tuning change little in few steps, or break what the model knew about where to end."""
    task = open_catalog((), ()).task("qa").value
    inputs = {"context": "word " * 40, "question": "Which word?"}
    examples = tuple(Example(id=str(i), inputs=inputs, targets=("word",)) for i in range(40))
    splits = Splits(examples, examples, examples, DataReport("made", {}, {}), "digest")
    adapters = [{"peft_type": kind, "num_virtual_tokens": 8} for kind in ("PREFIX_TUNING", "PROMPT_TUNING")]
    lora, prefix, prompt = (
        measure_answering(task, strategy, load_skeleton(resolve_model("tiny")), splits, 40, "cpu").outputs
        for strategy in (LORA, *(Strategy(name="p", method="peft", adapter=each, train=TrainSpec()) for each in adapters))
    )
    assert lora is not None and prefix is not None
    assert prefix.likely.row_steps > 1.2 * lora.likely.row_steps and prefix == prompt
    assert prefix.longest == lora.longest, "the limit is that of the task"
