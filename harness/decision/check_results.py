"""What is checked of each strategy before one is recommended: guardrails, and whether the results make sense. Data, never sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from harness.types import Rule

GuardrailStatus: TypeAlias = Literal["kept", "broken", "undecided", "no_evidence", "untrusted"]
Severity: TypeAlias = Literal["blocks", "conditions", "notes"]
SanityCode: TypeAlias = Literal[
    "not_better_than_trivial",
    "constant_output",
    "empty_outputs",
    "repeats_prompt",
    "single_class_test_set",
    "few_examples_per_class",
    "base_already_solves",
    "raters_disagree",
]


@dataclass(frozen=True)
class GuardrailResult:
    """Whether one strategy keeps one guardrail of its task.

    Attributes:
        strategy: its label.
        status: "kept" and "broken" are shown; "undecided" is too close to call; "no_evidence": the score has no value;
            "untrusted": the score is neither exact nor shown to agree with raters of this task, so it does not count as kept.
        estimate: the score itself for `floor` and `ceiling`; the difference to the strategy that the rule names for `not_worse` and
            `better` (this one minus that one, in the unit of the score).
        low, high: one-sided limits of the estimate, each at the level of the task.
        n: the examples that it rests on.
        examples_needed: how many test examples like these would decide it; None where that is not known.
        measured_by: the automatic score, or the critical errors that raters saw.
    """

    rule: Rule
    strategy: str
    status: GuardrailStatus
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    n: int = 0
    examples_needed: int | None = None
    method: str = ""
    measured_by: Literal["score", "raters"] = "score"


@dataclass(frozen=True)
class SanityFinding:
    """Something about the results that a reader must know before a strategy is recommended.

    Attributes:
        strategy: its label; empty where it is about the task.
        severity: "blocks": the strategy (or every one) is not recommended; "conditions": at most with conditions; "notes": shown.
        numbers, texts: what belongs to the code, by name. Texts come from the data and may be hostile.
    """

    code: SanityCode
    severity: Severity
    strategy: str = ""
    numbers: Mapping[str, float] = field(default_factory=dict)
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
