"""BLEU, chrF and TER of a whole test set: the numbers of sacrebleu with its defaults, on its scale of 0–100.

The statistics of each example come from sacrebleu. Only the last step, from their sum to the score, is reimplemented here, so that
thousands of resamples cost one vectorized call.

| score | statistics of an example | source |
| --- | --- | --- |
| `bleu` | length of answer and closest reference, matches of 1- to 4-grams, 1- to 4-grams of the answer | Papineni et al. 2002; Post 2018 |
| `chrf` | for 1 to 6 characters: n-grams of the answer, of the reference, and of both; of the best reference | Popović 2015 |
| `ter` | the fewest edits to any reference, the mean length of the references | Snover et al. 2006 |

The scores do not apply to an example without references. Examples may have different numbers of references; for sacrebleu, the missing ones
are `None`.
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
    """BLEU: (…, 10) → (…). The brevity penalty times the geometric mean of the four precisions.

    Orders without a match get the counts 1/2, 1/4, … (`exp` smoothing, as in mteval-v13a). The score is 0 without any match, or without a
    4-gram.
    """
    answer_length, reference_length = total[..., 0], total[..., 1]
    matches, grams = total[..., 2:6], total[..., 6:10]
    unmatched = matches == 0
    numerators = np.where(unmatched, np.exp2(-np.cumsum(unmatched, axis=-1)), matches)
    logs = np.log(numerators / np.where(grams > 0, grams, 1.0))
    brevity = np.exp(np.minimum(0.0, 1 - reference_length / np.where(answer_length > 0, answer_length, 1.0)))
    defined = (grams > 0).all(axis=-1) & ~unmatched.all(axis=-1)
    score: Array = np.where(defined, 100 * brevity * np.exp(logs.mean(axis=-1)), 0.0)
    return score


def chrf(total: Array, n: Array) -> Array:
    """chrF: (…, 18) → (…). The F2 of the mean precision and mean recall over the orders.

    Orders for which the answers or the references are too short do not count.
    """
    counts = total.reshape(*total.shape[:-1], 6, 3)  # (…, order, [answer, reference, both])
    answer, reference, both = counts[..., 0], counts[..., 1], counts[..., 2]
    counted = (answer > 0) & (reference > 0)
    orders = np.maximum(counted.sum(axis=-1), 1)
    precision = np.divide(both, answer, out=np.zeros(both.shape), where=counted).sum(axis=-1) / orders
    recall = np.divide(both, reference, out=np.zeros(both.shape), where=counted).sum(axis=-1) / orders
    denominator = _BETA_SQUARED * precision + recall
    score: Array = 100 * np.divide(
        (1 + _BETA_SQUARED) * precision * recall, denominator, out=np.zeros(denominator.shape), where=denominator > 0
    )
    return score


def ter(total: Array, n: Array) -> Array:
    """TER: (…, 2) → (…). Edits per 100 words of the references; if those are empty, 100 for any edit."""
    edits, words = total[..., 0], total[..., 1]
    score: Array = 100 * np.divide(edits, words, out=np.where(edits > 0, 1.0, 0.0), where=words > 0)
    return score


@lru_cache(maxsize=3)
def _scorer(name: str) -> Any:
    """The sacrebleu object of a score, with its defaults."""
    from sacrebleu.metrics import BLEU, CHRF, TER

    return {"bleu": BLEU, "chrf": CHRF, "ter": TER}[name]()


@lru_cache(maxsize=1 << 15)
def _statistic(name: str, answer: str, targets: tuple[str, ...]) -> Statistic:
    # Cached because a report needs the same statistics several times, and TER takes seconds for two long, different texts.
    (row,) = _scorer(name)._extract_corpus_statistics([answer], [[target] for target in targets])
    return tuple(float(number) for number in row)


def _signature(name: str) -> str:
    """The signature of sacrebleu. `nrefs:var` means that the number of references varies by example."""
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
