"""Everything that is measured about one row."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from harness.data.checks import detect_language
from harness.data.privacy import KINDS
from harness.lifecycle.watch.text_values import (
    WORD_GROUPS,
    count_words,
    find_kinds,
    group_word,
    hash_words,
    is_no_answer,
    read_inputs,
    share_of_new_words,
    weigh_words,
)
from harness.lifecycle.watch.topics import find_topic, learn_topics
from harness.lifecycle.watch.watched_rows import WatchedRow

_OFTEN = 0.5  # of the reference: its main language


@dataclass(frozen=True)
class ReferenceVocabulary:
    """The words of the first half of the reference. Words are hashed.

    Attributes:
        documents: the examples of that half; 0 where the reference is too small to be halved.
        words: by hashed word, how many of them have it in their inputs.
        output_words: the same for outputs.
        centre: the mean of their word vectors, by hashed word.
        topics: the centres of groups of similar examples, by hashed word.
        language: of most of them; empty where it is not clear.
    """

    documents: int
    words: Mapping[str, int]
    output_words: Mapping[str, int]
    centre: Mapping[str, float]
    topics: tuple[Mapping[str, float], ...]
    language: str

    @classmethod
    def learn(cls, rows: Sequence[WatchedRow]) -> ReferenceVocabulary:
        """The vocabulary of these rows."""
        inputs = [hash_words(read_inputs(row.example)) for row in rows]
        outputs = [hash_words(row.prediction.output) for row in rows if row.prediction is not None]
        words = Counter(bucket for text in inputs for bucket in text)
        total: defaultdict[str, float] = defaultdict(float)
        vectors = [weigh_words(text, words, len(rows)) for text in inputs]
        for vector in vectors:
            for bucket, weight in vector.items():
                total[bucket] += weight
        length = math.sqrt(math.fsum(weight**2 for weight in total.values()))
        languages = Counter(language for row in rows if (language := detect_language(read_inputs(row.example))))
        main = languages.most_common(1)
        return cls(
            documents=len(rows),
            words=dict(sorted(words.items())),
            output_words=dict(sorted(Counter(bucket for text in outputs for bucket in text).items())),
            centre={bucket: round(weight / length, 6) for bucket, weight in sorted(total.items())},
            topics=learn_topics(vectors),
            language=main[0][0] if main and main[0][1] >= _OFTEN * languages.total() else "",
        )


def measure_row(
    row: WatchedRow,
    vocabulary: ReferenceVocabulary,
    *,
    count_tokens: Callable[[str], tuple[int, int]] | None = None,
    is_fit: bool = False,
) -> dict[str, float]:
    """The values of all signals that the row has, by their names.

    Args:
        is_fit: the vocabulary was learned from this row, so that nothing in it is new.
    """
    text = read_inputs(row.example)
    words = count_words(text)
    values: dict[str, float | None] = {
        "input_length": float(words),
    }
    identifiers = find_kinds(text)
    values |= {f"input_identifier={kind}": float(kind in identifiers) for kind in KINDS}
    if vocabulary.language and not is_fit and (language := detect_language(text)):
        values["input_language"] = float(language != vocabulary.language)
    if count_tokens is not None and words:
        tokens, unknown = count_tokens(text)
        values["input_tokens_per_word"] = tokens / words
        values["input_unknown_tokens"] = unknown / max(tokens, 1)
    if vocabulary.documents and not is_fit:
        buckets = hash_words(text)
        values["input_new_words"] = share_of_new_words(buckets, vocabulary.words)
        groups = {group_word(word) for bucket, word in buckets.items() if bucket not in vocabulary.words}
        values |= {f"input_new_word={group}": float(str(group) in groups) for group in range(WORD_GROUPS)}
        weights = weigh_words(buckets, vocabulary.words, vocabulary.documents)
        if vocabulary.topics:
            own = find_topic(weights, vocabulary.topics)
            values |= {f"input_topic={topic + 1}": float(topic == own) for topic in range(len(vocabulary.topics))}
        centre = vocabulary.centre
        values["input_likeness"] = math.fsum(weight * centre.get(bucket, 0.0) for bucket, weight in weights.items())
    if row.prediction is not None:
        output = row.prediction.output
        values["output_length"] = float(count_words(output))
        values["output_no_answer"] = float(is_no_answer(output))
        values["output_unsupported"] = row.unsupported
        if vocabulary.documents and not is_fit:
            values["output_new_words"] = share_of_new_words(hash_words(output), vocabulary.output_words)
    values["score"], values["feedback"] = row.score, row.feedback
    return {name: value for name, value in values.items() if value is not None and math.isfinite(value)}
