"""What each strategy remembers of its training data, from the leak test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.data.privacy import tag_identifiers
from harness.results import EXPOSURE, EXTRACTION, LeakTest, TaskResults, TotalCost, leak_cost
from harness.statistics import Interval
from harness.types import Score


@dataclass(frozen=True)
class LeakRow:
    """What one strategy remembers.

    Attributes:
        exposure: the mean over canaries, in bits; `at_least` where some could not be measured higher.
        by_repeats: the same by the number of repeats, with whether it is at least so high.
        extraction: the share of canaries that it wrote out; `extracted` counts canary and seed.
        training_overlap, held_out_overlap: the longest run of words repeated from a target, the mean over examples.
        remembered: how much more of training targets than of held-out ones, beyond the untuned model; None for that, and without it.
    """

    label: str
    is_base: bool
    seeds: int
    canaries: int
    exposure: Score
    at_least: bool
    by_repeats: Mapping[int, tuple[float | None, bool]]
    extraction: Score
    extracted: int
    training_overlap: Score
    held_out_overlap: Score
    remembered: Score | None


@dataclass(frozen=True)
class ExtraExposure:
    """By how many bits the canaries are more exposed with one strategy than with another, with the interval of that."""

    label: str
    other: str
    bits: float
    interval: Interval


@dataclass(frozen=True)
class LeakProblem:
    """A cell of the leak test without a result."""

    label: str
    seed: int | None
    status: str
    error: str | None


@dataclass(frozen=True)
class LeakReport:
    """The leak test of a task.

    Attributes:
        repeats: the numbers of repeats.
        canaries: for each number of repeats.
        planted, trained_on: examples with a canary, and those of the grid's largest training size beside them.
        candidates: how many secrets each canary is ranked among.
        highest, chance: the highest exposure that can be measured, and that of secrets that a model has never seen, in bits.
        comparisons: full fine-tuning with each other strategy that trains the same model.
        cost: of all its cells, which the total of the run includes.
    """

    rows: tuple[LeakRow, ...]
    problems: tuple[LeakProblem, ...]
    repeats: tuple[int, ...]
    canaries: int
    planted: int
    trained_on: int
    candidates: int
    highest: float
    chance: float
    comparisons: tuple[ExtraExposure, ...]
    cost: TotalCost


def build_leak_report(results: TaskResults) -> LeakReport | None:
    """The leak test of a task; None where it has none."""
    tests = results.leak_tests
    if not tests:
        return None
    measured = [test for test in tests if test.measurements]
    spec = results.task.privacy
    candidates = measured[0].candidates if measured else spec.references + 1
    return LeakReport(
        rows=tuple(_row(test, measured) for test in measured),
        problems=tuple(
            LeakProblem(test.label, each.seed, each.status, tag_identifiers(each.error) if each.error else None)
            for test in tests
            for each in test.problems
        ),
        repeats=spec.repeats,
        canaries=spec.canaries,
        planted=spec.planted_examples,
        trained_on=max(test.result.train_size for test in tests),
        candidates=candidates,
        highest=measured[0].highest if measured else 0.0,
        chance=measured[0].chance if measured else 0.0,
        comparisons=tuple(_compare(full, other) for full in measured for other in measured if _is_comparable(full, other)),
        cost=leak_cost(tests, results.run.leak_results),
    )


def _row(test: LeakTest, tests: Sequence[LeakTest]) -> LeakRow:
    untuned = next((each for each in tests if each.result.is_base and each.result.model == test.result.model), None)
    return LeakRow(
        label=test.label,
        is_base=test.result.is_base,
        seeds=len(test.measurements),
        canaries=len(test.canaries),
        exposure=test.score(EXPOSURE),
        at_least=test.is_at_least(),
        by_repeats={repeats: (test.score(EXPOSURE, repeats).value, test.is_at_least(repeats)) for repeats in test.repeats},
        extraction=test.score(EXTRACTION),
        extracted=int(test.extracted.sum()),
        training_overlap=test.overlap(),
        held_out_overlap=test.overlap(held_out=True),
        remembered=test.remembered_overlap(untuned) if untuned is not None and untuned is not test else None,
    )


def _is_comparable(full: LeakTest, other: LeakTest) -> bool:
    a, b = full.result, other.result
    return a.method == "full" and b.method != "full" and b.trained and a.model == b.model


def _compare(full: LeakTest, other: LeakTest) -> ExtraExposure:
    bits, interval = full.extra_exposure(other)
    return ExtraExposure(full.label, other.label, bits, interval)
