"""The trivial baseline in words: what it answers, and its score."""

from __future__ import annotations

from collections.abc import Mapping

from harness.reporting.views import TaskOutcome, TrivialReference
from harness.reporting.wording import numbers
from harness.reporting.wording.names import quote_label, score_in_sentence
from harness.results import TrivialKind

_CLAUSES: Mapping[TrivialKind, str] = {
    "majority": "always gives the most frequent label",
    "frequent_answer": "always gives the most frequent answer",
    "copy": "copies the input",
    "lead": "copies the first sentences of the input",
}


def trivial_clause(kind: TrivialKind, label: str | None) -> str:
    """What the baseline does: "always answers “ham”"."""
    return _CLAUSES[kind] if label is None else f"always answers {quote_label(label)}"


def describe_reference(reference: TrivialReference) -> str:
    """What the baseline does, beside its name in a table."""
    return trivial_clause(reference.kind, reference.label)


def describe_trivial(task: TaskOutcome) -> str:
    """A sentence with the score of the baseline; empty where it has none."""
    reference = task.trivial
    if reference is None or reference.value is None:
        return ""
    score = f"{score_in_sentence(task.primary.name)} {numbers.score(reference.value, task.primary.unit)}"
    return f"Trivial baseline, which {describe_reference(reference)}: {score}."
