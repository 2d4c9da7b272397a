"""What is checked of each strategy before one is recommended: whether its results make sense. Data, never sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from harness.results import CRITICAL_ERROR_SCORES

CRITICAL_SCORES = (*CRITICAL_ERROR_SCORES, "review.critical_error_rate")  # the most important first

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
