"""What a gate judges: candidate, baseline and policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.gate.baseline import GatePair
from harness.gate.complaint_suite import CaseResult
from harness.gate.guardrails import GuardrailChecker
from harness.gate.policies import Policy
from harness.results import LeakTest, StrategyResult, TrivialGain
from harness.types import Metric, Rule

Array: TypeAlias = NDArray[np.float64]
Slices: TypeAlias = Mapping[str, Mapping[str, Sequence[int]]]  # the positions of the test examples by value, by a rule's `slice`


@dataclass(frozen=True)
class GateInput:
    """Everything that the rules read.

    Attributes:
        candidate: the one model that is judged; `recipe` is its strategy with all seeds.
        baseline: one model, as it is stored; `pair` has it on the candidate's test examples. Both are None without a baseline.
        metrics: the candidate's, by name.
        alpha: the level of each rule for all candidates together; `level` is that of its limits.
        candidates: the models among which the candidate may have been chosen by its result on these examples.
        slices: the slices of every rule that has one.
        guardrails: those of the task; `checker` judges them, and is None without any.
        leak_test: of the recipe, whose models are others than the candidate; None without one.
        complaints: how the model does on the complaints of users; empty where the policy has no rule on them.
        gain: of the model over the trivial baseline of the task; None where that has no primary score.
    """

    candidate: StrategyResult
    recipe: StrategyResult
    baseline: StrategyResult | None
    pair: GatePair | None
    policy: Policy
    metrics: Mapping[str, Metric]
    alpha: float
    slices: Slices
    candidates: int = 1
    guardrails: tuple[Rule, ...] = ()
    checker: GuardrailChecker | None = None
    gain: TrivialGain | None = None
    leak_test: LeakTest | None = None
    complaints: tuple[CaseResult, ...] = ()

    @property
    def level(self) -> float:
        """The level of the limits of each rule: with probability 1 − alpha, none of the candidates passes a rule that it breaks, so neither
        does the best of them (Bonferroni). It holds whichever rule each of them breaks, which a level from the correlation of one score
        would not."""
        return self.alpha / self.candidates

    @property
    def counts_seeds(self) -> bool:
        """Whether a rule must hold for the recipe as well, with the spread of its seeds."""
        return self.policy.seed_spread == "count" and self.recipe.varies_by_seed

    @property
    def groups(self) -> tuple[str | None, ...]:
        """The group of each test example."""
        return self.candidate.task_scores.groups
