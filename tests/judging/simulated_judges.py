"""Judges and raters of pairs whose biases are known, and what exactly should be measured of them.

Of each example, one output is truly better and one is longer, independently for each example. A verdict is, with these probabilities: for
the output shown first, for the longer one, for that of the judge's own model, and otherwise for the better one, or with the remaining
error for the worse one. Raters see the better one, but for their errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from types import SimpleNamespace
from typing import Any

import numpy as np

from harness.judging import Judgement, JudgeRecord
from harness.review import Key, Packet, Rating, Review
from harness.review.packets import ItemKey, ReviewItem
from harness.types import Cell, Example, JudgeSpec, Prediction, ReviewSpec

BASE, OTHER = "base", "vendor"
CELLS = {name: Cell(f"cell-{name}", "task", "tiny", name, 0, None) for name in (BASE, OTHER)}


@dataclass(frozen=True)
class SimulatedJudge:
    """Its behaviour; what is left of 1 goes to the better output, or with `error` to the worse one."""

    first: float = 0.0
    longer: float = 0.0
    own: float = 0.0
    error: float = 0.2


@dataclass(frozen=True)
class World:
    """How examples and raters are.

    Attributes:
        better: how often the output of the other strategy is better than that of base.
        longer_is_better: how often the longer output is the better one.
        rater_error: how often a rater prefers the worse one.
    """

    better: float = 0.65
    longer_is_better: float = 0.6
    rater_error: float = 0.1


class _Results(SimpleNamespace):
    """Values that can be looked up by identity, as the results of a task can."""

    __hash__ = object.__hash__


@dataclass(frozen=True)
class Drawn:
    """What was drawn: examples with their outputs, verdicts and ratings."""

    results: Any
    record: JudgeRecord
    review: Review


def draw(judge: SimulatedJudge, world: World, examples: int, rated: int, seed: int) -> Drawn:
    """Examples, the verdicts on all of them in both orders, and the ratings of a random part of them. The judge's own model is base."""
    rng = np.random.default_rng(seed)
    better = rng.random(examples) < world.better
    longer = np.where(rng.random(examples) < world.longer_is_better, better, ~better)
    names = [str(i) for i in range(examples)]
    judgements = []
    for i, name in enumerate(names):
        for order in ((OTHER, BASE), (BASE, OTHER)):
            wins = rng.random() < _win(judge, order[0] == OTHER, bool(better[i]), bool(longer[i]))
            verdict = "AB"[order.index(OTHER if wins else BASE)]
            judgements.append(Judgement(name, order, 0, 0, "", verdict, verdict))
    spec = JudgeSpec(name="simulated", kind="pairwise", criterion="better", model="tiny")
    record = JudgeRecord(spec, "task", "", {name: cell.id for name, cell in CELLS.items()}, (BASE,), "", "", tuple(judgements))
    chosen = sorted(rng.choice(examples, rated, replace=False).tolist())
    prefers = {names[i]: bool(better[i]) != (rng.random() < world.rater_error) for i in chosen}
    return Drawn(_make_results(names, longer), record, _make_review(prefers, examples))


def expect(judge: SimulatedJudge, world: World) -> dict[str, float]:
    """What should be measured: shares over all examples like these."""
    sums = dict.fromkeys(("flips", "first", "wins", "longer", "own", "raters", "raters_longer"), 0.0)
    for better, agrees in product((True, False), repeat=2):
        weight = (world.better if better else 1 - world.better) * (world.longer_is_better if agrees else 1 - world.longer_is_better)
        longer = better == agrees
        first, second = (_win(judge, shown_first, better, longer) for shown_first in (True, False))
        wins, rated = (first + second) / 2, 1 - world.rater_error if better else world.rater_error
        sums["flips"] += weight * (first * (1 - second) + (1 - first) * second)
        sums["first"] += weight * (first + 1 - second) / 2
        sums["wins"] += weight * wins
        sums["raters"] += weight * rated
        sums["longer"] += weight * (wins if longer else 1 - wins)
        sums["raters_longer"] += weight * (rated if longer else 1 - rated)
    sums["own"] = 1 - sums["wins"]
    return sums | {"longer_difference": sums["longer"] - sums["raters_longer"], "own_difference": sums["own"] - (1 - sums["raters"])}


def _win(judge: SimulatedJudge, is_first: bool, is_better: bool, is_longer: bool) -> float:
    """The probability that a verdict is for the output of the other strategy."""
    rest = 1 - judge.first - judge.longer - judge.own
    right = 1 - judge.error if is_better else judge.error
    return judge.first * is_first + judge.longer * is_longer + rest * right


def _make_results(names: list[str], longer: np.ndarray[Any, Any]) -> Any:
    """What is read of a task's results: its examples, cells and outputs, and no metric."""
    words: Mapping[str, list[int]] = {OTHER: [12 if each else 8 for each in longer], BASE: [8 if each else 12 for each in longer]}
    outputs = {CELLS[who].id: tuple(Prediction(n, " ".join("w" * k)) for n, k in zip(names, words[who], strict=True)) for who in CELLS}
    return _Results(
        examples=tuple(Example(name, {"text": "x"}, ("y",)) for name in names),
        groups=(None,) * len(names),
        metrics=(),
        task=SimpleNamespace(name="task", primary=""),
        run=SimpleNamespace(cells=tuple(CELLS.values())),
        predictions=lambda cell: outputs[cell.id],
    )


def _make_review(prefers: Mapping[str, bool], examples: int) -> Review:
    items = {f"item-{name}": name for name in prefers}
    packet = Packet(
        "p1", "run", "task", "pairwise", "2026-01-01", "output", ReviewSpec(), ("anna",),
        tuple(ReviewItem(item, "anna", name) for item, name in items.items()), False,
    )  # fmt: skip
    key = Key(
        {item: ItemKey((BASE, OTHER), None) for item in items}, {name: cell.id for name, cell in CELLS.items()},
        dict.fromkeys(prefers, len(prefers) / examples), examples, "random", True, "",
    )  # fmt: skip
    ratings = tuple(Rating(item, "anna", {"preference": "B" if prefers[name] else "A"}) for item, name in items.items())
    return Review(packet, key, ratings, 0)
