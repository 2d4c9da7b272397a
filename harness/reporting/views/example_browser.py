"""The test rows that can be read in the report: what went in, what should come out, what each strategy said, packed for the page."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from harness import webpage
from harness.metrics import unsupported_sentences
from harness.reporting.views.view import ExampleOutput, ExampleRow
from harness.reporting.wording import numbers
from harness.results import StrategyResult
from harness.text import one_line, visible
from harness.types import Example, Metric, Prediction

MOST_ROWS = 2000
INPUT_LIMIT = 4000  # characters shown of one field
OUTPUT_LIMIT = 2000
MOST_LINES = 8  # outputs below one another that somebody still compares
MOST_MARKED = 1000  # outputs in which unsupported sentences are looked for: a few milliseconds each
NO_ANSWER = "(no answer)"
UNSUPPORTED = "unsupported_rate"


def worth_reading(lines: Sequence[StrategyResult]) -> tuple[StrategyResult, ...]:
    """The lines whose outputs are shown: those with results, of each strategy and model the largest training size, and of them the
    best eight; `base` of the best one is always there."""
    done = [ln for ln in lines if ln.done]
    largest = {key: max(ln.train_size for ln in done if (ln.strategy, ln.model) == key) for key in {(ln.strategy, ln.model) for ln in done}}
    chosen = [ln for ln in done if ln.train_size == largest[ln.strategy, ln.model]]
    base = next((ln for ln in chosen[MOST_LINES:] if ln.is_base and ln.model == chosen[0].model), None)
    return tuple([*chosen[: MOST_LINES - 1], base] if base else chosen[:MOST_LINES])


def examples_of(
    examples: Sequence[Example],
    predictions: Mapping[str, Mapping[str, Prediction]],
    primary: Metric | None,
    *,
    seed: str,
    faithful: bool,
    limit: int = MOST_ROWS,
) -> tuple[ExampleRow, ...]:
    """At most `limit` test examples drawn with a seed, in the order of the test rows.

    Args:
        predictions: by the strategy's label, its predictions by example id.
        primary: the metric whose value stands beside an output, if it judges single examples.
        seed: what the draw depends on; the same run always shows the same rows.
        faithful: whether sentences that the inputs do not support are marked, in the first outputs.
    """
    chosen = sorted(random.Random(seed).sample(range(len(examples)), min(limit, len(examples))))
    marked = MOST_MARKED // max(len(predictions), 1) if faithful else 0
    return tuple(_row(examples[i], predictions, primary, mark=k < marked) for k, i in enumerate(chosen))


def _row(example: Example, predictions: Mapping[str, Mapping[str, Prediction]], primary: Metric | None, *, mark: bool) -> ExampleRow:
    first = example.inputs.get("question") or next(iter(example.inputs.values()), "")
    return ExampleRow(
        id=one_line(example.id, 60),
        title=one_line(first, 110),
        inputs=tuple((one_line(name, 60), visible(text, INPUT_LIMIT)) for name, text in example.inputs.items()),
        references=tuple(visible(target, OUTPUT_LIMIT) for target in example.targets),
        label=one_line(example.targets[0], 60) if example.choices and example.targets else None,
        outputs=tuple(_output(example, by_id.get(example.id), primary, label, mark) for label, by_id in predictions.items()),
    )


def _output(example: Example, prediction: Prediction | None, primary: Metric | None, label: str, mark: bool) -> ExampleOutput:
    if prediction is None:
        return ExampleOutput(label, "", None, None, "no output", ())
    score = _score(example, prediction, primary)
    words = "" if score is None else f"{primary.name} {numbers.score(score, primary.unit)}" if primary else ""
    if example.choices:
        words = "right" if score else "wrong"
    claimed = unsupported_sentences(prediction.answer, "\n".join(example.inputs.values())) if mark else ()
    return ExampleOutput(
        label=label,
        text=visible(prediction.output, OUTPUT_LIMIT),
        answer=_taken(prediction),
        score=score,
        mark=words,
        unsupported=tuple((visible(sentence, OUTPUT_LIMIT), one_line(reason, 80)) for sentence, reason in claimed),
    )


def _taken(prediction: Prediction) -> str | None:
    """The answer that was taken from the output and scored, where it is not the output itself."""
    if prediction.extracted is None or prediction.extracted.strip() == prediction.output.strip():
        return None
    return visible(prediction.extracted, OUTPUT_LIMIT) if prediction.extracted.strip() else NO_ANSWER


def _score(example: Example, prediction: Prediction, primary: Metric | None) -> float | None:
    """1 or 0 for a label, else the primary score of this row; None for a score that only a whole test set has."""
    if example.choices:
        return float(prediction.extracted is not None and prediction.extracted in example.targets)
    if primary is None or primary.level != "example":
        return None
    if primary.name in prediction.scores:
        return prediction.scores[primary.name]
    statistic = primary.per_example(example, prediction)
    return statistic[0] if statistic else None


def packed(rows: Sequence[ExampleRow], labels: Sequence[str]) -> str:
    """The rows as JSON, compressed, in base64: letters, digits, '+', '/' and '=' alone. `report.js` unpacks them.

    `{"labels": […], "rows": [{"i": id, "t": title, "in": [[name, text], …], "r": [reference, …], "c": label, "o": [{"t": text,
    "a": answer, "s": score, "m": mark, "u": [[sentence, reason], …]}, …]}, …]}`, the outputs in the order of the labels.
    """
    value: dict[str, Any] = {
        "labels": [one_line(label, 60) for label in labels],
        "rows": [
            {
                "i": row.id,
                "t": row.title,
                "in": row.inputs,
                "r": row.references,
                "c": row.label,
                "o": [{"t": o.text, "a": o.answer, "s": o.score, "m": o.mark, "u": o.unsupported} for o in row.outputs],
            }
            for row in rows
        ],
    }
    return webpage.pack_json(value)
