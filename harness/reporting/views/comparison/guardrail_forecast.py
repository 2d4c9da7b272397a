"""Whether the test examples of a task can show that its guardrails are kept, before a run."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from harness.errors import BenchError
from harness.metrics import BOUNDS
from harness.results import LEAK_METRICS, slice_examples
from harness.statistics import POWER, MeanSpread, PairedSpread, effective_units, examples_to_show_rate, solve_examples
from harness.types import Example, Metric, Prediction, Rule, RuleKind

LEVEL = 0.05  # of the claim that the chosen strategy keeps a guardrail; divided by the number of strategies

FindSpread: TypeAlias = Callable[[Metric, Sequence[Example], float], MeanSpread | PairedSpread | None]


@dataclass(frozen=True)
class GuardrailForecast:
    """What the test set can show about one guardrail.

    Attributes:
        limit: the value of a floor or ceiling, or the margin of "not worse".
        against: the strategy that "not worse" compares with.
        slice: the part of the test examples that it is about; empty for all.
        examples: the test examples, of that part, that have the score.
        units: how many independent examples carry as much information: fewer than `examples` where groups share them.
        assumed: the true value that the two numbers below assume. Of a rate: half of the errors that the limit accepts; of a difference: 0.
        units_needed: the units that show it with 80% power; None where they cannot be computed before a run.
        units_without_errors: the fewest units that show it, if there is no error at all; None for other scores than rates.
        strategies: the number of strategies among which one is chosen.
        worst_case: of a difference, whether nothing is known about its spread.
        exact: whether the score counts without the confirmation of raters.
        by_raters: whether raters measure it, so that outputs have to be rated.
    """

    score: str
    kind: RuleKind
    limit: float
    against: str
    slice: str
    unit: str
    examples: int
    units: int
    assumed: float | None
    units_needed: int | None
    units_without_errors: int | None
    strategies: int
    worst_case: bool
    exact: bool
    by_raters: bool

    @property
    def is_sufficient(self) -> bool:
        """Whether it is shown with 80% power, under the assumption."""
        return self.units_needed is not None and self.units >= self.units_needed


def forecast_guardrails(
    rules: Sequence[Rule],
    metrics: Sequence[Metric],
    examples: Sequence[Example],
    *,
    find_spread: FindSpread,
    worst_case: bool,
    strategies: int = 2,
) -> tuple[GuardrailForecast, ...]:
    """What these test examples can show about each guardrail.

    Args:
        metrics: those of the task; a guardrail on another score has no examples.
        find_spread: of the difference of a score between two strategies on the examples that have it, for a margin; None where it is not
            known. `worst_case` says whether it is the largest that the scale allows.
        strategies: the number of strategies among which one is chosen.
    """
    by_name = {metric.name: metric for metric in metrics}
    forecasts = []
    for rule in rules:
        if rule.score in LEAK_METRICS:
            continue  # it depends on planted secrets, and not on the test examples
        metric = by_name.get(rule.score)
        forecasts.append(_forecast(rule, metric, examples, find_spread, strategies=strategies, worst_case=worst_case))
    return tuple(forecasts)


def _forecast(
    rule: Rule, metric: Metric | None, examples: Sequence[Example], find_spread: FindSpread, *, strategies: int, worst_case: bool
) -> GuardrailForecast:
    by_raters, level = rule.score.startswith("review."), LEVEL / strategies
    if rule.slice is not None:
        chosen = slice_examples(examples, rule.slice_column, most=None, thirds=False).get(rule.slice_value or "", [])
        examples = [examples[i] for i in chosen]
    scored = examples if by_raters else _scored_examples(metric, examples)
    sizes = list(Counter(example.group if example.group is not None else object() for example in scored).values())
    assumed, needed, without_errors = None, None, None
    errors = _accepted_errors(rule, metric, by_raters=by_raters)
    if errors is not None:
        assumed = errors / 2 if rule.rule == "ceiling" else 1 - errors / 2
        needed = examples_to_show_rate(errors, errors / 2, alpha=level, power=POWER)
        without_errors = examples_to_show_rate(errors, 0.0, alpha=level)
    elif metric is not None and rule.rule == "not_worse" and scored:
        margin, spread = rule.margin or 0.0, find_spread(metric, scored, rule.margin or 0.0)
        in_all = solve_examples(spread, threshold=-margin, assumed=0.0, alpha=level) if spread is not None else None
        if in_all is not None:
            assumed, needed = 0.0, math.ceil(in_all * effective_units(sizes) / len(scored))
    return GuardrailForecast(
        score=rule.score,
        kind=rule.rule,
        limit=rule.threshold or 0.0,
        against=rule.against or "",
        slice=rule.slice or "",
        unit=metric.unit if metric else "fraction",
        examples=len(scored),
        units=effective_units(sizes) if sizes else 0,
        assumed=assumed,
        units_needed=needed,
        units_without_errors=without_errors,
        strategies=strategies,
        worst_case=worst_case,
        exact=metric is not None and metric.exact,
        by_raters=by_raters,
    )


def _scored_examples(metric: Metric | None, examples: Sequence[Example]) -> list[Example]:
    """The examples that have the score. That depends on the example alone, never on the output."""
    if metric is None:
        return []
    try:
        return [example for example in examples if metric.per_example(example, Prediction(example.id, "")) is not None]
    except BenchError:  # a script of the evaluate library, which does not run before it is allowed
        return list(examples)


def _accepted_errors(rule: Rule, metric: Metric | None, *, by_raters: bool) -> float | None:
    """The share of errors that a limit on a rate accepts; None for limits on other scores.

    A mean of values between 0 and 1 varies at most as a rate of 0s and 1s does.
    """
    is_rate = by_raters or (metric is not None and metric.level == "example" and BOUNDS.get(metric.unit) == (0.0, 1.0))
    if not is_rate or rule.value is None:
        return None
    return rule.value if rule.rule == "ceiling" else 1 - rule.value
