"""What a trivial baseline needs to know about the training examples: their most frequent answers, and how long references are."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence

from harness.types import Example

_SHARED_TIMES = 5  # a text that occurs less often may be about one person


def count_answers(examples: Sequence[Example]) -> Mapping[str, int]:
    """The answers with their counts, the most frequent first: every label; of texts only the most frequent one, if it occurs five times.

    A text counts once for each example that has it among its references. An example without a reference has the empty answer.
    """
    counts = Counter(answer for example in examples for answer in dict.fromkeys(example.targets or ("",)))
    if any(example.choices for example in examples):
        return dict(sorted(counts.items(), key=_most_frequent_first))
    answer, count = min(counts.items(), key=_most_frequent_first, default=("", 0))
    return {answer: count} if count >= _SHARED_TIMES else {}


def _most_frequent_first(counted: tuple[str, int]) -> tuple[int, str]:
    answer, count = counted
    return -count, answer


def count_reference_words(examples: Sequence[Example]) -> int:
    """The median number of words in the first references; 0 if the examples have labels or no references."""
    lengths = [len(example.targets[0].split()) for example in examples if example.targets and not example.choices]
    return round(statistics.median(lengths)) if lengths else 0
