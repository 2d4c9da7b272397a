"""Groups of similar reference texts, so that a change of what texts are about is found although every word of them is known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

TOPICS = 8
_LEAST_TEXTS = 5  # of a topic, on average
_MOST_WORDS = 200  # of the centre of a topic: the heaviest
_TRIES = 4


def learn_topics(texts: Sequence[Mapping[str, float]]) -> tuple[dict[str, float], ...]:
    """The centres of at most `TOPICS` groups of texts, by k-means on word vectors of length 1; none of fewer than two groups.

    Args:
        texts: word vectors by hashed word, see `weigh_words`.
    """
    count = min(TOPICS, len(texts) // _LEAST_TEXTS)
    buckets = sorted({bucket for text in texts for bucket in text})
    if count < 2 or not buckets:
        return ()
    import numpy as np
    from scipy.sparse import csr_matrix
    from sklearn.cluster import KMeans

    column = {bucket: place for place, bucket in enumerate(buckets)}
    rows = [row for row, text in enumerate(texts) for _ in text]
    columns = [column[bucket] for text in texts for bucket in text]
    weights = [weight for text in texts for weight in text.values()]
    matrix = csr_matrix((weights, (rows, columns)), shape=(len(texts), len(buckets)))
    if len(np.unique(matrix.toarray().round(6), axis=0)) < count:  # copies of a few texts have no topics
        return ()
    centres = KMeans(count, n_init=_TRIES, random_state=0).fit(matrix).cluster_centers_
    return tuple(_shorten({bucket: float(weight) for bucket, weight in zip(buckets, centre, strict=True)}) for centre in centres)


def find_topic(text: Mapping[str, float], topics: Sequence[Mapping[str, float]]) -> int:
    """The topic whose centre is most similar to a text (cosine); the first of several."""
    similarities = [math.fsum(weight * topic.get(bucket, 0.0) for bucket, weight in text.items()) for topic in topics]
    return similarities.index(max(similarities))


def _shorten(centre: Mapping[str, float]) -> dict[str, float]:
    """The heaviest words of a centre, with length 1."""
    heaviest = sorted(centre.items(), key=lambda each: (-each[1], each[0]))[:_MOST_WORDS]
    length = math.sqrt(math.fsum(weight**2 for _, weight in heaviest)) or 1.0
    return {bucket: round(weight / length, 5) for bucket, weight in sorted(heaviest) if weight > 0}
