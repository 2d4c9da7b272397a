"""The margin of each shipped task is what two more errors in a hundred cost, as tasks/README.md says."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.catalog import Catalog
from harness.data import load_splits
from harness.metrics import metrics_for
from harness.statistics import compute_scores
from harness.types import Example, Prediction, Task

ACCEPTED = 0.02  # share of the facts, messages or answers


def loss(task: Task, examples: Sequence[Example], outputs: Sequence[str]) -> float:
    """How far the primary score of these outputs is below that of the first references."""
    metrics = [metric for metric in metrics_for(task.metrics, examples[0].choices) if metric.name == task.primary]
    right, wrong = (
        compute_scores(metrics, examples, [Prediction(e.id, text, extracted=text) for e, text in zip(examples, texts, strict=True)])
        for texts in ([e.targets[0] for e in examples], outputs)
    )
    return float((right[task.primary].value or 0.0) - (wrong[task.primary].value or 0.0))


def with_a_wrong_fact(example: Example, other: Example, rng: random.Random) -> str:
    """The reference, in which a fact is exchanged for the fact of the same kind of another example."""
    others = {fact["what"]: fact["any"][0] for fact in other.meta["facts"]}
    text = example.targets[0]
    for fact in rng.sample(example.meta["facts"], len(example.meta["facts"])):
        for stated in fact["any"]:
            changed = re.sub(rf"(?<!\w){re.escape(stated)}(?!\w)", others.get(fact["what"], stated), text, flags=re.IGNORECASE)
            if changed != text:
                return changed
    raise AssertionError("the two examples share all facts")


@pytest.mark.parametrize("name", ["summarization", "generation"])
def test_margin_is_two_wrong_facts_in_a_hundred(catalog: Catalog, name: str) -> None:
    task = catalog.task(name).value
    rng = random.Random(0)
    examples = load_splits(task, folder=Path()).test
    outputs = [with_a_wrong_fact(e, examples[i - 1], rng) for i, e in enumerate(examples)]
    facts = sum(len(e.meta["facts"]) for e in examples) / len(examples)
    assert task.margin == pytest.approx(ACCEPTED * facts * loss(task, examples, outputs), rel=0.25)


@pytest.mark.parametrize("name", ["classification", "qa"])
def test_margin_is_two_wrong_answers_in_a_hundred(catalog: Catalog, name: str) -> None:
    task = catalog.task(name).value
    rng = random.Random(0)
    splits = load_splits(task, folder=Path())
    examples = [e for e in (*splits.train, *splits.test) if e.targets]
    wrong = set(rng.sample(range(len(examples)), round(ACCEPTED * len(examples))))
    outputs = [
        rng.choice([c for c in e.choices if c != e.targets[0]] or ["?"]) if i in wrong else e.targets[0] for i, e in enumerate(examples)
    ]
    assert task.margin == pytest.approx(loss(task, examples, outputs), rel=0.25)
