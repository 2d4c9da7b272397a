"""Scores of tasks whose answer is one of several labels, the confusion matrix, and the scores of each class.

The averages are those of scikit-learn with `zero_division=0`. The statistic of an example has 3K numbers for K labels: whether it is a hit
of label k, whether k was predicted, and whether k is the gold label. All scores are functions of their sums, so that thousands of resamples
cost one matrix product.

An answer that is not a label (empty, unparseable, invented) is wrong. It counts as a prediction of no class, except for the MCC, which
needs every example to be in a class and treats it as one more. Macro averages are over the labels that occur as gold or predicted label.

Macro averages need test examples of two classes: with one class, a model that always names it would score 1. The MCC needs two gold classes
and two predicted ones. Where these are missing, the scores have no value; scikit-learn gives 0 for the MCC.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.errors import BenchError
from harness.metrics.family import REVISION, Family, example_metric
from harness.metrics.join import join
from harness.text import one_line
from harness.types import Example, Metric, Prediction, Statistic, always_defined

Array: TypeAlias = NDArray[np.float64]
Averages: TypeAlias = Callable[[Array, Array, Array, Array], Array]  # hits, predicted, gold (…, K) and n (…) → (…)


def balanced_accuracy(hits: Array, predicted: Array, gold: Array, n: Array) -> Array:
    """The mean recall of the labels that occur as gold label."""
    return _mean_where(_ratio(hits, gold), gold > 0)


def macro_precision(hits: Array, predicted: Array, gold: Array, n: Array) -> Array:
    """The mean precision of the labels that occur; 0 for a label that is never predicted."""
    return _mean_where(_ratio(hits, predicted), predicted + gold > 0)


def macro_recall(hits: Array, predicted: Array, gold: Array, n: Array) -> Array:
    """The mean recall of the labels that occur; 0 for a label that is only predicted."""
    return _mean_where(_ratio(hits, gold), predicted + gold > 0)


def macro_f1(hits: Array, predicted: Array, gold: Array, n: Array) -> Array:
    """The mean F1 of the labels that occur."""
    return _mean_where(_ratio(2 * hits, predicted + gold), predicted + gold > 0)


def micro_f1(hits: Array, predicted: Array, gold: Array, n: Array) -> Array:
    """F1 over all decisions. Equals accuracy if every answer is a label, else higher: a refusal is a miss but no false alarm."""
    return _ratio(2 * hits.sum(-1), (predicted + gold).sum(-1))


def weighted_f1(hits: Array, predicted: Array, gold: Array, n: Array) -> Array:
    """The mean F1 of the labels, weighted by their frequency as gold label."""
    return _ratio((_ratio(2 * hits, predicted + gold) * gold).sum(-1), gold.sum(-1))


def mcc(hits: Array, predicted: Array, gold: Array, n: Array) -> Array:
    """Matthews' correlation coefficient for K classes; 0, as in resamples, if all gold labels, or all predictions, are of one class.

    Gorodkin 2004, "Comparing two K-category assignments by a K-category correlation coefficient", in the counts that scikit-learn uses.
    """
    invalid = n - predicted.sum(-1)
    together = hits.sum(-1) * n - (predicted * gold).sum(-1)
    spread_predicted = n**2 - (predicted**2).sum(-1) - invalid**2
    spread_gold = n**2 - (gold**2).sum(-1)
    return _ratio(together, np.sqrt(spread_predicted * spread_gold))


_CORPUS: dict[str, tuple[str, Averages]] = {
    "balanced_accuracy": ("fraction", balanced_accuracy),
    "macro_precision": ("fraction", macro_precision),
    "macro_recall": ("fraction", macro_recall),
    "macro_f1": ("fraction", macro_f1),
    "micro_f1": ("fraction", micro_f1),
    "weighted_f1": ("fraction", weighted_f1),
    "mcc": ("coefficient", mcc),
}
_BY_FREQUENCY = ("micro_f1", "weighted_f1")  # in which a rare label counts as little as its examples are few


_MACRO = ("balanced_accuracy", "macro_precision", "macro_recall", "macro_f1")


def single_class(gold: Array, labels: Sequence[str]) -> str:
    """Why scores that compare classes are undefined, from the number of test examples (K,) of each label; empty if two labels occur."""
    present = np.flatnonzero(gold)
    return f"every test example has the label '{one_line(labels[present[0]], 60)}'" if len(present) == 1 else ""


def gold_index(example: Example, positions: dict[str, int]) -> int | None:
    """The position of the example's label; None if it has none.

    Raises:
        BenchError: the label is not among the task's labels, so that no answer to this example could be right.
    """
    if not example.targets:
        return None
    if example.targets[0] not in positions:
        raise BenchError(
            f"example '{example.id}': its label '{example.targets[0]}' is not among the {len(positions)} labels of the task. "
            "Add it to 'labels', or correct the example."
        )
    return positions[example.targets[0]]


def labels_digest(labels: Iterable[str]) -> str:
    """A hash of the labels for signatures; their order does not matter."""
    return hashlib.sha256(json.dumps(sorted(labels)).encode()).hexdigest()[:8]


def predicted_index(prediction: Prediction, positions: dict[str, int]) -> int | None:
    """The position of the predicted label; None if the answer is not a label."""
    return None if prediction.extracted is None else positions.get(prediction.extracted)


def _build(labels: Sequence[str]) -> tuple[Metric, ...]:
    if not labels:
        raise BenchError("the metric 'classification' needs the labels of the task, but it has none")
    positions = {label: k for k, label in enumerate(labels)}
    count = len(positions)
    signature = f"avg:sklearn|zero_division:0|not-a-label:wrong|labels:{count}:{labels_digest(positions)}"

    def hit(example: Example, prediction: Prediction) -> float | None:
        gold = gold_index(example, positions)
        return None if gold is None else float(predicted_index(prediction, positions) == gold)

    def counts(example: Example, prediction: Prediction) -> Statistic | None:
        gold = gold_index(example, positions)
        if gold is None:
            return None
        row = [0.0] * (3 * count)
        row[2 * count + gold] = 1.0
        predicted = predicted_index(prediction, positions)
        if predicted is not None:
            row[count + predicted] = 1.0
            row[predicted] = float(predicted == gold)
        return tuple(row)

    def one_gold_class(statistics: Array) -> str:
        return single_class(statistics[:, 2 * count :].sum(axis=0), labels)

    def constant(statistics: Array) -> str:
        predicted = statistics[:, count : 2 * count].sum(axis=0)
        if predicted.max() == len(statistics):
            return f"every output is '{one_line(labels[int(predicted.argmax())], 60)}'"
        return one_gold_class(statistics) or ("" if predicted.any() else "no output is a label")

    def undefined(name: str) -> Callable[[Array], str]:
        return constant if name == "mcc" else one_gold_class if name in _MACRO else always_defined

    # All share one function object, by which resampling recognizes that they share their statistics.
    corpus = [
        Metric(
            name,
            "higher",
            unit,
            "corpus",
            counts,
            _aggregate(average),
            f"{name}|{signature}|bench:{REVISION}",
            undefined=undefined(name),
            exact=True,
            labels=() if name in _BY_FREQUENCY else tuple(positions),
        )
        for name, (unit, average) in _CORPUS.items()
    ]
    return (example_metric("accuracy", "higher", "fraction", hit, signature, exact=True), *corpus)


def _aggregate(average: Averages) -> Callable[[Array, Array], Array]:
    def aggregate(total: Array, n: Array) -> Array:
        hits, predicted, gold = np.split(np.asarray(total, dtype=np.float64), 3, axis=-1)
        return average(hits, predicted, gold, np.asarray(n, dtype=np.float64))

    return aggregate


def _ratio(above: Array, below: Array) -> Array:
    """above / below, and 0 where below is 0."""
    return np.divide(above, below, out=np.zeros(np.broadcast_shapes(above.shape, below.shape)), where=below != 0)


def _mean_where(values: Array, chosen: NDArray[np.bool_]) -> Array:
    return _ratio((values * chosen).sum(-1), chosen.sum(-1).astype(np.float64))


CLASSIFICATION = Family("classification", ("classification",), ("accuracy", *_CORPUS), _build)


@dataclass(frozen=True)
class ClassScores:
    """The scores of one class. Precision, recall and F1 are 0 where they are undefined."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int
    """The number of examples with this gold label."""
    predicted: int
    """How often this label was predicted."""


