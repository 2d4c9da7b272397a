"""How often each strategy errs, how that compares with the untuned model, and where the errors are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.results import CRITICAL_ERROR_SCORES, StrategyResult, TaskResults, candidate_slices, is_error_rate
from harness.review import Findings
from harness.statistics import Reduction, score_stacks
from harness.types import Metric, Score

MOST_SUBGROUPS = 3
_LEAST_EXAMPLES = 10  # of a subgroup, and of the rest of the test set


@dataclass(frozen=True)
class ErrorRow:
    """How often one strategy errs; `reduction` compares it with the untuned model (None for that itself, and without one)."""

    label: str
    is_base: bool
    rate: Score
    reduction: Reduction | None


@dataclass(frozen=True)
class ErrorTable:
    """One error rate of every strategy.

    Attributes:
        score: its name; "raters" where people judged the outputs of packet `packet`.
        unchecked: whether the score claims that texts are true or false without being shown to agree with raters.
    """

    score: str
    unit: str
    unchecked: bool
    rows: tuple[ErrorRow, ...]
    packet: str = ""

    @property
    def leads(self) -> bool:
        """Whether it is shown first: the share of outputs with a critical error, by the score or by people, and trusted shares."""
        return self.unit == "fraction" and not self.unchecked


@dataclass(frozen=True)
class Subgroup:
    """Test examples that share the value `name` of `by`, and how often the strategy errs on them."""

    by: str
    name: str
    rate: Score


@dataclass(frozen=True)
class Safety:
    """The errors of a task.

    Attributes:
        tables: the critical errors first.
        about: the strategy that the subgroups are of; empty where no score counts critical errors.
        critical: the score that counts critical errors; empty without one.
        overall: the rate of critical errors of `about` over all test examples.
        subgroups: those with the highest rates, all above the overall rate, the highest first.
        examined: how many subgroups these were picked from.
        erring: how many test examples have a critical error in the first outputs of `about`.
    """

    tables: tuple[ErrorTable, ...]
    about: str
    critical: str
    overall: Score | None
    subgroups: tuple[Subgroup, ...]
    examined: int
    erring: int


def build_safety(results: TaskResults, reviews: Sequence[Findings], *, about: str | None, unchecked: Sequence[str]) -> Safety:
    """The error rates of every strategy with a result, and the subgroups in which one strategy errs most often.

    Args:
        reviews: as `load_findings` returns them.
        about: the label of the strategy that the decision is about.
        unchecked: the scores that are not shown to agree with raters.
    """
    done = [result for result in results.strategies if result.done]
    by_name = {metric.name: metric for metric in results.metrics if is_error_rate(metric)}
    names = [*(name for name in CRITICAL_ERROR_SCORES if name in by_name), *(name for name in by_name if name not in CRITICAL_ERROR_SCORES)]
    tables = [_table(done, by_name[name], name in unchecked) for name in names]
    critical = next((by_name[name] for name in CRITICAL_ERROR_SCORES if name in by_name and by_name[name].unit == "fraction"), None)
    chosen = next((result for result in done if result.label == about), None)
    rated = [_rated(findings, done) for findings in reviews if findings.representative and findings.error_rates]
    shown = tuple(table for table in [*rated, *tables] if table.rows)
    if critical is None or chosen is None or critical.name not in chosen.scores:
        return Safety(shown, "", critical.name if critical else "", None, (), 0, 0)
    subgroups, examined = _worst_subgroups(results, chosen, critical)
    erring = int((chosen.stack(critical)[:, 0, 0] > 0).sum())
    return Safety(shown, chosen.label, critical.name, chosen.scores[critical.name], subgroups, examined, erring)


def _table(done: Sequence[StrategyResult], metric: Metric, unchecked: bool) -> ErrorTable:
    rows = [
        ErrorRow(result.label, result.is_base, result.scores[metric.name], None if unchecked else result.reductions.get(metric.name))
        for result in done
        if metric.name in result.scores and result.scores[metric.name].value is not None
    ]
    return ErrorTable(metric.name, metric.unit, unchecked, tuple(rows))


def _rated(findings: Findings, done: Sequence[StrategyResult]) -> ErrorTable:
    bases = {result.label for result in done if result.is_base}
    rows = [ErrorRow(each.strategy, each.strategy in bases, each.critical, each.reduction) for each in findings.error_rates]
    return ErrorTable("raters", "fraction", False, tuple(row for row in rows if row.rate.value is not None), findings.packet)


def _worst_subgroups(results: TaskResults, result: StrategyResult, metric: Metric) -> tuple[tuple[Subgroup, ...], int]:
    """The subgroups with a higher rate than all test examples, and how many were looked at."""
    overall = result.scores[metric.name].value
    stack = result.stack(metric)
    candidates = []
    for by, slices in candidate_slices(results.examples, classes=results.task.chooses).items():
        for name, positions in slices.items():
            if not _LEAST_EXAMPLES <= len(positions) <= len(results.examples) - _LEAST_EXAMPLES:
                continue
            part = stack[positions]
            score = score_stacks([metric], lambda _, part=part: part, [results.groups[i] for i in positions])[metric.name]  # type: ignore[misc]
            if score.value is not None and score.n >= _LEAST_EXAMPLES:
                candidates.append(Subgroup(by, name, score))
    worse = [each for each in candidates if overall is not None and each.rate.value is not None and each.rate.value > overall]
    worse.sort(key=lambda each: (-(each.rate.value or 0.0), -each.rate.n))
    return tuple(worse[:MOST_SUBGROUPS]), len(candidates)
