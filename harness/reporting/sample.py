"""A few test examples to read: what went in, what should come out, what each strategy said."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from harness.reporting import numbers
from harness.reporting.text import one_line, visible
from harness.reporting.view import Line, SampleOutput, SampleRow
from harness.types import Example, Metric, Prediction

MOST_ROWS = 50
INPUT_LIMIT = 4000  # characters shown of one field
OUTPUT_LIMIT = 2000
MOST_LINES = 8  # outputs below one another that somebody still compares
NO_ANSWER = "(no answer)"


def worth_reading(lines: Sequence[Line]) -> tuple[Line, ...]:
    """The lines whose outputs are shown: those with results, of each strategy and model the largest training size, and of them the
    best eight; `base` of the best one is always there."""
    done = [ln for ln in lines if ln.done]
    largest = {key: max(ln.train_size for ln in done if (ln.strategy, ln.model) == key) for key in {(ln.strategy, ln.model) for ln in done}}
    chosen = [ln for ln in done if ln.train_size == largest[ln.strategy, ln.model]]
    base = next((ln for ln in chosen[MOST_LINES:] if ln.is_base and ln.model == chosen[0].model), None)
    return tuple([*chosen[: MOST_LINES - 1], base] if base else chosen[:MOST_LINES])


def sample_of(
    examples: Sequence[Example], predictions: Mapping[str, Mapping[str, Prediction]], primary: Metric | None, seed: str
) -> tuple[SampleRow, ...]:
    """At most 50 test examples drawn with a seed, in the order of the test rows.

    Args:
        predictions: by the strategy's label, its predictions by example id.
        primary: the metric whose value stands beside an output, if it judges single examples.
        seed: what the draw depends on; the same run always shows the same rows.
    """
    chosen = sorted(random.Random(seed).sample(range(len(examples)), min(MOST_ROWS, len(examples))))
    return tuple(_row(examples[i], predictions, primary) for i in chosen)


def _row(example: Example, predictions: Mapping[str, Mapping[str, Prediction]], primary: Metric | None) -> SampleRow:
    outputs = []
    for label, by_id in predictions.items():
        prediction = by_id.get(example.id)
        text = visible(prediction.output, OUTPUT_LIMIT) if prediction else ""
        mark = _mark(example, prediction, primary) if prediction else "no output"
        outputs.append(SampleOutput(label, text, _taken(prediction) if prediction else None, mark))
    first = example.inputs.get("question") or next(iter(example.inputs.values()), "")
    return SampleRow(
        id=one_line(example.id, 60),
        title=one_line(first, 110),
        inputs=tuple((one_line(name, 60), visible(text, INPUT_LIMIT)) for name, text in example.inputs.items()),
        references=tuple(visible(target, OUTPUT_LIMIT) for target in example.targets),
        outputs=tuple(outputs),
    )


def _taken(prediction: Prediction) -> str | None:
    """The answer that was taken from the output and scored, where it is not the output itself."""
    if prediction.extracted is None or prediction.extracted.strip() == prediction.output.strip():
        return None
    return visible(prediction.extracted, OUTPUT_LIMIT) if prediction.extracted.strip() else NO_ANSWER


def _mark(example: Example, prediction: Prediction, primary: Metric | None) -> str:
    """Right or wrong for a label, else the primary score of this row; nothing for a score that only a whole test set has."""
    if example.choices:
        return "right" if prediction.extracted is not None and prediction.extracted in example.targets else "wrong"
    if primary is None or primary.level != "example":
        return ""
    statistic = primary.per_example(example, prediction)
    return f"{primary.name} {numbers.score(statistic[0], primary.unit)}" if statistic else ""
