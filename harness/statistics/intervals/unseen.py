"""What a test set cannot have shown, and what its size alone guarantees.

A model that fails completely on a few examples in a hundred may not have done so on these. With probability 1 − alpha, the share of such
examples is below 1 − alpha^(1/n) (the limit of Clopper and Pearson at 0 events), about 3/n at alpha = 0.05. A claim must hold even then.

| score on a bounded scale | an unseen share s of failures moves it by |
| --- | --- |
| mean over examples | s of the way to the end of the scale |
| average over K labels | s/K of the way, for s of the label with the fewest examples |
| AUROC | the same, as positive examples of a label and as negative ones of the others |
| other corpus scores, such as BLEU | s of the way to the worst score, on the side that fails |

In the other direction, the mean of n independent values on a scale of width w is within w √(ln(1/alpha)/(2n)) of the truth with confidence
1 − alpha on each side, whatever the values (Hoeffding 1963, "Probability inequalities for sums of bounded random variables", JASA
58:13–30). A limit that lies further out, as Hall's may with few skewed values, is moved in to that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.examples import count_units
from harness.statistics.intervals.classes import units_of_labels
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]

_NORMAL = NormalDist()
_CLASSES = 7  # of equal probability, by which the number of examples of a label is averaged over


@dataclass(frozen=True)
class UnseenUnits:
    """What failures that these examples did not show are counted in.

    Attributes:
        counts: the independent examples, or groups; where the score averages over labels, of each label that occurs.
        is_rank: whether a failing example of one label also counts against the other labels, as for AUROC.
    """

    counts: tuple[int, ...]
    is_rank: bool = False

    def effect(self, alpha: float, growth: float = 1.0) -> float:
        """The share of the scale, 0–1, by which such failures may move the score, with `growth` times as many examples."""
        counts = np.array(self.counts, dtype=np.float64) * growth
        effects = (1 - alpha ** (1 / counts)) / len(counts)
        if self.is_rank and len(counts) > 1:
            others = counts.sum() - counts  # negative examples of each label
            effects = effects * (1 + counts * ((1 / others).sum() - 1 / others))
        return min(1.0, float(effects.max()))

    def likely_growths(self, growth: float) -> list[float]:
        """Equally likely values of the growth of the label with the largest effect: how many examples it has among others is chance."""
        if len(self.counts) < 2:
            return [growth]
        count = self.counts[int(np.argmin(self.counts))] * growth
        variation = math.sqrt((1 - min(self.counts) / sum(self.counts)) / count)
        return [growth * max(1 + variation * _NORMAL.inv_cdf((i + 0.5) / _CLASSES), 0.1) for i in range(_CLASSES)]


def unseen_units(metric: Metric, statistics: Array, cluster: NDArray[np.int64] | None) -> UnseenUnits:
    """What unseen failures are counted in.

    Args:
        statistics: (n, seeds, d), n at least 1.
    """
    if not metric.labels:
        return UnseenUnits((count_units(len(statistics), cluster),))
    counts = units_of_labels(metric, statistics, cluster)
    return UnseenUnits(tuple(counts[counts > 0].tolist()), metric.level == "rows")


def hoeffding_half_width(scale: float, n: int, cluster: NDArray[np.int64] | None, alpha: float) -> float:
    """How far the mean of n values on a scale of this width can be from the truth, with confidence 1 − alpha on each side.

    Groups count by their size: for shares p_g of all examples, 1/n becomes Σ p_g².
    """
    concentration = 1 / n if cluster is None else float(np.sum((np.bincount(cluster) / n) ** 2))
    return scale * math.sqrt(concentration * math.log(1 / alpha) / 2)


def hoeffding_p_value(mean: float, scale: float, n: int, cluster: NDArray[np.int64] | None) -> float:
    """The two-sided p-value of a true mean of 0 that belongs to `hoeffding_half_width`."""
    return min(1.0, 2 * math.exp(-2 * (mean / hoeffding_half_width(scale, n, cluster, math.exp(-2))) ** 2))
