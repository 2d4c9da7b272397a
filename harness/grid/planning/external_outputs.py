"""External outputs, read when the grid is planned."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.data.pipeline import Output, read_outputs
from harness.engine.inference import extract
from harness.types import Example, Prediction, Splits, Strategy, Task

_EDGES = re.compile(r"^[\W_]+|[\W_]+$")
_SMALLEST_PROBABILITY = 1e-300


def read_predictions(strategy: Strategy, task: Task, splits: Splits) -> tuple[Prediction, ...]:
    """Read the strategy's outputs as predictions, in the order of the test examples; examples without an output have none.

    Raises:
        BenchError: see `read_outputs`.
    """
    assert strategy.outputs is not None
    other_ids = {example.id for example in (*splits.train, *splits.validation)} | splits.left_out
    outputs = read_outputs(Path(strategy.outputs.path), splits.test, ignored_ids=other_ids, is_whole=not splits.left_out)
    return tuple(_prediction(task, example, outputs[example.id]) for example in splits.test if example.id in outputs)


def _prediction(task: Task, example: Example, output: Output) -> Prediction:
    if not task.chooses:
        return Prediction(example.id, output.text, extract(output.text, task, task.decode.stop))
    label = match_label(output.text, example.choices)
    return Prediction(example.id, output.text, label, _logprobs(output.probabilities, example.choices), finish="choice")


def match_label(text: str, choices: Sequence[str]) -> str | None:
    """The label that an output names: compared exactly, then ignoring case, then ignoring the punctuation around it.

    None if it names no label, or could mean several.
    """
    if text.strip() in choices:
        return text.strip()
    for normalize in (str.casefold, lambda label: _EDGES.sub("", label).casefold()):
        matches = [choice for choice in choices if normalize(choice.strip()) == normalize(text.strip()) != ""]
        if matches:
            return matches[0] if len(matches) == 1 else None
    return None


def _logprobs(probabilities: Mapping[str, float], choices: Sequence[str]) -> tuple[float, ...]:
    """Natural logarithms in the order of the choices. A label with no probability, or 0, gets the smallest one.

    Empty if no label has a probability above 0.
    """
    if not any(probabilities.get(choice, 0.0) > 0 for choice in choices):
        return ()
    return tuple(math.log(max(probabilities.get(choice, 0.0), _SMALLEST_PROBABILITY)) for choice in choices)
