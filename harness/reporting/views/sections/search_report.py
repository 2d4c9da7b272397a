"""How the values of each strategy were chosen: its trials, what they cost, and what the race dropped."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from harness.results import RaceDrop, RateRatio, SearchFindings, SearchSummary, TaskResults
from harness.statistics import loss_interval

_MOST_FIGURES = 3  # fields that have a figure of their own


@dataclass(frozen=True)
class LossPoint:
    """The loss of a trial by the value of one field.

    Attributes:
        number: of the trial, from 1.
        share: of its training, after which it was measured.
        loss: None if it diverged or failed.
        low, high: its 95% interval; None where there is none.
        chosen: whether these are the chosen values.
    """

    number: int
    value: float
    share: float
    loss: float | None
    low: float | None
    high: float | None
    chosen: bool


@dataclass(frozen=True)
class LossLine:
    """The losses of one strategy by the value of one field, in its order.

    Attributes:
        first: after the first part of the training, which all trials have: they are like for like.
        full: of the trials that were trained in full, at the end.
    """

    label: str
    strategy: str
    model: str
    first: tuple[LossPoint, ...]
    full: tuple[LossPoint, ...]


@dataclass(frozen=True)
class FieldFigure:
    """The losses of all strategies by the value of one field."""

    field: str
    log: bool
    lines: tuple[LossLine, ...]


@dataclass(frozen=True)
class SearchedStrategy:
    """One strategy that was searched.

    Attributes:
        drop: why the race dropped it; None if it did not.
    """

    label: str
    findings: SearchFindings
    drop: RaceDrop | None


@dataclass(frozen=True)
class SearchReport:
    """The search of one task.

    Attributes:
        examples: the validation examples that every trial was measured on.
    """

    summary: SearchSummary
    strategies: tuple[SearchedStrategy, ...]
    figures: tuple[FieldFigure, ...]
    examples: int

    @property
    def dropped(self) -> tuple[SearchedStrategy, ...]:
        """The strategies that the race dropped: the grid has no experiments of them."""
        return tuple(each for each in self.strategies if each.drop is not None)

    @property
    def is_race_only(self) -> bool:
        """Whether no values were searched: the race compared the strategies as they are."""
        return self.summary.spec is None

    @property
    def has_several_models(self) -> bool:
        """Whether strategies of several base models were searched."""
        return len({each.findings.search.model for each in self.strategies}) > 1

    @property
    def main_ratios(self) -> tuple[RateRatio, ...]:
        """For each model, that of the first LoRA strategy: one that the race has not dropped, and plain LoRA before others."""
        dropped = {(each.findings.search.strategy, each.findings.search.model) for each in self.dropped}
        first: dict[str, RateRatio] = {}
        for ratio in sorted(self.summary.ratios, key=lambda ratio: ((ratio.strategy, ratio.model) in dropped, ratio.strategy != "lora")):
            first.setdefault(ratio.model, ratio)
        return tuple(first.values())

    def label_of(self, strategy: str, model: str) -> str:
        """The name of a searched strategy, with its model where there are several."""
        return f"{strategy} · {model}" if self.has_several_models else strategy

    def ratio_labels(self, ratio: RateRatio) -> tuple[str, str]:
        """The names of LoRA and full fine-tuning in a comparison of their rates."""
        return self.label_of(ratio.strategy, ratio.model), self.label_of(ratio.full, ratio.model)


def build_search_report(results: TaskResults) -> SearchReport | None:
    """The search of a task; None without one, and while no trial has a result."""
    summary = results.search_summary
    if summary is None:
        return None
    drops = {(drop.dropped.strategy, drop.dropped.model): drop for drop in summary.drops}
    several = len({each.search.model for each in summary.findings}) > 1
    strategies = tuple(
        SearchedStrategy(
            label=f"{each.search.strategy} · {each.search.model}" if several else each.search.strategy,
            findings=each,
            drop=drops.get((each.search.strategy, each.search.model)),
        )
        for each in summary.findings
    )
    measured = [part.measured for each in summary.findings for trial in each.search.trials for part in trial.parts if part.measured]
    figures = [figure for name in (summary.spec.fields if summary.spec else ()) if (figure := _build_figure(name, strategies)) is not None]
    return SearchReport(summary, strategies, tuple(figures[:_MOST_FIGURES]), max((len(each.losses) for each in measured), default=0))


def _build_figure(name: str, strategies: tuple[SearchedStrategy, ...]) -> FieldFigure | None:
    searched = [(each, field) for each in strategies if (field := each.findings.field(name)) is not None and field.range.is_numeric]
    lines = tuple(line for each, _ in searched if (line := _build_line(name, each)) is not None)
    positive = all(point.value > 0 for line in lines for point in (*line.first, *line.full))
    return FieldFigure(name, positive and all(field.range.log for _, field in searched), lines) if lines else None


def _build_line(name: str, each: SearchedStrategy) -> LossLine | None:
    search = each.findings.search
    points = [_points(name, each, full=full) for full in (False, True)]
    if not any(point.loss is not None for own in points for point in own):
        return None
    first, full = (tuple(sorted(own, key=lambda point: point.value)) for own in points)
    return LossLine(each.label, search.strategy, search.model, first, full)


def _points(name: str, each: SearchedStrategy, *, full: bool) -> list[LossPoint]:
    points = []
    for finding in each.findings.trials:
        trial = finding.trial
        value: Any = trial.values[name]
        for part in trial.parts:
            is_full = part.trial.share >= 1
            if is_full != full or (not full and part.trial.rung):
                continue
            measured = part.measured if part.measured and math.isfinite(part.loss) else None
            interval = loss_interval(measured) if measured else None
            points.append(
                LossPoint(
                    number=trial.number + 1,
                    value=float(value),
                    share=part.trial.share,
                    loss=part.loss if measured else None,
                    low=interval.low if interval else None,
                    high=interval.high if interval else None,
                    chosen=finding.standing == "chosen" and part is trial.last and each.drop is None,
                )
            )
    return points
