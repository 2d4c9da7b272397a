"""External outputs, read when the grid is planned."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.data.pipeline import Output, read_outputs
from harness.engine.inference import extract
from harness.metrics import match_label
from harness.types import Example, Prediction, Splits, Strategy, Task

_SMALLEST_PROBABILITY = 1e-300


def read_predictions(strategy: Strategy, task: Task, splits: Splits) -> tuple[Prediction, ...]:
    """Read the strategy's outputs as predictions, in the order of the test examples; examples without an output have none.

    Raises:
        BenchError: see `read_outputs`.
    """
    assert strategy.outputs is not None
    other_ids = {example.id for example in (*splits.train, *splits.validation, *splits.calibration)} | splits.left_out
    other_ids |= splits.left_out_of_validation
    outputs = read_outputs(Path(strategy.outputs.path), splits.test, ignored_ids=other_ids, is_whole=not splits.left_out)
    return tuple(as_prediction(task, example, outputs[example.id]) for example in splits.test if example.id in outputs)


def as_prediction(task: Task, example: Example, output: Output) -> Prediction:
    """The prediction of one output."""
    if not task.chooses:
        return Prediction(example.id, output.text, extract(output.text, task, task.decode.stop))
    label = match_label(output.text, example.choices)
    return Prediction(example.id, output.text, label, _logprobs(output.probabilities, example.choices), finish="choice")


def _logprobs(probabilities: Mapping[str, float], choices: Sequence[str]) -> tuple[float, ...]:
    """Natural logarithms in the order of the choices. A label with no probability, or 0, gets the smallest one.

    Empty if no label has a probability above 0.
    """
    if not any(probabilities.get(choice, 0.0) > 0 for choice in choices):
        return ()
    return tuple(math.log(max(probabilities.get(choice, 0.0), _SMALLEST_PROBABILITY)) for choice in choices)