def confusion_matrix(examples: Sequence[Example], predictions: Sequence[Prediction], labels: Sequence[str]) -> list[list[int]]:
    """Counts with one row per gold label and one column per predicted label, both in the order of `labels`.

    If any answer is not a label, or is missing, there is one more column at the end for "no valid label".
    """
    positions = {label: k for k, label in enumerate(labels)}
    table = [[0] * (len(labels) + 1) for _ in labels]
    for example, prediction in join(examples, predictions):
        gold = gold_index(example, positions)
        if gold is not None:
            predicted = predicted_index(prediction, positions)
            table[gold][len(labels) if predicted is None else predicted] += 1
    if any(row[-1] for row in table):
        return table
    return [row[:-1] for row in table]


def score_classes(examples: Sequence[Example], predictions: Sequence[Prediction], labels: Sequence[str]) -> list[ClassScores]:
    """The scores of every class in the order of `labels`, including classes without examples."""
    table = confusion_matrix(examples, predictions, labels)
    rows = []
    for k, label in enumerate(labels):
        hits, support, predicted = table[k][k], sum(table[k]), sum(row[k] for row in table)
        rows.append(
            ClassScores(
                label=label,
                precision=hits / predicted if predicted else 0.0,
                recall=hits / support if support else 0.0,
                f1=2 * hits / (support + predicted) if support + predicted else 0.0,
                support=support,
                predicted=predicted,
            )
        )
    return rows
