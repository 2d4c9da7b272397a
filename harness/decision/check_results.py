"""What is checked of each strategy before one is recommended: guardrails, and whether the results make sense. Data, never sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from harness.statistics import Assumption
from harness.types import Rule

CRITICAL_SCORES = ("critical_error_rate", "critical_errors", "review.critical_error_rate")  # the most important first

GuardrailStatus: TypeAlias = Literal["kept", "broken", "undecided", "no_evidence", "untrusted"]
Severity: TypeAlias = Literal["blocks", "conditions", "notes"]
SanityCode: TypeAlias = Literal[
    "not_better_than_trivial",
    "trivial_not_scored",
    "constant_output",
    "empty_outputs",
    "repeats_prompt",
    "single_class_test_set",
    "few_examples_per_class",
    "missed_classes",
    "base_already_solves",
    "raters_disagree",
]


@dataclass(frozen=True)
class GuardrailResult:
    """Whether one strategy keeps one guardrail of its task.

    | status | means |
    | --- | --- |
    | kept | the limit of the estimate is on the right side of the guardrail |
    | broken | the estimate is on the wrong side, whether the limits show it or not, and whether the score is trusted or not |
    | undecided | the estimate is on the right side, but that is not shown |
    | untrusted | the estimate is on the right side, but the score is neither exact nor shown to find what raters find |
    | no_evidence | there is no estimate |

    Attributes:
        strategy: its label.
        estimate: the score itself for `floor` and `ceiling`; the difference to the strategy that the rule names for `not_worse` (this one
            minus that one, in the unit of the score).
        low, high: one-sided limits of the estimate, each at level `alpha`.
        alpha: the level of the task, divided by the number of strategies among which one is chosen.
        n: the examples that it rests on.
        examples_needed: how large a test set like this one would have to be to decide it; None where that is not known.
        assumed: what that assumes: "equal" of two strategies that are compared, or that the true value is the "observed" one.
        measured_by: the automatic score, or the critical errors that raters saw.
        trusted: whether the measurement is exact, made by raters, or shown to find what raters find.
        about_quality: whether lower or higher values are better: a limit on the length of outputs says nothing about harm.
        why: why the limits do not decide although they could, or why there is no estimate; empty if there is nothing to say.
    """

    rule: Rule
    strategy: str
    status: GuardrailStatus
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    alpha: float = 0.05
    unit: str = ""
    n: int = 0
    examples_needed: int | None = None
    assumed: Assumption | Literal[""] = ""
    method: str = ""
    measured_by: Literal["score", "raters"] = "score"
    trusted: bool = True
    about_quality: bool = True
    why: str = ""


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
