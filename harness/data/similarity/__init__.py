"""Texts that are almost the same: sets of words, and pairs of similar ones found without comparing each with each."""

from harness.data.similarity.min_hash import find_candidates
from harness.data.similarity.similar_pairs import SIMILARITY, find_similar_pairs
from harness.data.similarity.word_sets import WordSetBuilder, WordSets, split_words

__all__ = ["SIMILARITY", "WordSetBuilder", "WordSets", "find_candidates", "find_similar_pairs", "split_words"]
