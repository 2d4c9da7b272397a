"""Pairs of near duplicates among many texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.data.similarity.min_hash import find_candidates
from harness.data.similarity.word_sets import WordSets

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIMILARITY = 0.8
"""From here on, two texts are near duplicates: Jaccard's similarity of their words."""


def find_similar_pairs(sets: WordSets) -> NDArray[Any]:
    """(pairs × 2) texts that are near duplicates; of many that resemble each other, enough pairs to connect them.

    Candidates come from MinHash (`find_candidates` says how surely); each is verified exactly.
    """
    candidates = find_candidates(sets, SIMILARITY, lambda share: None)
    similarity = sets.similarity(candidates[:, 0], candidates[:, 1])
    pairs: NDArray[Any] = candidates[similarity >= SIMILARITY]
    return pairs
