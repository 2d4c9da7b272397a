"""What more labelled examples would bring, what they would cost to label, and which parts of the data lack examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.reporting.views.sections import StrategyCurve, build_class_report, build_learning_curves, build_slice_tables
from harness.reporting.views.task_outcome import ScoreName, name_primary
from harness.results import StrategyResult, TaskResults
from harness.statistics import TARGET_SIZES, Forecast, clopper_pearson_interval
from harness.types import Score

FEW_TO_JUDGE = 10  # with fewer test examples, the score of a part says nothing


@dataclass(frozen=True)
class LabelPrice:
    """What one label costs."""

    amount: float
    currency: str


@dataclass(frozen=True)
class SizeOutlook:
    """What is expected at one number of training examples.

    Attributes:
        forecast: the score at this size, and the gain over the largest size run.
        new_labels: examples that have to be labelled for it, beyond those of the task.
        cost: of these labels; None without a price.
        cost_per_margin: what a gain of one margin Δ costs there, and its limits; None where no gain is shown or there is no price.
    """

    forecast: Forecast
    new_labels: int
    cost: float | None
    cost_per_margin: tuple[float, float, float] | None


@dataclass(frozen=True)
class CurveOutlook:
    """What is expected of one strategy of one model."""

    own: StrategyCurve
    sizes: tuple[SizeOutlook, ...]


@dataclass(frozen=True)
class DataPart:
    """A class or another slice of the test examples.

    Attributes:
        training: its training examples; None where a run does not know that.
        test: its test examples.
        score: of the best trained strategy on this part.
        lacks: whether the whole interval of the score is worse than the score on all examples.
        too_few: whether it has too few test examples to judge.
    """

    by: str
    name: str
    training: int | None
    test: int
    score: Score
    lacks: bool
    too_few: bool


@dataclass(frozen=True)
class DataEnough:
    """The answer for one task.

    Attributes:
        available: its labelled training examples.
        used: those that the run could train on, after its limit.
        asked: the sizes that were asked about and are within the sizes run, so that nothing has to be forecast.
        part_score: what parts are judged by; empty where nothing judges single examples.
        judged: the strategy that parts are judged by; None where none was trained.
        parts: the classes, then other slices; those that lack examples first.
    """

    run: str
    task: str
    command: str
    score: ScoreName
    margin: float
    available: int
    used: int
    price: LabelPrice | None
    curves: tuple[CurveOutlook, ...]
    asked: tuple[int, ...]
    part_score: str
    judged: str | None
    parts: tuple[DataPart, ...]


def build_data_enough(results: TaskResults, *, sizes: Sequence[int], price: LabelPrice | None) -> DataEnough:
    """What the learning curves of a task say about these numbers of training examples.

    Args:
        sizes: numbers of training examples to forecast, besides twice the largest size run.
    """
    learning = build_learning_curves(results, targets=(*TARGET_SIZES, *sizes))
    data = results.run.plan.data[results.task.name]
    available = data.sampled_from.get("train", 0)
    curves = learning.curves if learning else ()
    largest = max((curve.curve.points[-1][0] for curve in curves), default=0)
    judged = next((result for result in results.scored if result.trained), None)
    part_score, parts = _parts(results, judged) if judged else ("", ())
    return DataEnough(
        run=results.run.name,
        task=results.task.name,
        command=results.run.plan.command,
        score=name_primary(results),
        margin=results.task.margin,
        available=available,
        used=data.sizes.get("train", 0),
        price=price,
        curves=tuple(_outlook(curve, sizes, available, price, results.task.margin) for curve in curves),
        asked=tuple(size for size in sizes if size <= largest),
        part_score=part_score,
        judged=judged.label if judged else None,
        parts=parts,
    )


def _outlook(own: StrategyCurve, sizes: Sequence[int], available: int, price: LabelPrice | None, margin: float) -> CurveOutlook:
    wanted = {2 * own.curve.points[-1][0], *sizes}
    forecasts = [forecast for forecast in own.curve.forecasts if forecast.size in wanted]
    return CurveOutlook(own, tuple(_size(forecast, available, price, margin) for forecast in forecasts))


def _size(forecast: Forecast, available: int, price: LabelPrice | None, margin: float) -> SizeOutlook:
    new = max(0, forecast.size - available)
    cost = None if price is None else new * price.amount
    gain, low, high = forecast.step.gain, forecast.step.low, forecast.step.high
    per_margin = None
    if cost and gain and low and high and low > 0 and forecast.outlook == "gain":
        per_margin = cost * margin / gain, cost * margin / high, cost * margin / low
    return SizeOutlook(forecast, new, cost, per_margin)


def _parts(results: TaskResults, judged: StrategyResult) -> tuple[str, tuple[DataPart, ...]]:
    """The score that parts are judged by, and the parts."""
    if results.task.chooses:
        parts, score = _class_parts(results, judged), "recall"
    else:
        parts, score = _slice_parts(results, judged)
    return score, tuple(sorted(parts, key=lambda part: (not part.lacks, part.too_few, part.training or 0)))


def _class_parts(results: TaskResults, judged: StrategyResult) -> list[DataPart]:
    """The classes by recall, compared with the accuracy on all examples."""
    counts: Mapping[str, int] = results.run.plan.data[results.task.name].training_answers
    rows = build_class_report(judged).rows
    total = sum(row.support for row in rows)
    accuracy = sum(row.recall * row.support for row in rows) / total if total else 0.0
    parts = []
    for row in rows:
        score = _recall(round(row.recall * row.support), row.support)
        few = row.support < FEW_TO_JUDGE
        lacks = not few and score.high is not None and score.high < accuracy
        parts.append(DataPart("class", row.label, counts.get(row.label, 0) if counts else None, row.support, score, lacks, few))
    return parts


def _recall(right: int, examples: int) -> Score:
    if not examples:
        return Score(None, None, None, n=0, method="no test examples")
    interval = clopper_pearson_interval(right, examples)
    return Score(
        right / examples,
        interval.low,
        interval.high,
        n=examples,
        method=interval.method,
        reliable=interval.reliable,
        reason=interval.reason,
    )


def _slice_parts(results: TaskResults, judged: StrategyResult) -> tuple[list[DataPart], str]:
    """The slices that reports show, compared with the score on all examples."""
    tables = build_slice_tables(results, [judged])
    metric = next((each for each in results.metrics if tables and each.name == tables[0].score), None)
    if metric is None:
        return [], ""
    overall = judged.scores[metric.name].value
    parts = []
    for table in tables:
        for row in table.rows:
            score, few = row.scores[judged.label], row.examples < FEW_TO_JUDGE
            worst_case = score.low if metric.direction == "lower" else score.high
            lacks = False
            if not few and worst_case is not None and overall is not None and score.reliable:
                lacks = worst_case > overall if metric.direction == "lower" else worst_case < overall
            parts.append(DataPart(table.by, row.name, None, row.examples, score, lacks, few))
    return parts, metric.name
