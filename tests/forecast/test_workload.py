"""The training of a cell: which of its micro-batches is the largest."""

from __future__ import annotations

from harness.api.catalogs import open_catalog
from harness.engine.models import load_skeleton, resolve_model
from harness.forecast.workload import measure_training
from harness.types import DataReport, Example, Splits
from tests.forecast.trial_strategies import LORA


def test_a_micro_batch_of_shorter_texts_may_have_more_tokens() -> None:
    """Of texts of about 800 tokens, two fit in 2,048; of those of about 600, three do."""
    task = open_catalog((), ()).task("summarization").value
    examples = tuple(Example(id=str(i), inputs={"input": "word " * (750 if i < 8 else 560)}, targets=("word " * 10,)) for i in range(16))
    splits = Splits(examples, (), examples[:1], DataReport("made", {}, {}), "digest")
    work = measure_training(task, LORA, load_skeleton(resolve_model("tiny"), labels=()), splits, len(examples), "cpu", "float32")
    assert work.batch.rows == 3
    assert work.later is not None and work.later.rows * work.later.tokens <= work.batch.rows * work.batch.tokens < 2048
