"""Whether a run that comes from another machine holds what its model answers: the model answers some test examples again here.

Digests reveal damage, not forgery: a person who edits the stored outputs of a run can also write new digests, and can choose test examples
that the model answers well. So the examples come from the test set of this machine where the task is known here.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from harness.data.identity import example_digest
from harness.errors import BenchError
from harness.gate.verdict import VerdictNote
from harness.results import FinishedCell, StrategyResult, example_metric_of
from harness.statistics import per_example_scores
from harness.types import Example, Metric, Prediction

SAMPLE = 32  # test examples; outputs that were replaced for a tenth of the test set escape such a sample in 1 of 30 cases
_LARGEST_SHARE = 0.1  # of the sample may differ, because another machine rounds differently


def is_foreign(model: StrategyResult) -> bool:
    """Whether the outputs of a model must be confirmed here: another machine has made them, and they are not external."""
    return not model.external and not model.run.folder.was_made_here()


def check_origin(model: StrategyResult, local: Sequence[Example] | None, model_path: str | None = None) -> VerdictNote:
    """Let the model answer again, and compare with the outputs that its run has stored.

    A sample of the local test set is answered. Those of it that the run holds are compared, and the run's own examples fill up the rest. On
    those that the run does not hold, the model is scored: the note states this score beside that of the run.

    Args:
        model: a strategy with one cell.
        local: the test set of the task on this machine; None where the task is not known here, or its data cannot be read.
        model_path: where the base model is, if its name does not tell.

    Raises:
        BenchError: the base model is not here, or the model's answers are not the stored ones.
    """
    from harness.engine.artifacts import device_for, find_base, load_finished

    finished = FinishedCell(model.run, model.cell)
    sample = _draw(model, _fit(finished, local))
    predictor = load_finished(finished, find_base(finished, model_path), device_for(model.run))
    answers = predictor.predict(sample.compared)
    differing = [p for p in answers if p.answer != sample.stored[p.example_id].answer]
    if len(differing) > _LARGEST_SHARE * len(answers):
        example = differing[0].example_id
        share = f"{len(differing)} of {len(answers)} test examples have another output when the model answers them here"
        raise BenchError(
            f"{model.run.path}: comes from another machine, and its stored outputs are not those of its model: {share}, such as "
            f"'{example}'. Repeat the run on this machine."
        )
    numbers: dict[str, float] = {"checked": len(answers), "differing": len(differing)}
    metric = example_metric_of(model.task_scores.metrics)
    if sample.local is not None:
        numbers |= {"local": sample.local, "shared": sample.shared}
    if sample.unknown and metric is not None:
        here = _mean(metric, sample.unknown, predictor.predict(sample.unknown))  # whose ids may be those of other examples of the run
        own = _mean(metric, model.examples, [sample.stored[e.id] for e in model.examples if e.id in sample.stored])
        numbers |= {"unknown": len(sample.unknown)} | {k: v for k, v in (("score_here", here), ("score_there", own)) if v is not None}
    texts = {"run": (model.run.name,), "task": (model.task.name,), "score": (metric.name if metric is not None else "",)}
    return VerdictNote("foreign_run", numbers, texts)


@dataclass(frozen=True)
class _Sample:
    """What the model answers: examples of the run with a stored output, and local ones that the run does not hold (`unknown`)."""

    compared: list[Example]
    unknown: list[Example]
    stored: dict[str, Prediction]
    local: int | None
    shared: int


def _draw(model: StrategyResult, local: Sequence[Example] | None) -> _Sample:
    stored = {prediction.example_id: prediction for prediction in model.predictions(model.cell)}
    answered = [example for example in model.examples if example.id in stored]
    by_digest = {example_digest(example): example for example in answered}
    draw = random.SystemRandom()  # which a forger cannot know
    drawn = draw.sample(list(local or ()), min(SAMPLE, len(local or ())))
    known = {example.id: example for each in drawn if (example := by_digest.get(example_digest(each)))}
    rest = [example for example in answered if example.id not in known]
    compared = [*known.values(), *draw.sample(rest, min(SAMPLE - len(known), len(rest)))]
    unknown = [example for example in drawn if example_digest(example) not in by_digest]
    shared = sum(example_digest(example) in by_digest for example in local or ())
    return _Sample(compared, unknown, stored, None if local is None else len(local), shared)


def _fit(finished: FinishedCell, local: Sequence[Example] | None) -> Sequence[Example] | None:
    """The local examples with the inputs that the model reads; None where they have others."""
    from harness.engine.artifacts import fit_examples

    try:
        return None if not local else fit_examples(finished, tuple(local), "the local test set")
    except BenchError:
        return None


def _mean(metric: Metric, examples: Sequence[Example], predictions: Sequence[Prediction]) -> float | None:
    """The mean score of the examples that have one."""
    by_id = {example.id: example for example in examples}
    scores = [per_example_scores([metric], by_id[p.example_id], p).get(metric.name) for p in predictions]
    values = [score for score in scores if score is not None]
    return sum(values) / len(values) if values else None
