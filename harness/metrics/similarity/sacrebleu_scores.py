"""BLEU, chrF and TER of a whole test set: sacrebleu's numbers with its defaults, on its scale, where 100 is the whole.

The statistics of a row are sacrebleu's own; only the last step, from their sum to the score, is written here once more, so that
thousands of resamples cost one vectorised call.

| score | statistics of a row | source |
| --- | --- | --- |
| `bleu` | length of answer and closest reference, matches of 1- to 4-grams, 1- to 4-grams of the answer | Papineni et al. 2002; Post 2018 |
| `chrf` | for 1 to 6 characters: n-grams of the answer, of the reference, and of both; of the best reference | Popović 2015 |
| `ter` | the fewest edits to any reference, the mean length of the references | Snover et al. 2006 |

A row without a reference is no question. A row may have more references than another; in sacrebleu that is `None` for those it lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.metrics.family import REVISION, Family
from harness.types import Example, Kind, Metric, Prediction, Statistic

Array: TypeAlias = NDArray[np.float64]

_BETA_SQUARED = 4.0  # chrF2: recall weighs twice as much as precision
_KINDS: tuple[Kind, ...] = ("generation", "summarization", "qa")


def bleu(total: Array, n: Array) -> Array:
    """Totals (…, 10) → (…): the brevity penalty times the geometric mean of the four precisions, each order without a match smoothed
    by half of what the one before got (`exp`, as mteval-v13a does); 0 without any match, or without a 4-gram."""
    written, wanted = total[..., 0], total[..., 1]
    matches, grams = total[..., 2:6], total[..., 6:10]
    none = matches == 0
    numerators = np.where(none, np.exp2(-np.cumsum(none, axis=-1)), matches)
    logs = np.log(numerators / np.where(grams > 0, grams, 1.0))
    brevity = np.exp(np.minimum(0.0, 1 - wanted / np.where(written > 0, written, 1.0)))
    defined = (grams > 0).all(axis=-1) & ~none.all(axis=-1)
    score: Array = np.where(defined, 100 * brevity * np.exp(logs.mean(axis=-1)), 0.0)
    return score


def chrf(total: Array, n: Array) -> Array:
    """Totals (…, 18) → (…): F2 of the precision and the recall that the orders have on average; orders that answer or references are
    too short for do not count."""
    counts = total.reshape(*total.shape[:-1], 6, 3)  # (…, order, [answer, reference, both])
    answer, reference, both = counts[..., 0], counts[..., 1], counts[..., 2]
    there = (answer > 0) & (reference > 0)
    orders = np.maximum(there.sum(axis=-1), 1)
    precision = np.divide(both, answer, out=np.zeros(both.shape), where=there).sum(axis=-1) / orders
    recall = np.divide(both, reference, out=np.zeros(both.shape), where=there).sum(axis=-1) / orders
    below = _BETA_SQUARED * precision + recall
    score: Array = 100 * np.divide((1 + _BETA_SQUARED) * precision * recall, below, out=np.zeros(below.shape), where=below > 0)
    return score


def ter(total: Array, n: Array) -> Array:
    """Totals (…, 2) → (…): edits for each 100 words of the references. If those are empty, 100 for any edit."""
    edits, words = total[..., 0], total[..., 1]
    score: Array = 100 * np.divide(edits, words, out=np.where(edits > 0, 1.0, 0.0), where=words > 0)
    return score


@lru_cache(maxsize=3)
def _scorer(name: str) -> Any:
    """sacrebleu's object for a score, with its defaults."""
    from sacrebleu.metrics import BLEU, CHRF, TER

    return {"bleu": BLEU, "chrf": CHRF, "ter": TER}[name]()


@lru_cache(maxsize=1 << 15)
def _statistic(name: str, answer: str, targets: tuple[str, ...]) -> Statistic:
    # kept, because a report asks for the same rows several times, and TER takes seconds for two long texts that differ
    (row,) = _scorer(name)._extract_corpus_statistics([answer], [[target] for target in targets])
    return tuple(float(number) for number in row)


def _signature(name: str) -> str:
    """sacrebleu's own. `nrefs:var`: the number of references is a matter of each row."""
    scorer = _scorer(name)
    scorer.num_refs = -1
    return str(scorer.get_signature())


def _family(name: str, direction: Literal["higher", "lower"], unit: str, aggregate: Callable[[Array, Array], Array]) -> Family:
    def per_example(example: Example, prediction: Prediction) -> Statistic | None:
        return _statistic(name, prediction.answer, tuple(example.targets)) if example.targets else None

    def build(labels: Sequence[str]) -> tuple[Metric, ...]:
        return (Metric(name, direction, unit, "corpus", per_example, aggregate, f"{name}|{_signature(name)}|bench:{REVISION}"),)

    return Family(name, _KINDS, (name,), build)


BLEU = _family("bleu", "higher", "points", bleu)
CHRF = _family("chrf", "higher", "points", chrf)
TER = _family("ter", "lower", "edits per 100 words", ter)
