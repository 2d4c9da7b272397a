"""Exact match and F1 of short answers, by the rules of SQuAD's evaluation scripts, but on a scale of 0–1 instead of percent.

    squad_f1("The Denver Broncos won", ("Denver Broncos", "Broncos"))  →  0.8

A question with references is scored as in evaluate-v1.1.py (Rajpurkar et al. 2016, "SQuAD: 100,000+ questions for machine
comprehension of text"). A question without references is scored as in evaluate-v2.0.py (Rajpurkar, Jia & Liang 2018, "Know what you don't
know"): the right answer is an empty one. The two scripts also differ for references that consist of articles and punctuation only ("a").
Here, as in v1.1, any answer of that kind matches such a reference exactly but shares no word with it (F1 0); v2.0 drops such references.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from harness.metrics.family import Family, example_metric
from harness.metrics.join import MissingPrediction
from harness.types import Example, Metric, Prediction

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


@lru_cache(maxsize=1 << 16)
def normalized_words(text: str) -> tuple[str, ...]:
    """The words that are compared: in lower case, without ASCII punctuation (removed, not replaced by a space) and English articles."""
    return tuple(_ARTICLES.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split())


def squad_exact(answer: str, targets: Sequence[str]) -> float:
    """1 if the answer has the words of a reference in their order; without references, if the answer has no words."""
    words = normalized_words(answer)
    return float(any(normalized_words(target) == words for target in targets) if targets else not words)


def squad_f1(answer: str, targets: Sequence[str]) -> float:
    """The F1 of the words shared with the best reference; without references, 1 if the answer has no words, otherwise 0."""
    words = normalized_words(answer)
    return max(_overlap_f1(words, normalized_words(target)) for target in targets) if targets else float(not words)


def _overlap_f1(answer: Sequence[str], reference: Sequence[str]) -> float:
    shared = sum((Counter(answer) & Counter(reference)).values())
    if not shared:
        return 0.0
    precision, recall = shared / len(answer), shared / len(reference)
    return 2 * precision * recall / (precision + recall)


def exact_match(example: Example, prediction: Prediction) -> float:
    """`squad_exact` of the answer; 0 for a missing prediction."""
    return 0.0 if isinstance(prediction, MissingPrediction) else squad_exact(prediction.answer, example.targets)


def f1(example: Example, prediction: Prediction) -> float:
    """`squad_f1` of the answer; 0 for a missing prediction."""
    return 0.0 if isinstance(prediction, MissingPrediction) else squad_f1(prediction.answer, example.targets)


def has_answer_f1(example: Example, prediction: Prediction) -> float | None:
    """F1 on the questions that have an answer (SQuAD v2.0's HasAns_f1)."""
    return f1(example, prediction) if example.targets else None


def no_answer_f1(example: Example, prediction: Prediction) -> float | None:
    """F1 on the questions that have no answer (NoAns_f1): the share on which the model gave none."""
    return None if example.targets else f1(example, prediction)


_RULES = "squad:v1.1|no-refs:v2.0|case:lower|punct:removed|articles:removed|refs:best"


def _build_squad(labels: Sequence[str]) -> tuple[Metric, ...]:
    return (
        example_metric("exact_match", "higher", "fraction", exact_match, _RULES, exact=True),
        example_metric("f1", "higher", "fraction", f1, _RULES),
    )


def _build_answerability(labels: Sequence[str]) -> tuple[Metric, ...]:
    return (
        example_metric("has_answer_f1", "higher", "fraction", has_answer_f1, _RULES),
        example_metric("no_answer_f1", "higher", "fraction", no_answer_f1, _RULES, exact=True),
    )


SQUAD = Family("squad", ("qa", "generation"), ("exact_match", "f1"), _build_squad)
ANSWERABILITY = Family("answerability", ("qa",), ("has_answer_f1", "no_answer_f1"), _build_answerability)
