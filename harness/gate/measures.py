"""Rules on what was measured of a model beside its scores: time, money, memory, size, forgetting."""

from __future__ import annotations

from harness.gate.gate_input import GateInput
from harness.gate.policy import MEASURES, Rule
from harness.gate.verdict import RuleVerdict
from harness.results import StrategyResult


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
        currencies = dict.fromkeys(side.costs.currency for side in (case.candidate, case.baseline) if side.costs is not None)
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
    """The measure of a strategy, the mean over seeds; memory and size are the largest. None where it was not measured."""
    costs = chosen.costs
    if name == "thousand_price":
        return costs.thousand_price if costs is not None else None
    if chosen.external:
        return None  # its training, its speed and its memory are not known
    if name == "forgetting":
        loss = chosen.general_loss
        return None if loss is None else loss[1] - loss[0]
    if name == "artifact_bytes":
        return float(chosen.artifact_bytes)
    if costs is None:
        return 0.0 if name.startswith("training_") else None
    measures = {
        "answer_seconds": costs.answer_seconds,
        "training_seconds": costs.training_seconds,
        "training_price": costs.training_price,
        "peak_memory": costs.peak_allocated,
    }
    value = measures[name]
    return None if value is None else float(value)
