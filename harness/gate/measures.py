"""Rules on what was measured of a model beside its scores: time, money, memory, size, forgetting."""

from __future__ import annotations

from collections.abc import Sequence

from harness.gate.gate_input import GateInput
from harness.gate.policy import MEASURES, Rule
from harness.gate.verdict import RuleVerdict
from harness.results import StrategyResult
from harness.types import Cost


def ruling_of_measure(case: GateInput, rule: Rule) -> RuleVerdict:
    """What was measured once is compared as it is: there is no interval of one clock."""
    own = measure(case.candidate, rule.score)
    if own is None:
        return RuleVerdict(rule.title, "FAIL", f"{rule.score} was not measured: {MEASURES[rule.score]}", rule.score)
    if rule.rule in ("floor", "ceiling"):
        value = rule.bound
        good = own <= value if rule.rule == "ceiling" else own >= value
        return RuleVerdict(
            rule.title, "PASS" if good else "FAIL", f"measured: {MEASURES[rule.score]}", rule.score, measured=own, against=value
        )
    theirs = measure(case.baseline, rule.score) if case.baseline is not None else None
    if case.baseline is not None and rule.score.endswith("_price"):
        currencies = dict.fromkeys(_currency(side) for side in (case.candidate, case.baseline))
        if len(currencies) > 1:
            return RuleVerdict(rule.title, "INCONCLUSIVE", f"{' and '.join(currencies)} cannot be compared", rule.score, compares=True)
    if theirs is None:
        return RuleVerdict(rule.title, "FAIL", f"{rule.score} of the baseline is not known", rule.score, compares=True)
    least = -(rule.margin or 0.0) if rule.rule == "not_worse" else (rule.by or 0.0)
    gain = theirs - own
    return RuleVerdict(
        rule.title,
        "PASS" if (gain > least if rule.rule == "better" else gain >= least) else "FAIL",
        f"measured: {MEASURES[rule.score]}",
        rule.score,
        compares=True,
        measured=gain,
        against=least,
    )


def measure(chosen: StrategyResult, name: str) -> float | None:
    """The mean over seeds of what was measured; None where one lacks it. Memory and size are the largest."""
    results = [chosen.run.results[cell.id] for cell in chosen.cells]
    elsewhere = chosen.run.plan.get_strategy(chosen.cell).outputs
    if elsewhere is not None and (name != "thousand_price" or elsewhere.price_per_1k is None):
        return None  # nothing of it ran here
    rows = len(chosen.rows.examples)
    if name == "forgetting":
        losses = [r.general_loss for r in results]
        return _mean([None if pair is None else pair[1] - pair[0] for pair in losses])
    if name == "artifact_bytes":
        return float(max(r.artifact_bytes for r in results))
    if name == "peak_memory":
        peaks = [c.peak_allocated for r in results for c in r.costs if c.peak_allocated is not None]
        return float(max(peaks)) if peaks else None
    phases = ("predict",) if name in ("answer_seconds", "thousand_price") else ("train", "validate")
    costs = [[c for c in r.costs if c.phase in phases] for r in results]
    if name.endswith("_seconds"):
        seconds = _mean([sum(c.seconds for c in own) if own or name == "training_seconds" else None for own in costs])
        return seconds if seconds is None or name == "training_seconds" else (seconds / rows if rows else None)
    prices = _mean([_price(own, needed=name == "thousand_price") for own in costs])
    return prices if prices is None or name == "training_price" else (1000 * prices / rows if rows else None)


def _currency(chosen: StrategyResult) -> str:
    return str(chosen.run.plan.options["price"]["currency"])


def _price(costs: Sequence[Cost], *, needed: bool) -> float | None:
    """The sum; None where one has no price, or where there should be one and is none."""
    if any(cost.price is None for cost in costs) or (needed and not costs):
        return None
    return sum(cost.price or 0.0 for cost in costs)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None
