"""A judge's verdicts as scores of outputs and of pairs of outputs, from 0 to 1."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import combinations
from typing import TypeAlias
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from harness.judging.judge_record import Judgement, JudgeRecord, load_judges
from harness.results import TaskScores

Array: TypeAlias = NDArray[np.float64]

_HALF = 0.5
_FIRST = {"A": 1.0, "tie": _HALF, "B": 0.0}  # how good a verdict is for the output that was shown first


class JudgeScores:
    """The scores of one record, for the test examples of its task, in their order; NaN where a verdict is missing.

    Attributes:
        name: "judge:" and the judge's name, as no metric is called.
        examples: how many test examples there are, N.
    """

    def __init__(self, record: JudgeRecord, example_ids: tuple[str, ...]) -> None:
        self.record, self.name = record, f"judge:{record.judge.name}"
        self.examples = len(example_ids)
        self._positions = {example: position for position, example in enumerate(example_ids)}

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Every pair of judged strategies: the later one, compared with the earlier one."""
        return [(later, earlier) for earlier, later in combinations(self.record.cells, 2)]

    def outputs(self, strategy: str) -> Array:
        """The score of each output, (N,): the mean rating between the ends of the scale, the share of yes, or the mean share of pairs won.

        Where one of several answers about an output has no verdict, the output has no score.
        """
        if strategy not in self.record.cells:
            return self._empty()
        if self.record.judge.kind == "pairwise":
            others = [other for other in self.record.cells if other != strategy]
            return np.mean([self.wins(strategy, other) for other in others], axis=0)  # type: ignore[no-any-return]
        verdicts = self.record.judge.verdicts
        worth = {verdict: i / (len(verdicts) - 1) for i, verdict in enumerate(verdicts)}
        worth = {"yes": 1.0, "no": 0.0} if self.record.judge.kind == "questions" else worth
        return self._average([(each.example, worth.get(each.verdict, np.nan)) for each in self._asked_about(strategy)])

    def wins(self, strategy: str, against: str) -> Array:
        """How far the judge prefers one output to the other, (N,): 1 where it does, 0 where it prefers the other, one half for a tie.

        A verdict that flips with the order is a tie, and so are equal outputs. With one order missing, there is no verdict. Judges of
        single outputs prefer the one with the higher score.
        """
        if not {strategy, against} <= self.record.cells.keys():
            return self._empty()
        if self.record.judge.kind != "pairwise":
            difference = self.outputs(strategy) - self.outputs(against)
            return np.where(np.isnan(difference), np.nan, _HALF + np.sign(difference) / 2)
        orders = self._orders(strategy, against)
        shares = [(example, (_FIRST.get(one, np.nan) + 1 - _FIRST.get(other, np.nan)) / 2) for example, one, other in orders]
        return self._average(shares, missing=_HALF)

    def differences(self, strategy: str, against: str) -> Array:
        """By how much the first output is better for the judge, (N,), from −1 to 1."""
        if self.record.judge.kind == "pairwise":
            return 2 * self.wins(strategy, against) - 1
        return self.outputs(strategy) - self.outputs(against)

    def flips(self) -> Array:
        """The share of pairs whose verdict changed with their order, (N,); NaN where none was asked in both orders."""
        return self._average([(example, float(_FIRST[one] != 1 - _FIRST[other])) for example, one, other in self._complete_orders()])

    def firsts(self) -> Array:
        """How often the output shown first wins, (N,); a tie is half. A judge without a bias has one half, since each is first once."""
        return self._average([(example, (_FIRST[one] + _FIRST[other]) / 2) for example, one, other in self._complete_orders()])

    def repeats_agree(self) -> Array:
        """How often two answers to the same question have the same verdict, (N,); NaN where none was asked twice."""
        answers: dict[tuple[str, tuple[str, ...], int], list[str]] = {}
        for each in self.record.judgements:
            if each.verdict:
                answers.setdefault((each.example, each.strategies, each.question), []).append(each.verdict)
        several = [(key[0], list(combinations(verdicts, 2))) for key, verdicts in answers.items() if len(verdicts) > 1]
        return self._average([(example, float(np.mean([one == other for one, other in pairs]))) for example, pairs in several])

    @cached_property
    def _by_key(self) -> dict[tuple[str, tuple[str, ...], int], str]:
        return {(each.example, each.strategies, each.repeat): each.verdict for each in self.record.judgements}

    def _orders(self, strategy: str, against: str) -> Iterator[tuple[str, str, str]]:
        """Example, verdict with the first strategy first, and verdict with it second, for each repeat; empty where one is missing."""
        for (example, strategies, repeat), verdict in self._by_key.items():
            if strategies == (strategy, against):
                yield example, verdict, self._by_key.get((example, (against, strategy), repeat), "")

    def _complete_orders(self) -> Iterator[tuple[str, str, str]]:
        """Those of all pairs that have both verdicts."""
        orders = (order for pair in self.pairs for order in self._orders(*pair))
        return ((example, one, other) for example, one, other in orders if one and other)

    def _asked_about(self, strategy: str) -> Iterator[Judgement]:
        return (each for each in self.record.judgements if each.strategies == (strategy,))

    def _average(self, values: Iterable[tuple[str, float]], *, missing: float = np.nan) -> Array:
        """The mean value of each example, (N,); NaN where one of its values is.

        Args:
            missing: the value of examples without any.
        """
        by_example: dict[str, list[float]] = {}
        for example, value in values:
            by_example.setdefault(example, []).append(value)
        means = np.full(self.examples, missing)
        for example, several in by_example.items():
            if example in self._positions:
                means[self._positions[example]] = np.mean(several)
        return means

    def _empty(self) -> Array:
        return np.full(len(self._positions), np.nan)


_LOADED: WeakKeyDictionary[TaskScores, tuple[JudgeScores, ...]] = WeakKeyDictionary()


def load_judge_scores(results: TaskScores) -> tuple[JudgeScores, ...]:
    """The scores of every judge of a task, the oldest first. They are read once for the same results.

    Raises:
        BenchError: a file of a judge is missing or damaged.
    """
    if results not in _LOADED:
        ids = tuple(example.id for example in results.examples)
        _LOADED[results] = tuple(JudgeScores(record, ids) for record in load_judges(results.run, results.task.name))
    return _LOADED[results]
