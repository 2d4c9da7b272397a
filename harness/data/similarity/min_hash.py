"""Pairs of texts that are probably similar, without comparing each with each: MinHash and locality-sensitive hashing.

The signature of a text has `BANDS` bands of `BAND_ROWS` hashes. Two texts with Jaccard's similarity s (the words that both have, divided by
those that either has) agree in one hash with probability s, and are a candidate pair if they agree in a whole band: with probability
1 − (1 − s^5)^40, which is 0.997 at 2/3 (80% of the words are shared), 0.96 at 0.6 (75%) and 0.19 at 0.35.
Source: Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, chapter 3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from harness.data.similarity.word_sets import WordSets

if TYPE_CHECKING:
    from numpy.typing import NDArray

BANDS, BAND_ROWS = 40, 5
_SEED = 20
_TEXTS_AT_ONCE = 4_000
_NEIGHBOURS = 5  # in a bucket: with more, texts from one template would take quadratic time
_PAIRS_AT_ONCE = 200_000
_STANDARD_ERRORS = 5  # by which the similarity of two signatures may fall below the threshold before a pair is dropped unverified


def find_candidates(sets: WordSets, threshold: float, progress: Callable[[float], None]) -> NDArray[Any]:
    """(pairs × 2) texts that are probably at least as similar as the threshold, the most similar first; in a pair the smaller number first.

    In a bucket with many texts, each is paired with its next five in a random order that differs between bands.

    Args:
        threshold: Jaccard's similarity.
        progress: called with the share that is done.
    """
    import numpy as np

    signatures = _sign(sets, lambda share: progress(0.5 * share))
    usable = np.flatnonzero(sets.sizes > 0)
    generator = np.random.default_rng(_SEED)
    codes = [np.zeros(0, np.int64)]
    for band in range(BANDS):
        hashes = np.ascontiguousarray(signatures[usable, band * BAND_ROWS : (band + 1) * BAND_ROWS])
        codes += _pair_up(hashes, usable, len(sets), generator)
        progress(0.5 + 0.5 * (band + 1) / BANDS)
    pairs = np.sort(np.concatenate(codes))  # np.unique would take several times as long
    pairs = pairs[np.diff(pairs, prepend=-1) != 0]
    first, second = pairs // len(sets), pairs % len(sets)
    least = threshold - _STANDARD_ERRORS * np.sqrt(threshold * (1 - threshold) / signatures.shape[1])
    estimates = np.zeros(len(pairs), np.float32)
    for start in range(0, len(pairs), _PAIRS_AT_ONCE):
        part = slice(start, start + _PAIRS_AT_ONCE)
        estimates[part] = (signatures[first[part]] == signatures[second[part]]).mean(axis=1)
    order = np.argsort(-estimates, kind="stable")
    order = order[: int((estimates >= least).sum())]
    return np.stack([first[order], second[order]], axis=1)


def _sign(sets: WordSets, progress: Callable[[float], None]) -> NDArray[Any]:
    """(texts × hashes) the signatures."""
    import numpy as np
    from rensa import RMinHash

    # the columns are numbered in the order in which words appear, so each gets a random number
    hashes = np.random.default_rng(_SEED).integers(0, 2**63, sets.words.shape[1], dtype=np.uint64)
    signatures = np.zeros((len(sets), BANDS * BAND_ROWS), np.uint32)
    ends = sets.words.indptr
    for start in range(0, len(sets), _TEXTS_AT_ONCE):
        end = min(start + _TEXTS_AT_ONCE, len(sets))
        flat = hashes[sets.words.indices[ends[start] : ends[end]]]
        offsets = (ends[start : end + 1] - ends[start]).astype(np.uint64)
        matrix = RMinHash.digest_matrix_from_flat_token_hashes(flat, offsets, num_perm=signatures.shape[1], seed=_SEED)
        signatures[start:end] = matrix.to_rows()
        progress(end / len(sets))
    return signatures


def _pair_up(hashes: NDArray[Any], texts: NDArray[Any], count: int, generator: Any) -> Iterator[NDArray[Any]]:
    """Pairs of texts that agree in a band, as numbers: first · count + second.

    Args:
        hashes: (texts × hashes of the band).
        texts: (texts,) their numbers.
    """
    import numpy as np

    shuffled = generator.permutation(len(texts))
    rows = hashes[shuffled]
    order = np.lexsort(rows.T)
    rows, members = rows[order], texts[shuffled[order]]
    same = np.all(rows[1:] == rows[:-1], axis=1)  # as the one before
    together = same
    for distance in range(1, _NEIGHBOURS + 1):
        if not together.any():
            return
        places = np.flatnonzero(together)
        one, other = members[places], members[places + distance]
        yield np.minimum(one, other) * count + np.maximum(one, other)
        together = together[:-1] & same[distance:]
