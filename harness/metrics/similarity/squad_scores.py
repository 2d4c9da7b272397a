"""Exact match and F1 of short answers, by the rules of SQuAD's published evaluation scripts (0–1, where those print percent).

    squad_f1("The Denver Broncos won", ("Denver Broncos", "Broncos"))  →  0.8

A question with references is judged as in evaluate-v1.1.py (Rajpurkar et al. 2016, "SQuAD: 100,000+ questions for machine
comprehension of text"), one without any as in evaluate-v2.0.py (Rajpurkar, Jia & Liang 2018, "Know what you don't know"): there the
right answer is an empty one. The two scripts differ in one more place, for references of nothing but articles and punctuation
("a"): here, as in v1.1, such a reference is matched exactly by any answer of that sort, and shares no word with it (F1 0); v2.0
leaves such references out.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from harness.metrics.family import Family, example_metric
from harness.metrics.join import Missing
from harness.types import Example, Metric, Prediction

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


@lru_cache(maxsize=1 << 16)
def words(text: str) -> tuple[str, ...]:
    """What is compared: the words in lower case, without ASCII punctuation (which joins what it stood between) and English articles."""
    return tuple(_ARTICLES.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split())


def squad_exact(answer: str, targets: Sequence[str]) -> float:
    """1 where the answer has the words of any reference, in their order; without references, where it has none."""
    given = words(answer)
    return float(any(words(target) == given for target in targets) if targets else not given)


def squad_f1(answer: str, targets: Sequence[str]) -> float:
    """The F1 of the words shared with the best reference; without references, 1 where the answer has no words, else 0."""
    given = words(answer)
    return max(_overlap_f1(given, words(target)) for target in targets) if targets else float(not given)


def _overlap_f1(given: Sequence[str], wanted: Sequence[str]) -> float:
    shared = sum((Counter(given) & Counter(wanted)).values())
    if not shared:
        return 0.0
    precision, recall = shared / len(given), shared / len(wanted)
    return 2 * precision * recall / (precision + recall)


def exact_match(example: Example, prediction: Prediction) -> float:
    """`squad_exact` of the prediction's answer; 0 where there is no prediction."""
    return 0.0 if isinstance(prediction, Missing) else squad_exact(prediction.answer, example.targets)


def f1(example: Example, prediction: Prediction) -> float:
    """`squad_f1` of the prediction's answer; 0 where there is no prediction."""
    return 0.0 if isinstance(prediction, Missing) else squad_f1(prediction.answer, example.targets)


def has_answer_f1(example: Example, prediction: Prediction) -> float | None:
    """F1 on the questions that have an answer (SQuAD v2.0's HasAns_f1)."""
    return f1(example, prediction) if example.targets else None


def no_answer_f1(example: Example, prediction: Prediction) -> float | None:
    """F1 on the questions that have none (NoAns_f1): the share on which the model held back."""
    return None if example.targets else f1(example, prediction)


_RULES = "squad:v1.1|no-refs:v2.0|case:lower|punct:removed|articles:removed|refs:best"


def _build_squad(labels: Sequence[str]) -> tuple[Metric, ...]:
    return (
        example_metric("exact_match", "higher", "fraction", exact_match, _RULES),
        example_metric("f1", "higher", "fraction", f1, _RULES),
    )


def _build_answerability(labels: Sequence[str]) -> tuple[Metric, ...]:
    return (
        example_metric("has_answer_f1", "higher", "fraction", has_answer_f1, _RULES),
        example_metric("no_answer_f1", "higher", "fraction", no_answer_f1, _RULES),
    )


SQUAD = Family("squad", ("qa", "generation"), ("exact_match", "f1"), _build_squad)
ANSWERABILITY = Family("answerability", ("qa",), ("has_answer_f1", "no_answer_f1"), _build_answerability)
