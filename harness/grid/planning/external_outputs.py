"""External outputs, read when the grid is planned: one prediction per test example."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.data.pipeline import Output, read_outputs
from harness.engine.inference import extract
from harness.types import Example, Prediction, Splits, Strategy, Task

_EDGES = re.compile(r"^[\W_]+|[\W_]+$")


def predictions_of(strategy: Strategy, task: Task, splits: Splits) -> tuple[Prediction, ...]:
    """One prediction for each output to a test row that is there, in the order of the rows.

    Raises:
        BenchError: see `read_outputs`.
    """
    assert strategy.outputs is not None
    others = {example.id for example in (*splits.train, *splits.validation)}
    found = read_outputs(Path(strategy.outputs.path), splits.test, ignored_ids=others)
    return tuple(_prediction(task, example, found[example.id]) for example in splits.test if example.id in found)


def _prediction(task: Task, example: Example, output: Output) -> Prediction:
    if not task.chooses:
        return Prediction(example.id, output.text, extract(output.text, task, task.decode.stop))
    return Prediction(
        example.id, output.text, label_in(output.text, example.choices), _logprobs(output.probabilities, example.choices), finish="choice"
    )


def label_in(text: str, choices: Sequence[str]) -> str | None:
    """The label that an output is: as it is, else whatever its case, else whatever the punctuation around it; None where it is none of
    them, or could be several."""
    if text.strip() in choices:
        return text.strip()
    for folded in (str.casefold, lambda label: _EDGES.sub("", label).casefold()):
        fitting = [choice for choice in choices if folded(choice.strip()) == folded(text.strip()) != ""]
        if fitting:
            return fitting[0] if len(fitting) == 1 else None
    return None


def _logprobs(probabilities: Mapping[str, float], choices: Sequence[str]) -> tuple[float, ...]:
    """Natural logarithms in the order of the choices; a label without a probability, or with none, has the smallest that counts."""
    if not any(probabilities.get(choice, 0.0) > 0 for choice in choices):
        return ()
    return tuple(math.log(max(probabilities.get(choice, 0.0), 1e-300)) for choice in choices)
