"""How long the texts of the test examples are, in words: inputs, references, and the outputs of each strategy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.types import Example, Prediction


@dataclass(frozen=True)
class TextLength:
    """The lengths of one kind of text, in words split at white space.

    Attributes:
        name: the input's name, or the label of the strategy that wrote the outputs; empty for references.
        most: 95% of the texts have at most so many words.
        empty: how many texts have none.
    """

    kind: Literal["input", "reference", "output"]
    name: str
    median: float
    most: float
    longest: int
    empty: int


def measure_lengths(examples: Sequence[Example], outputs: Mapping[str, Sequence[Prediction]]) -> tuple[TextLength, ...]:
    """The lengths of the inputs, the first reference and the outputs, by strategy label. Labels to choose from have no lengths."""
    fields = dict.fromkeys(name for example in examples for name in example.inputs)
    lengths = [_length("input", name, [example.inputs.get(name, "") for example in examples]) for name in fields]
    if any(not example.choices for example in examples):
        lengths.append(_length("reference", "", [example.targets[0] for example in examples if example.targets]))
        lengths += [_length("output", label, [p.output for p in predictions]) for label, predictions in outputs.items()]
    return tuple(length for length in lengths if length is not None)


def _length(kind: Literal["input", "reference", "output"], name: str, texts: Sequence[str]) -> TextLength | None:
    if not texts:
        return None
    words = np.array([len(text.split()) for text in texts])
    median, most = float(np.median(words)), float(np.quantile(words, 0.95))
    return TextLength(kind, name, median, most, int(words.max()), int((words == 0).sum()))
