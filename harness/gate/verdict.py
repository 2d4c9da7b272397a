"""What a gate says: a verdict for each rule, and for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from harness.errors import BenchError
from harness.statistics import Outcome
from harness.store import to_jsonable

EXIT_CODES: dict[Outcome, int] = {"PASS": 0, "FAIL": 1, "INCONCLUSIVE": 3}


@dataclass(frozen=True)
class RuleVerdict:
    """The verdict on one rule: what was measured and its limits at level α, each on one side, what they are held against, and why.

    `measured` is the score itself, or its difference to the baseline's, turned so that more is better where `compares`. `examples_needed`
    test rows like these would decide with a power of 80 %, if the planned difference is the true one; None where more would not. `examples`
    are ids of test rows that the reason is about.
    """

    rule: str
    outcome: Outcome
    reason: str
    score: str = ""
    compares: bool = False
    measured: float | None = None
    low: float | None = None
    high: float | None = None
    against: float | None = None
    unit: str = ""
    n: int = 0
    examples_needed: int | None = None
    method: str = ""
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Worse:
    """A test row on which the candidate is worse than the baseline: the score of each, what each said, and by whom ("scores", "people") a
    critical error was found there that the baseline does not make."""

    example: str
    title: str
    baseline: float
    candidate: float
    baseline_output: str
    candidate_output: str
    critical_by: tuple[str, ...] = ()

    @property
    def critical(self) -> bool:
        """Whether there is such an error."""
        return bool(self.critical_by)


@dataclass(frozen=True)
class JudgedModel:
    """Who is judged, or held against: where its results are, what its artifact's digest is."""

    run: str
    strategy: str
    model: str
    label: str
    seeds: tuple[int, ...]
    cells: tuple[str, ...]
    digest: str


@dataclass(frozen=True)
class Verdict:
    """Everything that one gate says. `alpha` is what each rule decided at, `look` the how-many-th look at this test set this is, of
    `planned` ones (None: nobody planned)."""

    outcome: Outcome
    task: str
    score: str
    rows: int
    candidate: JudgedModel
    baseline: JudgedModel | None
    rulings: tuple[RuleVerdict, ...]
    worse: tuple[Worse, ...]
    worse_rows: int
    critical_rows: int
    alpha: float
    look: int
    planned: int | None
    policy: dict[str, Any]
    policy_digest: str
    test_digest: str
    at: str
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0, 1 or 3."""
        return EXIT_CODES[self.outcome]

    def to_json(self) -> dict[str, Any]:
        """Every value, as `verdict_of` reads it back; a number that does not exist is null, never NaN."""
        found: dict[str, Any] = to_jsonable(asdict(self))
        return found

    def without_text(self) -> Verdict:
        """Without ids and outputs of test rows: they may be what patients said."""
        return replace(self, worse=(), rulings=tuple(replace(ruling, examples=()) for ruling in self.rulings))


def verdict_of(value: Mapping[str, Any], where: str) -> Verdict:
    """A verdict back from the values that it was put on record as, in the file `where`.

    Raises:
        BenchError: the record is damaged.
    """
    try:
        sides = {name: _side(value[name]) for name in ("candidate", "baseline")}
        rulings = tuple(RuleVerdict(**each | {"examples": tuple(each["examples"])}) for each in value["rulings"])
        worse = tuple(Worse(**each | {"critical_by": tuple(each["critical_by"])}) for each in value["worse"])
        return Verdict(**dict(value) | sides | {"rulings": rulings, "worse": worse, "notes": tuple(value["notes"])})
    except (KeyError, TypeError) as error:
        what = f"the verdict is damaged, or of another version ({type(error).__name__}: {error})"
        raise BenchError(f"{where}: {what}. Move it away to go on without it.") from None


def _side(value: Mapping[str, Any] | None) -> JudgedModel | None:
    return None if value is None else JudgedModel(**dict(value) | {"seeds": tuple(value["seeds"]), "cells": tuple(value["cells"])})


def together(outcomes: Iterable[Outcome]) -> Outcome:
    """FAIL where any rule fails, else INCONCLUSIVE where any is, else PASS. That all must pass needs no correction for their number."""
    every = set(outcomes)
    return "FAIL" if "FAIL" in every else "INCONCLUSIVE" if "INCONCLUSIVE" in every else "PASS"
