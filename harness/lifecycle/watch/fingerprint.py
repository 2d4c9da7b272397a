"""The fingerprint of a promoted model: what its test examples looked like, as counts and hashed words, without any text.

The reference are the test examples of the model's run with its outputs. They are halved at random: words are known, and usual, if the first
half has them, and it decides which classes and slices are watched. The values of all these are then those of the second half alone, because
the first half has all of its own words and classes. Other values are those of all examples. Of examples that share a group (a patient), one
counts.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from harness.lifecycle.watch.measured_row import ReferenceVocabulary, measure_row
from harness.lifecycle.watch.planned_tests import PlannedTest, plan_tests
from harness.lifecycle.watch.scales import ValueScale
from harness.lifecycle.watch.text_values import hash_words, read_inputs
from harness.lifecycle.watch.watched_rows import WatchedRow, pick_independent
from harness.statistics import LEVELS

TokenCounter: TypeAlias = Callable[[str], tuple[int, int]]  # a text → its tokens, and how many of them are unknown

FORMAT = 1
_LEAST_FIT = 10  # examples of each half, below which no word can be called new


@dataclass(frozen=True)
class ReferenceValues:
    """The values of one test in the reference.

    Attributes:
        levels: how often each level occurs, as pairs of level and count; levels that do not occur are left out.
        n, mean, variance: of the values themselves; the variance is that of the sample (n − 1).
    """

    levels: tuple[tuple[int, int], ...]
    n: int
    mean: float
    variance: float

    def counts(self) -> list[int]:
        """(`LEVELS`,) How often each level occurs."""
        counts = [0] * LEVELS
        for level, count in self.levels:
            counts[level] = count
        return counts


@dataclass(frozen=True)
class Fingerprint:
    """What the test examples of a promoted model looked like.

    Attributes:
        model: the digest of the model.
        salt: makes the hashes of rows and the random choices of this monitor its own.
        examples, units: the test examples, and the independent ones among them.
        tests: everything that is watched, with its share of the chance of a false alarm.
        values: of each test, by its key.
        vocabulary: of the first half.
        words, output_words: by hashed word, the share of all examples whose inputs (outputs) have it.
    """

    format: int
    task: str
    model: str
    created: str
    salt: str
    examples: int
    units: int
    tests: tuple[PlannedTest, ...]
    values: Mapping[str, ReferenceValues]
    vocabulary: ReferenceVocabulary
    words: Mapping[str, float]
    output_words: Mapping[str, float]


def build_fingerprint(
    rows: Sequence[WatchedRow],
    *,
    task: str,
    model: str,
    created: str,
    salt: str,
    chooses: bool,
    score_scale: ValueScale,
    count_tokens: TokenCounter | None = None,
) -> Fingerprint:
    """The fingerprint of these test examples.

    Args:
        rows: the test examples with the model's outputs and scores.
        chooses: whether answers are labels.
        score_scale: of the primary score.
        count_tokens: of the model's tokenizer, where it is known.
    """
    independent = pick_independent(rows, salt)
    half = len(independent) // 2
    fit = independent[:half] if half >= _LEAST_FIT else []
    vocabulary = ReferenceVocabulary.learn(fit)
    own = {row.key for row in fit}
    measured = [(row, measure_row(row, vocabulary, count_tokens=count_tokens, is_fit=row.key in own)) for row in independent]
    tests = plan_tests(measured, [each for each in measured if each[0].key in own], chooses=chooses, score_scale=score_scale)
    values = {}
    for test in tests:
        counting = [each for each in measured if not (test.is_learned and each[0].key in own)]
        read = [value for row, measures in counting if (value := test.read(row, measures)) is not None]
        values[test.key] = _summarize(read, test)
    outputs = [row.prediction.output for row in independent if row.prediction is not None]
    return Fingerprint(
        format=FORMAT,
        task=task,
        model=model,
        created=created,
        salt=salt,
        examples=len(rows),
        units=len(independent),
        tests=tests,
        values=values,
        vocabulary=vocabulary,
        words=_share_words([read_inputs(row.example) for row in independent]),
        output_words={} if chooses else _share_words(outputs),
    )


def _summarize(values: Sequence[float], test: PlannedTest) -> ReferenceValues:
    levels = Counter(test.scale.level(value) for value in values)
    variance = statistics.variance(values) if len(values) > 1 else 0.0
    mean = math.fsum(values) / len(values) if values else 0.0
    return ReferenceValues(tuple(sorted(levels.items())), len(values), mean, variance)


def _share_words(texts: Sequence[str]) -> dict[str, float]:
    """By hashed word, the share of the texts that have it."""
    counts = Counter(bucket for text in texts for bucket in hash_words(text))
    return {bucket: round(count / len(texts), 4) for bucket, count in sorted(counts.items())}
