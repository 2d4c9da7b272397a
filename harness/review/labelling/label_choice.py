"""Which unlabelled rows to label next: those on which models disagree, and those that resemble nothing that is labelled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness.data.similarity import split_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_FEATURES = 20_000


def measure_disagreement(one: str, other: str, *, chooses: bool) -> float:
    """How far two answers to a row differ, from 0 to 1: 1 for different labels; for texts, one minus Jaccard's similarity of their words.

    Args:
        chooses: whether the answers are labels.
    """
    if chooses:
        return float(one != other)
    first, second = split_words(one), split_words(other)
    return 1 - len(first & second) / len(first | second) if first | second else 0.0


def choose_to_label(texts: Sequence[str], known: Sequence[str], disagreement: Sequence[float], count: int) -> list[int]:
    """The rows to label, the most useful first.

    Each step takes the row with the largest sum of its disagreement and its distance to the nearest text that is known or taken: one minus
    the cosine similarity of tf-idf vectors. The distance alone would be farthest-first traversal (Sener and Savarese 2018, active learning
    as a core-set approach), the disagreement alone query by committee (Seung, Opper and Sompolinsky 1992).

    Args:
        texts: the inputs of the rows.
        known: inputs that resemble what is labelled.
        disagreement: of each row, from 0 to 1.
        count: how many rows to take; fewer where there are fewer.
    """
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    if not texts:
        return []
    vectorizer = TfidfVectorizer(analyzer=split_words, max_features=_MOST_FEATURES, sublinear_tf=True)
    try:
        vectors = vectorizer.fit_transform([*texts, *known])
    except ValueError:  # no text has a word
        return list(range(min(count, len(texts))))
    rows, others = vectors[: len(texts)], vectors[len(texts) :]
    nearest = np.zeros(len(texts)) if not known else np.asarray((rows @ others.T).max(axis=1).todense()).ravel()
    doubt = np.asarray(disagreement, float)
    taken: list[int] = []
    left = np.ones(len(texts), bool)
    for _ in range(min(count, len(texts))):
        value: NDArray[Any] = np.where(left, doubt + 1 - nearest, -np.inf)
        best = int(np.argmax(value))
        taken.append(best)
        left[best] = False
        nearest = np.maximum(nearest, np.asarray((rows @ rows[best].T).todense()).ravel())
    return taken
