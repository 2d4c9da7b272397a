"""Can a classifier tell new inputs from those of the reference? It finds changes that no single signal looks for."""

from __future__ import annotations

from collections.abc import Sequence

from harness.lifecycle.watch.text_values import read_inputs
from harness.lifecycle.watch.watched_rows import WatchedRow
from harness.statistics import LEAST_SEPARATED, SampleSeparation, measure_separation

_MOST = 2_000  # rows of each sample
_FEATURES = 2**16


def separate(reference: Sequence[WatchedRow], new: Sequence[WatchedRow]) -> SampleSeparation | None:
    """How well logistic regression on tf-idf of words and pairs of words separates new inputs from the reference.

    It is trained on one half of each sample and scores the other. None where a half has fewer than `LEAST_SEPARATED` rows.

    Args:
        reference, new: independent rows in random order.
    """
    import numpy as np

    first, second = ([read_inputs(row.example) for row in rows[:_MOST]] for rows in (reference, new))
    if min(len(first), len(second)) < 2 * LEAST_SEPARATED:
        return None
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    half, other = len(first) // 2, len(second) // 2
    model = make_pipeline(
        HashingVectorizer(n_features=_FEATURES, ngram_range=(1, 2), alternate_sign=False, norm=None, token_pattern=r"\w+"),
        TfidfTransformer(),
        LogisticRegression(class_weight="balanced", C=10.0),
    )
    model.fit([*first[:half], *second[:other]], np.repeat([0, 1], [half, other]))
    scores = model.decision_function([*first[half:], *second[other:]])
    left = len(first) - half
    return measure_separation(scores[:left], scores[left:])
