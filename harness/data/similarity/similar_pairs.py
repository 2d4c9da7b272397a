"""Pairs of near duplicates among many texts.

Two texts are near duplicates if they share at least 80% of their words, long ones at least 75%. A long text rarely shares so many words
with another one by chance, and a person who changes a fifth of it often touches a few words more. With 20% of the words of a text replaced
or misspelled, 80% are shared; with 20% dropped 89%, with 20% inserted 91%, and with any order of the words all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.data.similarity.min_hash import find_candidates
from harness.data.similarity.word_sets import WordSets

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIMILARITY = 0.8
"""The share of words that near duplicates have in common."""
LONG_SIMILARITY = 0.75
"""The same for long texts."""
LONG_TEXT = 20
"""From this number of words on, the mean of both, texts are long."""
LEAST_JACCARD = LONG_SIMILARITY / (2 - LONG_SIMILARITY)
"""The least similar pairs that are looked for, as MinHash measures them: shared words by the words of either."""
_ROUNDING = 1e-9


def is_near(sets: WordSets, one: NDArray[Any], other: NDArray[Any], similarity: NDArray[Any]) -> NDArray[Any]:
    """(pairs,) whether two texts are near duplicates.

    Args:
        one, other: (pairs,) texts by number.
        similarity: (pairs,) of these texts.
    """
    import numpy as np

    is_long = sets.sizes[one] + sets.sizes[other] >= 2 * LONG_TEXT
    near: NDArray[Any] = similarity >= np.where(is_long, LONG_SIMILARITY, SIMILARITY) - _ROUNDING
    return near


def find_similar_pairs(sets: WordSets) -> NDArray[Any]:
    """(pairs × 2) texts that are near duplicates; of many that resemble each other, enough pairs to connect them.

    Candidates come from MinHash (`find_candidates` says how surely); each is verified exactly.
    """
    candidates = find_candidates(sets, LEAST_JACCARD, lambda share: None)
    one, other = candidates[:, 0], candidates[:, 1]
    pairs: NDArray[Any] = candidates[is_near(sets, one, other, sets.similarity(one, other))]
    return pairs
