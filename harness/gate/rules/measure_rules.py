"""Rules on measures: time, cost, memory, size and forgetting. They are compared as measured: a single measurement has no interval."""

from __future__ import annotations

from harness.gate.gate_input import GateInput
from harness.gate.rules.score_rules import describe_rule
from harness.gate.verdict import Reason, RuleVerdict
from harness.results import StrategyResult
from harness.statistics import Outcome
from harness.types import Rule

_TRAINING = ("training_seconds", "training_price")  # 0 where nothing was recorded: nothing is trained
_PRICES = ("training_price", "thousand_price")


def check_measure(case: GateInput, rule: Rule) -> RuleVerdict:
    """The verdict of a rule on a measure; less is better. What was not measured fails."""
    judged, threshold = describe_rule(rule), rule.threshold or 0.0
    value = get_measure(case.candidate, rule.score)
    if value is None:
        return RuleVerdict(judged, "FAIL", Reason("not_measured"))
    if not judged.compares:
        passes = value <= threshold if rule.rule == "ceiling" else value >= threshold
        return RuleVerdict(judged, _outcome(passes), Reason("measured"), measured=value)
    if case.baseline is not None and rule.score in _PRICES:
        currencies = dict.fromkeys(side.costs.currency for side in (case.candidate, case.baseline) if side.costs is not None)
        if len(currencies) > 1:
            return RuleVerdict(judged, "INCONCLUSIVE", Reason("currencies_differ", texts={"currencies": tuple(currencies)}))
    baseline = get_measure(case.baseline, rule.score) if case.baseline is not None else None
    if baseline is None:
        return RuleVerdict(judged, "FAIL", Reason("baseline_not_measured"))
    allowed = baseline * (1 + threshold) if judged.relative else baseline + threshold
    passes = value < baseline - threshold if rule.rule == "better" else value <= allowed
    difference = value - (allowed if judged.relative else baseline)
    return RuleVerdict(judged, _outcome(passes), Reason("measured"), measured=difference, lower_is_better=True)


def get_measure(model: StrategyResult, name: str) -> float | None:
    """A measure of one model. None where it was not measured."""
    costs = model.costs
    if name == "thousand_price":
        return costs.thousand_price if costs is not None else None
    if model.external:
        return None  # its training, speed and memory are unknown
    if name == "forgetting":
        loss = model.general_loss
        return None if loss is None else loss[1] - loss[0]
    if name == "artifact_bytes":
        return float(model.artifact_bytes)
    if costs is None:
        return 0.0 if name in _TRAINING else None
    measures = {
        "answer_seconds": costs.answer_seconds,
        "training_seconds": costs.training_seconds,
        "training_price": costs.training_price,
        "peak_memory": costs.peak_allocated,
    }
    value = measures[name]
    return None if value is None else float(value)


def _outcome(passes: bool) -> Outcome:
    return "PASS" if passes else "FAIL"
