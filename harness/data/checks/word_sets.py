"""Texts as sets of words, and how similar two sets are.

Similarity is Jaccard's: the words that two texts share, divided by the words that either has. Case, order, repetitions and punctuation do
not count. In scripts without spaces, each pair of neighbouring characters is a word.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

_WORD = re.compile(r"\w+")
_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]+")
_PAIRS_AT_ONCE = 20_000


def split_words(text: str) -> set[str]:
    """The distinct words of a text."""
    folded = text.casefold()
    if folded.isascii() or not _UNSPACED.search(folded):
        return set(_WORD.findall(folded))
    words = set()
    for run in _UNSPACED.findall(folded):
        words |= {run[i : i + 2] for i in range(max(1, len(run) - 1))}
    return words | set(_WORD.findall(_UNSPACED.sub(" ", folded)))


class WordSets:
    """The distinct words of many texts, as a sparse matrix of texts and words.

    Attributes:
        words: (texts × words) 1 where a text has a word.
        sizes: (texts,) the number of words of each text.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        import numpy as np
        from scipy.sparse import csr_matrix

        numbers: dict[str, int] = {}
        columns, ends = array("i"), array("q", [0])
        for text in texts:
            columns.extend(sorted(numbers.setdefault(word, len(numbers)) for word in split_words(text)))
            ends.append(len(columns))
        ones = np.ones(len(columns), np.int32)
        shape = (len(ends) - 1, max(len(numbers), 1))
        self.words: csr_matrix = csr_matrix((ones, np.asarray(columns, np.int32), np.asarray(ends, np.int64)), shape=shape)
        self.sizes: NDArray[Any] = np.diff(np.asarray(ends, np.int64))

    def __len__(self) -> int:
        return len(self.sizes)

    def similarity(self, one: NDArray[Any], other: NDArray[Any]) -> NDArray[Any]:
        """Jaccard's similarity of pairs of texts, exact; 0 where both are empty.

        Args:
            one, other: (pairs,) texts by number.
        """
        import numpy as np

        shared = np.zeros(len(one), np.int64)
        for start in range(0, len(one), _PAIRS_AT_ONCE):
            part = slice(start, start + _PAIRS_AT_ONCE)
            shared[part] = np.asarray(self.words[one[part]].multiply(self.words[other[part]]).sum(axis=1)).ravel()
        either = self.sizes[one] + self.sizes[other] - shared
        result: NDArray[Any] = np.where(either > 0, shared / np.maximum(either, 1), 0.0)
        return result
