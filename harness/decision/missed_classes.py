"""Classes that a model hardly ever recognizes, which an average over classes or examples can hide.

A class counts as missed if two things hold: at most a tenth of its test examples are recognized, and that many would be unlikely of a model
that recognizes half of them. How unlikely is the exact binomial probability, with Holm's procedure over all classes of the task: of a model
that recognizes at least half of every class, some class is called missed in at most 5% of test sets, whether it has 2 classes or 77.
Without it, that happens in 91% of test sets with 77 classes of 5 examples.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from harness.statistics import holm_rejections

FEW_PER_CLASS = 5  # fewer test examples, and one of them decides the score of the class
MISSED = 0.1  # largest share of a class's test examples that counts as missing the class
_ALPHA = 0.05  # of calling any class missed that is recognized by half or more


def find_missed(recognized: Mapping[str, int], totals: Mapping[str, int], models: int = 1) -> list[str]:
    """The classes that are missed.

    Args:
        recognized: of each class, the test examples that are recognized; of several models, by the one that recognizes fewest.
        totals: the test examples of each class. Classes with fewer than 5 decide nothing, and do not count among the classes.
        models: how many trained models these are the fewest of.
    """
    tested = [label for label, total in totals.items() if total >= FEW_PER_CLASS]
    missed = holm_rejections([partial(_is_missed, recognized[label], totals[label], models) for label in tested], _ALPHA)
    return [label for label, is_missed in zip(tested, missed, strict=True) if is_missed]


def _is_missed(recognized: int, total: int, models: int, level: float) -> bool:
    """Whether at most a tenth are recognized, and so few, by any of the models, are this unlikely if each recognizes half of the class."""
    from scipy.stats import binom

    return recognized <= MISSED * total and bool(models * binom.cdf(recognized, total, 0.5) <= level)
