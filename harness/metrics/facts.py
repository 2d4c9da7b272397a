"""Critical errors and entity recall, for examples whose facts are known: synthetic data and annotated data.

    facts      name "Mara Oduya", drug "lisinopril", dose "10 mg", alert "interaction" …      forbidden      drug "warfarin" …
    output     "Mara Oduya, 54. Prescribed lisinopril 20 mg."     →     a critical error (the dose, the alert), entity recall 2/4

The `meta` of an example holds

    facts          a list of {"what": kind, "any": [texts], "critical": bool}; a fact is stated if one of its texts occurs in the output
    forbidden      a list of {"what": kind, "text": text, "unless_negated": bool, "allowed": n}; it is stated if the text occurs:
                   with `unless_negated`, only where no negation precedes it in its clause; with `allowed`, only if it occurs more
                   than n times, for a mark that is right at one drug and wrong at others
    unanswerable   true if the right answer is that there is none

Texts are matched as whole words, ignoring case and white space. An output has a critical error if it does not state a critical fact,
states something forbidden, or answers an unanswerable question: an error that must be corrected before it does harm.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeGuard

from harness.metrics.faithfulness import is_negated_after
from harness.metrics.family import Family, example_metric
from harness.metrics.join import MissingPrediction
from harness.types import Example, Metric, Prediction


def has_facts(example: Example) -> bool:
    """Whether the facts of an example are known."""
    meta = example.meta
    return _are_facts(meta.get("facts")) or _are_forbidden(meta.get("forbidden")) or meta.get("unanswerable") is True


def critical_errors(example: Example, answer: str) -> tuple[str, ...]:
    """The kinds of critical errors in an answer, each once: "dose missing", "drug invented"."""
    missing = [f"{fact['what']} missing" for fact in _facts(example) if fact.get("critical") and not _stated_fact(fact, answer)]
    invented = [f"{one['what']} invented" for one in _forbidden(example) if _stated_forbidden(one, answer)]
    answered = ["answer invented"] if example.meta.get("unanswerable") is True and answer.strip() else []
    return tuple(dict.fromkeys([*missing, *invented, *answered]))


def error_count(example: Example, answer: str) -> int:
    """The number of critical errors. A wrong dose counts once, not once as missing and once as invented."""
    missing = Counter(fact["what"] for fact in _facts(example) if fact.get("critical") and not _stated_fact(fact, answer))
    invented = Counter(one["what"] for one in _forbidden(example) if _stated_forbidden(one, answer))
    answered = example.meta.get("unanswerable") is True and bool(answer.strip())
    return (missing | invented).total() + answered


def critical_count(example: Example, prediction: Prediction) -> float | None:
    """The number of critical errors; None if the example has no critical facts. At least 1 for a missing prediction."""
    any_error = critical_error(example, prediction)
    return None if any_error is None else max(any_error, float(error_count(example, prediction.answer)))


def critical_error(example: Example, prediction: Prediction) -> float | None:
    """1 if the output has a critical error, otherwise 0; None if the example has no critical facts. A missing prediction is an error."""
    applies = any(fact.get("critical") for fact in _facts(example)) or _forbidden(example) or example.meta.get("unanswerable") is True
    if not applies:
        return None
    return 1.0 if isinstance(prediction, MissingPrediction) else float(bool(critical_errors(example, prediction.answer)))


def entity_recall(example: Example, prediction: Prediction) -> float | None:
    """The share of the facts, critical or not, that the output states; None if the example has none."""
    facts = _facts(example)
    return sum(_stated_fact(fact, prediction.answer) for fact in facts) / len(facts) if facts else None


def _facts(example: Example) -> Sequence[Mapping[str, Any]]:
    facts = example.meta.get("facts")
    return facts if _are_facts(facts) else ()


def _forbidden(example: Example) -> Sequence[Mapping[str, Any]]:
    forbidden = example.meta.get("forbidden")
    return forbidden if _are_forbidden(forbidden) else ()


def _are_facts(value: Any) -> TypeGuard[list[Mapping[str, Any]]]:
    """Only a value of the right form counts, because a user's column may also be called "facts"."""
    return _is_list_of_records(value) and all(
        isinstance(row.get("any"), list) and all(isinstance(t, str) for t in row["any"]) for row in value
    )


def _are_forbidden(value: Any) -> TypeGuard[list[Mapping[str, Any]]]:
    return _is_list_of_records(value) and all(isinstance(row.get("text"), str) and type(row.get("allowed", 0)) is int for row in value)


def _is_list_of_records(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, Mapping) and isinstance(row.get("what"), str) for row in value)


def _stated_fact(fact: Mapping[str, Any], answer: str) -> bool:
    return any(_words(text).search(answer) for text in fact["any"])


def _stated_forbidden(one: Mapping[str, Any], answer: str) -> bool:
    count = 0
    for match in _words(one["text"]).finditer(answer):
        count += not (one.get("unless_negated") and is_negated_after(answer[: match.start()]))
        if count > one.get("allowed", 0):
            return True
    return False


@lru_cache(maxsize=1 << 14)
def _words(text: str) -> re.Pattern[str]:
    """Matches the text as whole words and whole numbers: "20 mg" is neither in "120 mg" nor in "2.20 mg"."""
    inner = r"\s+".join(re.escape(part) for part in text.split())
    return re.compile(rf"(?<!\w)(?<!\d[.,]){inner}(?!\w)(?![.,]\d)", re.IGNORECASE)


def _build(labels: Sequence[str]) -> tuple[Metric, ...]:
    rules, is_label = "match:words|case:lower|space:folded", bool(labels)  # to find a label is exact; to find facts in free text is not
    return (
        example_metric("critical_error_rate", "lower", "fraction", critical_error, f"{rules}|negation:clause", exact=is_label),
        example_metric("critical_errors", "lower", "errors", critical_count, f"{rules}|negation:clause|wrong:once", exact=is_label),
        example_metric("entity_recall", "higher", "fraction", entity_recall, rules, exact=is_label),
    )


FACT_COLUMNS = ("facts", "forbidden", "unanswerable")  # the values of `meta` that are read
SCORES = ("critical_error_rate", "critical_errors", "entity_recall")
FACTS = Family("facts", ("summarization", "generation", "qa", "classification"), SCORES, _build)
