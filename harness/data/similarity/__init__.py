"""Texts that are almost the same: sets of words, and pairs of similar ones found without comparing each with each."""

from harness.data.similarity.min_hash import find_candidates
from harness.data.similarity.similar_pairs import LEAST_JACCARD, LONG_SIMILARITY, LONG_TEXT, SIMILARITY, find_similar_pairs, is_near
from harness.data.similarity.word_sets import WordSetBuilder, WordSets, split_words

__all__ = [
    "LEAST_JACCARD",
    "LONG_SIMILARITY",
    "LONG_TEXT",
    "SIMILARITY",
    "WordSetBuilder",
    "WordSets",
    "find_candidates",
    "find_similar_pairs",
    "is_near",
    "split_words",
]
