"""Which own strategies could replace the hosted ones of a task, and from which volume on that would be cheaper."""

from __future__ import annotations

from dataclasses import dataclass

from harness.results.acceptable import acceptable_share
from harness.results.break_even import BreakEven, UseAmounts, find_break_even, hosted_amounts, own_amounts
from harness.results.costs import costs_of_use
from harness.results.strategy_result import StrategyResult
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
    scored = results.scored
    hosted = [result for result in scored if result.paid_by_output]
    own = [result for result in scored if not result.external]
    return tuple(_compare(results, one, other) for other in hosted for one in own)


def costs_to_choose_by(results: TaskResults, volume: int) -> dict[str, float | None]:
    """What each strategy with a score costs, by its label, to find the cheapest of those that are good enough.

    This is training once and a month's outputs. Beside hosted strategies it is the cost of a month as the break-even computes it, with the
    devices that are kept on. In money where all have a price, else in seconds of the device; None where that is not known.

    Args:
        volume: outputs per month.
    """
    amounts: dict[str, UseAmounts | None] = {}
    for each in list_replacements(results):
        amounts |= {each.strategy: each.own_amounts, each.hosted: each.hosted_amounts}
    known = {label: amount for label, amount in amounts.items() if amount is not None}
    if not known or len(known) < len(results.scored):
        return costs_of_use({result.label: result.costs for result in results.scored}, volume)
    spec = results.task.report.replacement
    reviewed = all(amount.rejected is not None for amount in known.values())
    return {label: amount.monthly(volume, spec, reviewed=reviewed) for label, amount in known.items()}


def _compare(results: TaskResults, own: StrategyResult, hosted: StrategyResult) -> HostedReplacement:
    spec = results.task.report.replacement
    price = (results.run.plan.options.get("price") or {}).get("per_hour")
    per_hour = float(price) if isinstance(price, int | float) else None
    shares = acceptable_share(own), acceptable_share(hosted)
    amounts = own_amounts(own.costs, spec, per_hour, shares[0]), hosted_amounts(hosted.costs, shares[1])
    return HostedReplacement(own.label, hosted.label, find_break_even(*amounts, spec, acceptable=shares), *amounts)
