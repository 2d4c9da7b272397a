"""What a list of runs shows about each run: plain values, so that they can be stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from harness.decision import CandidateStatus, DecisionState, HeadlineCode

RunState: TypeAlias = Literal["finished", "in_progress", "unfinished", "damaged"]


@dataclass(frozen=True)
class StrategyStanding:
    """One strategy on one task of a run.

    Attributes:
        value, low, high: the primary score with its 95% CI, over all seeds; None without a result.
        reliable: whether the interval can be trusted.
        n: the test examples that have this score.
        thousand_price: of 1,000 outputs, in `currency`; None where a price is not known.
    """

    label: str
    model: str
    status: CandidateStatus
    value: float | None
    low: float | None
    high: float | None
    reliable: bool
    n: int
    seeds: int
    thousand_price: float | None
    currency: str


@dataclass(frozen=True)
class DecidedTask:
    """One task of a finished run: its decision, and where every strategy stands.

    Attributes:
        test_digest: of the test examples in any order: scores of runs with the same digest are about the same examples.
        signature: of the metric that computes the primary score.
        unit, direction: of the primary score.
        strategy: the one to ship; None without a choice.
        leader: the one to take if it has to be decided today.
        strategies: the best primary score first.
    """

    task: str
    test_digest: str
    test_size: int
    score: str
    signature: str
    unit: str
    direction: str
    state: DecisionState
    headline: HeadlineCode
    strategy: str | None
    leader: str | None
    strategies: tuple[StrategyStanding, ...]


@dataclass(frozen=True)
class RunSummary:
    """One run in a list.

    Attributes:
        path: its folder.
        created: in ISO 8601; empty where run.json cannot be read.
        reason: why it has no decision, as sentences; empty for a finished run.
        strategies: the names of the strategies of each task, in the order of the plan.
        planned, finished, failed: numbers of cells; failed ones are finished without a score.
        price: of all cells, failed ones included; None where a price is not known.
        size: of all files, in bytes.
        tasks: the decisions; empty unless the run is finished.
    """

    name: str
    path: str
    state: RunState
    created: str
    reason: str
    strategies: dict[str, tuple[str, ...]]
    planned: int
    finished: int
    failed: int
    seconds: float
    price: float | None
    currency: str | None
    size: int
    tasks: tuple[DecidedTask, ...]
