"""Critical errors and entity recall, for rows whose facts are known: synthetic data, and data that somebody has annotated.

    facts      name "Mara Oduya", drug "lisinopril", dose "10 mg", alert "interaction" …      forbidden      drug "warfarin" …
    output     "Mara Oduya, 54. Prescribed lisinopril 20 mg."     →     a critical error (the dose, the alert), entity recall 2/4

An example carries in `meta`

    facts       a list of {"what": kind, "any": [texts], "critical": bool}: each is stated where one of its texts stands in the output
    forbidden   a list of {"what": kind, "text": text, "unless_negated": bool, "allowed": n}: stated where the text stands there
                (with `unless_negated`, only where no word of negation stands before it in its clause; with `allowed`, only
                where it does so more than n times: one drug is marked rightly, and another as well)
    unanswerable   true where the right answer is none

A text stands in an output as whole words, whatever the case and the white space. An output has a critical error where a critical fact is
not stated, something forbidden is, or an answer is given where there is none: what must be corrected before it does harm.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeGuard

from harness.metrics.faithfulness import negated_before
from harness.metrics.family import Family, example_metric
from harness.metrics.join import Missing
from harness.types import Example, Metric, Prediction


def has_facts(example: Example) -> bool:
    """Whether it is known what a right output states, or must not."""
    meta = example.meta
    return _are_facts(meta.get("facts")) or _are_forbidden(meta.get("forbidden")) or meta.get("unanswerable") is True


def critical_errors(example: Example, answer: str) -> tuple[str, ...]:
    """What is wrong with an answer, each kind of error once: "dose missing", "drug invented"."""
    missing = [f"{fact['what']} missing" for fact in _facts(example) if fact.get("critical") and not _stated_fact(fact, answer)]
    invented = [f"{one['what']} invented" for one in _forbidden(example) if _stated_forbidden(one, answer)]
    answered = ["answer invented"] if example.meta.get("unanswerable") is True and answer.strip() else []
    return tuple(dict.fromkeys([*missing, *invented, *answered]))


def error_count(example: Example, answer: str) -> int:
    """How many critical things are wrong. A wrong dose is one error, and not one that is missing and one that is invented."""
    missing = Counter(fact["what"] for fact in _facts(example) if fact.get("critical") and not _stated_fact(fact, answer))
    invented = Counter(one["what"] for one in _forbidden(example) if _stated_forbidden(one, answer))
    answered = example.meta.get("unanswerable") is True and bool(answer.strip())
    return (missing | invented).total() + answered


def critical_count(example: Example, prediction: Prediction) -> float | None:
    """The number of critical errors; None where nothing critical is known. What is missing has those of an empty one, or one."""
    any_error = critical_error(example, prediction)
    return None if any_error is None else max(any_error, float(error_count(example, prediction.answer)))


def critical_error(example: Example, prediction: Prediction) -> float | None:
    """1 where the output has any critical error, else 0; None where nothing critical is known of the example.

    A prediction that is missing is an error.
    """
    arises = any(fact.get("critical") for fact in _facts(example)) or _forbidden(example) or example.meta.get("unanswerable") is True
    if not arises:
        return None
    return 1.0 if isinstance(prediction, Missing) else float(bool(critical_errors(example, prediction.answer)))


def entity_recall(example: Example, prediction: Prediction) -> float | None:
    """The share of the facts, critical or not, that the output states; None where none are known."""
    facts = _facts(example)
    return sum(_stated_fact(fact, prediction.answer) for fact in facts) / len(facts) if facts else None


def _facts(example: Example) -> Sequence[Mapping[str, Any]]:
    found = example.meta.get("facts")
    return found if _are_facts(found) else ()


def _forbidden(example: Example) -> Sequence[Mapping[str, Any]]:
    found = example.meta.get("forbidden")
    return found if _are_forbidden(found) else ()


def _are_facts(value: Any) -> TypeGuard[list[Mapping[str, Any]]]:
    """A user's column may be called facts, too: only what has the form counts."""
    return _rows_of(value) and all(isinstance(row.get("any"), list) and all(isinstance(t, str) for t in row["any"]) for row in value)


def _are_forbidden(value: Any) -> TypeGuard[list[Mapping[str, Any]]]:
    return _rows_of(value) and all(isinstance(row.get("text"), str) and type(row.get("allowed", 0)) is int for row in value)


def _rows_of(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, Mapping) and isinstance(row.get("what"), str) for row in value)


def _stated_fact(fact: Mapping[str, Any], answer: str) -> bool:
    return any(_words(text).search(answer) for text in fact["any"])


def _stated_forbidden(one: Mapping[str, Any], answer: str) -> bool:
    times = 0
    for found in _words(one["text"]).finditer(answer):
        times += not (one.get("unless_negated") and negated_before(answer[: found.start()]))
        if times > one.get("allowed", 0):
            return True
    return False


@lru_cache(maxsize=1 << 14)
def _words(text: str) -> re.Pattern[str]:
    """The text as whole words; no digits or decimals may go on at its ends: "20 mg" is not in "120 mg" nor in "2.20 mg"."""
    inner = r"\s+".join(re.escape(part) for part in text.split())
    return re.compile(rf"(?<!\w)(?<!\d[.,]){inner}(?!\w)(?![.,]\d)", re.IGNORECASE)


def _build(labels: Sequence[str]) -> tuple[Metric, ...]:
    rules = "match:words|case:lower|space:folded"
    return (
        example_metric("critical_error_rate", "lower", "fraction", critical_error, f"{rules}|negation:clause"),
        example_metric("critical_errors", "lower", "errors", critical_count, f"{rules}|negation:clause|wrong:once"),
        example_metric("entity_recall", "higher", "fraction", entity_recall, rules),
    )


SCORES = ("critical_error_rate", "critical_errors", "entity_recall")
FACTS = Family("facts", ("summarization", "generation", "qa", "classification"), SCORES, _build)
