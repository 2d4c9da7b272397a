"""Texts as sets of words, and which share of their words two texts have in common.

Case, order and punctuation do not count. In scripts without spaces, each pair of neighbouring characters is a word. Where repetitions
count, the second "the" of a text is another word than the first one, so that a set holds as many words as the text.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

_WORD = re.compile(r"\w+(?:['’]\w+)*")
_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]+")
_PAIRS_AT_ONCE = 20_000


def split_words(text: str) -> set[str]:
    """The distinct words of a text."""
    return set(_list_words(text))


def _list_words(text: str) -> list[str]:
    folded = text.casefold()
    if folded.isascii() or not _UNSPACED.search(folded):
        return _WORD.findall(folded)
    pairs = [run[i : i + 2] for run in _UNSPACED.findall(folded) for i in range(max(1, len(run) - 1))]
    return pairs + _WORD.findall(_UNSPACED.sub(" ", folded))


def _number_repetitions(words: list[str]) -> Iterator[str | tuple[str, int]]:
    """Each word; from the second time on, with the number of times that it came before."""
    counts: dict[str, int] = {}
    for word in words:
        before = counts.get(word, 0)
        counts[word] = before + 1
        yield (word, before) if before else word


class WordSetBuilder:
    """Collects the words of texts one by one, so that the texts need not stay in memory: four bytes for each word of a set.

    Args:
        with_repetitions: whether a word that a text repeats counts each time.

    Attributes:
        columns: the numbers of the words of all texts, one text after the other.
        ends: where each text ends in `columns`, after a 0.
    """

    def __init__(self, *, with_repetitions: bool = False) -> None:
        self._with_repetitions = with_repetitions
        self._numbers: dict[str | tuple[str, int], int] = {}
        self.columns, self.ends = array("i"), array("q", [0])

    def __len__(self) -> int:
        return len(self.ends) - 1

    @property
    def vocabulary_size(self) -> int:
        """The number of distinct words."""
        return len(self._numbers)

    def add(self, text: str) -> None:
        """Add the next text."""
        words = _number_repetitions(_list_words(text)) if self._with_repetitions else split_words(text)
        self.columns.extend(sorted(self._numbers.setdefault(word, len(self._numbers)) for word in words))
        self.ends.append(len(self.columns))

    def truncate(self, texts: int) -> None:
        """Drop all texts after the first ones."""
        del self.ends[texts + 1 :]
        del self.columns[self.ends[-1] :]


class WordSets:
    """The words of many texts, as a sparse matrix of texts and words.

    Args:
        with_repetitions: as for `WordSetBuilder`.

    Attributes:
        words: (texts × words) 1 where a text has a word.
        sizes: (texts,) the number of words of each text.
    """

    def __init__(self, texts: Iterable[str], *, with_repetitions: bool = False) -> None:
        builder = WordSetBuilder(with_repetitions=with_repetitions)
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
        """(pairs,) the share of their words that two texts have in common, exact; 0 where both are empty.

        It is twice the shared words, divided by the words of both (Dice 1945).

        Args:
            one, other: (pairs,) texts by number.
        """
        import numpy as np

        shared = np.zeros(len(one), np.int64)
        for start in range(0, len(one), _PAIRS_AT_ONCE):
            part = slice(start, start + _PAIRS_AT_ONCE)
            shared[part] = np.asarray(self.words[one[part]].multiply(self.words[other[part]]).sum(axis=1)).ravel()
        both = self.sizes[one] + self.sizes[other]
        result: NDArray[Any] = np.where(both > 0, 2 * shared / np.maximum(both, 1), 0.0)
        return result
