"""How long the texts of the test rows are, in words: inputs, references, and what each strategy wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from harness.reporting.views.view import Length
from harness.types import Example, Prediction


def lengths_of(examples: Sequence[Example], outputs: Mapping[str, Sequence[Prediction]]) -> tuple[Length, ...]:
    """Words, split at white space, of each input, of the first reference, and of the outputs by the label of their strategy. Labels that
    answers are chosen from have no length worth telling."""
    fields = dict.fromkeys(name for example in examples for name in example.inputs)
    found = [_length(name, [example.inputs.get(name, "") for example in examples]) for name in fields]
    if any(not example.choices for example in examples):
        found.append(_length("reference", [example.targets[0] for example in examples if example.targets]))
        found += [_length(f"output of {label}", [p.output for p in predictions]) for label, predictions in outputs.items()]
    return tuple(length for length in found if length is not None)


def _length(name: str, texts: Sequence[str]) -> Length | None:
    if not texts:
        return None
    words = np.array([len(text.split()) for text in texts])
    return Length(name, float(np.median(words)), float(np.quantile(words, 0.95)), int(words.max()), int((words == 0).sum()))
