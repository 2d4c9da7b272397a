"""The results of a run as pandas data frames. Nothing is computed here but which value goes into which column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from harness.results import RunResults, StrategyResult, TaskResults
from harness.types import Cell, Score

if TYPE_CHECKING:
    from pandas import DataFrame

_STRATEGY = ("task", "model", "strategy", "train_size")
_CELL = (*_STRATEGY, "seed")
_COMPARISON = (
    "difference", "low", "high", "p_value", "verdict", "equivalent", "margin", "n", "reliable", "reason", "method", "better", "equal",
    "worse", "detectable",
)  # fmt: skip


def summary_frame(run: RunResults) -> DataFrame:
    """One row per strategy, the best first within each task."""
    columns = [*_STRATEGY, "status", "seeds", "score", "value", "low", "high", "n", "reliable", "difference", "difference_low",
               "difference_high", "verdict", "training_seconds", "training_price", "output_seconds", "price_per_1k", "total_price",
               "currency", "peak_memory"]  # fmt: skip
    return _frame([_summary(result) for result in _strategies(run)], columns)


def scores_frame(run: RunResults, *, by_seed: bool = False) -> DataFrame:
    """One row per strategy and score, or with `by_seed` per cell and score."""
    rows = []
    for result in _strategies(run):
        if not by_seed:
            rows += [_strategy(result) | _score(result, name, score) for name, score in result.scores.items()]
            continue
        for cell in result.done:
            rows += [_cell(cell) | _score(result, name, score) for name, score in result.task_scores.scores([cell]).items()]
    first = _CELL if by_seed else _STRATEGY
    columns = ["score", "value", "low", "high", "n", "reliable", "reason", "method", "unit", "direction", "primary"]
    return _frame(rows, [*first, *columns])


def predictions_frame(run: RunResults, *, with_inputs: bool = False) -> DataFrame:
    """One row per cell and test example, with a column per score that judges single examples."""
    rows = []
    for result in _strategies(run):
        examples = {example.id: example for example in result.examples}
        for cell in result.done:
            for prediction in result.predictions(cell):
                row: dict[str, Any] = _cell(cell) | {
                    "example": prediction.example_id,
                    "output": prediction.output,
                    "answer": prediction.answer,
                    "finish": prediction.finish,
                    "tokens_in": prediction.tokens_in,
                    "tokens_out": prediction.tokens_out,
                }
                example = examples.get(prediction.example_id)
                if with_inputs and example is not None:
                    row |= {f"input.{name}": text for name, text in example.inputs.items()}
                    row |= {"targets": list(example.targets), "group": example.group}
                rows.append(row | dict(prediction.scores))
    return _frame(rows, [*_CELL, "example", "output", "answer", "finish", "tokens_in", "tokens_out"])


def costs_frame(run: RunResults) -> DataFrame:
    """One row per cell and phase, as measured; failed cells included."""
    rows = [
        _cell(cell)
        | {
            "status": run.status(cell.id),
            "phase": cost.phase,
            "seconds": cost.seconds,
            "price": cost.price,
            "currency": cost.currency,
            "tokens": cost.tokens,
            "energy": cost.energy,
            "peak_allocated": cost.peak_allocated,
            "peak_reserved": cost.peak_reserved,
            "device": cost.device,
        }
        for cell in run.cells
        if cell.id in run.results
        for cost in run.results[cell.id].costs
    ]
    columns = [*_CELL, "status", "phase", "seconds", "price", "currency", "tokens", "energy", "peak_allocated", "peak_reserved", "device"]
    return _frame(rows, columns)


def comparisons_frame(run: RunResults) -> DataFrame:
    """One row per pair of strategies of a task that have a primary score: b minus a."""
    return _frame([row for results in run.by_task.values() for row in _comparisons(results)], ["task", "a", "b", "score", *_COMPARISON])


def _comparisons(results: TaskResults) -> list[dict[str, Any]]:
    from harness.statistics import compare_all_pairs

    metric, scored = results.primary, results.scored
    if metric is None or len(scored) < 2:
        return []
    stacks = dict(zip([s.label for s in scored], results.stacks(metric, [s.done for s in scored]), strict=True))
    pairs = compare_all_pairs(stacks, metric=metric, margin=results.task.margin, groups=results.groups)
    return [
        {"task": results.task.name, "a": a, "b": b, "score": metric.name} | {name: getattr(pair, name) for name in _COMPARISON}
        for (a, b), pair in pairs.items()
    ]


def _summary(result: StrategyResult) -> dict[str, Any]:
    score, difference, costs = result.primary, result.versus_base, result.costs
    row = _strategy(result) | {
        "status": "done" if result.complete else ", ".join(dict.fromkeys(result.statuses)),
        "seeds": len(result.seeds),
        "score": result.task.primary,
    }
    if score is not None:
        row |= {name: getattr(score, name) for name in ("value", "low", "high", "n", "reliable")}
    if difference is not None:
        row |= {"difference": difference.difference, "difference_low": difference.low, "difference_high": difference.high}
        row |= {"verdict": difference.verdict}
    if costs is not None:
        row |= {
            "training_seconds": costs.training_seconds,
            "training_price": costs.training_price,
            "output_seconds": costs.answer_seconds,
            "price_per_1k": costs.thousand_price,
            "total_price": costs.total_price,
            "currency": costs.currency,
            "peak_memory": costs.peak_allocated,
        }
    return row


def _score(result: StrategyResult, name: str, score: Score) -> dict[str, Any]:
    metric = next(m for m in result.task_scores.metrics if m.name == name)
    return {
        "score": name,
        "value": score.value,
        "low": score.low,
        "high": score.high,
        "n": score.n,
        "reliable": score.reliable,
        "reason": score.reason,
        "method": score.method,
        "unit": metric.unit,
        "direction": metric.direction,
        "primary": name == result.task.primary,
    }


def _strategies(run: RunResults) -> Iterator[StrategyResult]:
    for results in run.by_task.values():
        yield from results.strategies


def _strategy(result: StrategyResult) -> dict[str, Any]:
    return {name: getattr(result.cell, name) for name in _STRATEGY}


def _cell(cell: Cell) -> dict[str, Any]:
    return {name: getattr(cell, name) for name in _CELL}


def _frame(rows: list[dict[str, Any]], columns: list[str]) -> DataFrame:
    """The rows with these columns first, also where there are no rows; numbers that were not measured are NaN."""
    import pandas as pd

    more = dict.fromkeys(name for row in rows for name in row if name not in columns)
    frame = pd.DataFrame(rows, columns=[*columns, *more])
    return frame.astype({"seed": "Int64"}) if "seed" in columns else frame
