"""The test examples that can be read in the report: inputs, references, and what each strategy wrote."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from harness.data.privacy import TextGuard
from harness.metrics import UnsupportedPiece, find_unsupported
from harness.reporting.views.sections.output_source import OutputSource, source_of
from harness.results import StrategyResult, TaskResults
from harness.types import Example, Metric, Prediction

MOST_EXAMPLES = 2000
MOST_STRATEGIES = 8  # more outputs below one another cannot be compared
_Metrics: TypeAlias = tuple[Metric | None, Metric | None]  # the primary score, and that of critical errors
_CRITICAL = "critical_error_rate"
_UNSUPPORTED = "unsupported_rate"  # the family that has this score is the one that finds the pieces
MOST_CHECKED = 4000  # outputs that are checked against the input: about 2 milliseconds each


@dataclass(frozen=True)
class ShownOutput:
    """The output of one strategy for one example.

    Attributes:
        text: None where the strategy has no output for the example.
        answer: the answer that was scored, where that is not the output itself; empty where the output has none.
        score: the primary score of this example (1 or 0 for a label); None where only a whole test set has it.
        critical: whether it has a critical error, by the task's own score of them.
        unsupported: what neither the inputs nor a reference supports, piece by piece.
    """

    source: OutputSource
    text: str | None
    answer: str | None
    score: float | None
    critical: bool
    unsupported: tuple[UnsupportedPiece, ...]


@dataclass(frozen=True)
class ShownExample:
    """One test example. A question without an answer has no references; `label` is the true class, if it has one."""

    id: str
    title: str
    inputs: tuple[tuple[str, str], ...]
    references: tuple[str, ...]
    label: str | None
    outputs: tuple[ShownOutput, ...]


def choose_strategies(strategies: Sequence[StrategyResult]) -> tuple[StrategyResult, ...]:
    """The strategies whose outputs are shown: of each strategy and model the largest training size, and of these the best eight.

    `base` of the best one is always among them.
    """
    done = [result for result in strategies if result.done]
    variants = {(result.strategy, result.model) for result in done}
    largest = {key: max(r.train_size for r in done if (r.strategy, r.model) == key) for key in variants}
    chosen = [result for result in done if result.train_size == largest[result.strategy, result.model]]
    base = next((r for r in chosen[MOST_STRATEGIES:] if r.is_base and r.model == chosen[0].model), None)
    return tuple([*chosen[: MOST_STRATEGIES - 1], base] if base else chosen[:MOST_STRATEGIES])


def sample_examples(
    results: TaskResults,
    strategies: Sequence[StrategyResult],
    *,
    seed: str,
    limit: int = MOST_EXAMPLES,
    guard: TextGuard | None = None,
) -> tuple[ShownExample, ...]:
    """At most `limit` test examples drawn with a seed, in the order of the test set, with the outputs of the first cell of each strategy.

    Where the task measures faithfulness, what neither the inputs nor a reference supports is found in the first outputs.

    Args:
        seed: what the draw depends on; the same run always shows the same examples.
        guard: each text passes it.
    """
    examples = results.examples
    outputs = {source_of(r, r.cell): {p.example_id: p for p in r.predictions(r.cell)} for r in strategies}
    critical = next((metric for metric in results.metrics if metric.name == _CRITICAL), None)
    chosen = sorted(random.Random(seed).sample(range(len(examples)), min(limit, len(examples))))
    faithful = any(metric.name == _UNSUPPORTED for metric in results.metrics)
    checked = MOST_CHECKED // max(len(outputs), 1) if faithful else 0
    metrics = results.primary, critical
    shown = tuple(_example(examples[i], outputs, metrics, check_support=k < checked) for k, i in enumerate(chosen))
    if guard is None:
        return shown
    return tuple(_pass_texts(each, examples[i].group or examples[i].id, guard) for each, i in zip(shown, chosen, strict=True))


def _pass_texts(example: ShownExample, within: str, guard: TextGuard) -> ShownExample:
    """The example with each text as the guard lets it pass. What is unsupported is not marked in a text that changed."""

    def pass_output(output: ShownOutput) -> ShownOutput:
        text = None if output.text is None else guard.pass_text(output.text, within)
        answer = output.answer if not output.answer or example.label is not None else guard.pass_text(output.answer, within)
        return replace(output, text=text, answer=answer, unsupported=output.unsupported if text == output.text else ())

    inputs = tuple((name, guard.pass_text(text, within)) for name, text in example.inputs)
    return replace(
        example,
        title=next((new for (_, old), (_, new) in zip(example.inputs, inputs, strict=True) if old == example.title), ""),
        inputs=inputs,
        references=example.references if example.label is not None else tuple(guard.pass_text(text, within) for text in example.references),
        outputs=tuple(map(pass_output, example.outputs)),
    )


def _example(
    example: Example, outputs: Mapping[OutputSource, Mapping[str, Prediction]], metrics: _Metrics, *, check_support: bool
) -> ShownExample:
    return ShownExample(
        id=example.id,
        title=example.inputs.get("question") or next(iter(example.inputs.values()), ""),
        inputs=tuple(example.inputs.items()),
        references=example.targets,
        label=example.targets[0] if example.choices and example.targets else None,
        outputs=tuple(_output(example, by_id.get(example.id), metrics, source, check_support) for source, by_id in outputs.items()),
    )


def _output(example: Example, prediction: Prediction | None, metrics: _Metrics, source: OutputSource, check_support: bool) -> ShownOutput:
    if prediction is None:
        return ShownOutput(source, None, None, None, critical=False, unsupported=())
    primary, critical = metrics
    pieces = find_unsupported(example, prediction) if check_support else ()
    has_error = critical is not None and bool(_measure(example, prediction, critical))
    score = _score(example, prediction, primary)
    return ShownOutput(source, prediction.output, _answer(prediction), score, critical=has_error, unsupported=pieces)


def _answer(prediction: Prediction) -> str | None:
    """The answer that was taken from the output and scored, where it is not the output itself."""
    if prediction.extracted is None or prediction.extracted.strip() == prediction.output.strip():
        return None
    return prediction.extracted if prediction.extracted.strip() else ""


def _score(example: Example, prediction: Prediction, primary: Metric | None) -> float | None:
    if example.choices:
        return float(prediction.extracted is not None and prediction.extracted in example.targets)
    return None if primary is None else _measure(example, prediction, primary)


def _measure(example: Example, prediction: Prediction, metric: Metric) -> float | None:
    """The score of a single example; None where only a whole test set has one."""
    if metric.level != "example":
        return None
    if metric.name in prediction.scores:
        return prediction.scores[metric.name]
    statistic = metric.per_example(example, prediction)
    return statistic[0] if statistic else None
