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
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    if any(example.choices for example in examples):
        return dict(ordered)
    return {answer: count for answer, count in ordered[:1] if count >= _SHARED_TIMES}


def count_reference_words(examples: Sequence[Example]) -> int:
    """The median number of words in the first references; 0 if the examples have labels or no references."""
    lengths = [len(example.targets[0].split()) for example in examples if example.targets and not example.choices]
    return round(statistics.median(lengths)) if lengths else 0
