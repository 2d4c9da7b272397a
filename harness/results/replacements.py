"""Which own strategies could replace the hosted ones of a task, and from which volume on that would be cheaper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.results.acceptable import acceptable_share
from harness.results.break_even import BreakEven, UseAmounts, find_break_even, hosted_amounts, own_amounts
from harness.results.cost_ranges import cost_range
from harness.results.costs import costs_of_use
from harness.results.task_results import TaskResults


@dataclass(frozen=True)
class HostedReplacement:
    """An own strategy instead of a hosted one, in money.

    Attributes:
        strategy, hosted: their labels.
        own_amounts, hosted_amounts: None where a price is not known.
    """

    strategy: str
    hosted: str
    break_even: BreakEven
    own_amounts: UseAmounts | None
    hosted_amounts: UseAmounts | None


def list_replacements(results: TaskResults) -> tuple[HostedReplacement, ...]:
    """Every own strategy beside every hosted one, both with a score; empty where no strategy is hosted.

    Raises:
        BenchError: a result is damaged.
    """
    hosted = [result for result in results.scored if result.paid_by_output]
    if not hosted:
        return ()
    spec = results.task.report.replacement
    price = (results.run.plan.options.get("price") or {}).get("per_hour")
    per_hour = float(price) if isinstance(price, int | float) else None
    shares = {result.label: acceptable_share(result) for result in results.scored}
    ranges = {result.label: cost_range(results, result) for result in results.scored}
    own = {
        result.label: own_amounts(result.costs, spec, per_hour, shares[result.label], ranges[result.label])
        for result in results.scored
        if not result.external
    }
    theirs = {result.label: hosted_amounts(result.costs, shares[result.label], ranges[result.label]) for result in hosted}
    return tuple(
        HostedReplacement(name, other, find_break_even(mine, rival, spec), mine, rival)
        for other, rival in theirs.items()
        for name, mine in own.items()
    )


def costs_to_choose_by(results: TaskResults, volume: int, replacements: Sequence[HostedReplacement]) -> dict[str, float | None]:
    """What each strategy with a score costs, by its label, to find the cheapest of those that are good enough.

    This is training once and a month's outputs. Beside hosted strategies it is the cost of a month as the break-even computes it, with the
    devices that are kept on. In money where all have a price, else in seconds of the device; None where that is not known.

    Args:
        volume: outputs per month.
        replacements: see `list_replacements`.
    """
    amounts: dict[str, UseAmounts | None] = {}
    for each in replacements:
        amounts |= {each.strategy: each.own_amounts, each.hosted: each.hosted_amounts}
    known = {label: amount for label, amount in amounts.items() if amount is not None}
    unknown = {result.label for result in results.scored if result.is_artifact}  # whose training has no price
    if not known or len(known.keys() | unknown) < len(results.scored):
        return costs_of_use({result.label: result.costs for result in results.scored}, volume)
    spec = results.task.report.replacement
    reviewed = all(amount.rejected is not None for amount in known.values())
    return dict.fromkeys(unknown) | {label: amount.monthly(volume, spec, reviewed=reviewed) for label, amount in known.items()}
