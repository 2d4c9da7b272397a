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


class WordSetBuilder:
    """Collects the words of texts one by one, so that the texts need not stay in memory: four bytes for each distinct word of a text.

    Attributes:
        columns: the numbers of the words of all texts, one text after the other.
        ends: where each text ends in `columns`, after a 0.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self.columns, self.ends = array("i"), array("q", [0])

    def __len__(self) -> int:
        return len(self.ends) - 1

    @property
    def vocabulary_size(self) -> int:
        """The number of distinct words."""
        return len(self._numbers)

    def add(self, text: str) -> None:
        """Add the next text."""
        self.columns.extend(sorted(self._numbers.setdefault(word, len(self._numbers)) for word in split_words(text)))
        self.ends.append(len(self.columns))

    def truncate(self, texts: int) -> None:
        """Drop all texts after the first ones."""
        del self.ends[texts + 1 :]
        del self.columns[self.ends[-1] :]


class WordSets:
    """The distinct words of many texts, as a sparse matrix of texts and words.

    Attributes:
        words: (texts × words) 1 where a text has a word.
        sizes: (texts,) the number of words of each text.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        builder = WordSetBuilder()
        for text in texts:
            builder.add(text)
        self._set_words(builder)

    @classmethod
    def of(cls, builder: WordSetBuilder) -> WordSets:
        """The texts that were added."""
        sets = cls.__new__(cls)
        sets._set_words(builder)
        return sets

    def select(self, texts: NDArray[Any]) -> WordSets:
        """Some of the texts, by number."""
        import numpy as np

        chosen = type(self).__new__(type(self))
        chosen.words = self.words[texts]
        chosen.sizes = np.asarray(self.sizes[texts])
        return chosen

    def _set_words(self, builder: WordSetBuilder) -> None:
        import numpy as np
        from scipy.sparse import csr_matrix

        columns, ends = np.asarray(builder.columns, np.int32), np.asarray(builder.ends, np.int64)
        shape = (len(ends) - 1, max(builder.vocabulary_size, 1))
        self.words: csr_matrix = csr_matrix((np.ones(len(columns), np.int32), columns, ends), shape=shape)
        self.sizes: NDArray[Any] = np.diff(ends)

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
