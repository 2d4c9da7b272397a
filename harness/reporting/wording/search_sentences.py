"""The search in sentences: what the race dropped, learning rates of LoRA, edges, robustness, and what the search took."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.reporting.views.sections import SearchedStrategy, SearchReport
from harness.reporting.wording import numbers
from harness.reporting.wording.names import list_strategies, starts_sentence, strategy_in_sentence
from harness.reporting.wording.search_tables import name_field, write_value
from harness.results import RaceDrop, RateRatio
from harness.statistics import NEAR_BEST
from harness.text import one_line

TITLE, RACE_TITLE = "How the values were chosen", "What the race dropped"
METHOD = "How the search works, and how to read these numbers"
_TEN = 10.0


def title_section(report: SearchReport) -> str:
    """The title of the section."""
    return RACE_TITLE if report.is_race_only else TITLE


def list_findings(report: SearchReport) -> list[str]:
    """What the search or the race found, the most important first."""
    if report.is_race_only:
        return [*(describe_drops(report) or [_describe_none_dropped(report)]), *describe_warnings(report), describe_cost(report)]
    return [
        *describe_drops(report),
        *([_describe_none_dropped(report)] if report.summary.race is not None and not report.dropped else []),
        *(describe_ratio(report, ratio) for ratio in report.main_ratios),
        *describe_warnings(report),
        *_describe_robustness(report),
        describe_cost(report),
        describe_optimism(report),
    ]


def describe_warnings(report: SearchReport) -> list[str]:
    """Chosen values at the edge of what was tried, and trials without a measurement."""
    return [*(sentence for each in report.strategies for sentence in _describe_edges(each)), *_describe_failures(report)]


def list_notes(report: SearchReport) -> list[str]:
    """How the search and the race work."""
    notes = [] if report.is_race_only else _list_search_notes()
    if report.summary.race is not None:
        notes.append(
            "The race drops a strategy only if each of its trials is shown to be worse than a trial of another one, at the same point of "
            "their training. The strategy of the trial that is truly best at that point is dropped in at most "
            f"{numbers.share(report.summary.race)} of searches. Curves may cross: a strategy that is behind early could have led at the "
            "end."
        )
    return notes


def _list_search_notes() -> list[str]:
    return [
        "The first trial of each strategy has its own values; the others are proposed from the losses before them. A part of every trial "
        "is trained, and the best third of them to the end. The lowest loss among the trials that were trained in full is chosen.",
        "Only validation examples are used. The chosen values are then trained again, with other seeds, and tested once.",
        "A value that is as good as the chosen one may still be worse by less than these validation examples can show. Trials that were "
        "stopped are compared with the chosen one at the last point that both reached.",
    ]


def describe_missing(report: SearchReport) -> str:
    """Which strategies are not in the comparison; empty where all are."""
    if not report.dropped:
        return ""
    labels = [each.label for each in report.dropped]
    it = "it" if len(labels) == 1 else "them"
    return f"Not in this comparison: {list_strategies(labels)}. The race dropped {it} before the experiments of this run."


def describe_drops(report: SearchReport) -> list[str]:
    """What the race dropped, when, and what that saved."""
    return [_describe_drop(each, each.drop, report) for each in report.dropped if each.drop is not None]


def describe_ratio(report: SearchReport, ratio: RateRatio) -> str:
    """Whether LoRA needs ten times the learning rate of full fine-tuning on this data."""
    lora, full = map(strategy_in_sentence, report.ratio_labels(ratio))
    rates = f"the best were {write_value(ratio.lora_rate)} and {write_value(ratio.full_rate)}, a ratio of {_ratio(ratio.ratio)}"
    same = ratio.low == ratio.high
    span = (
        "all others tried are shown to be worse"
        if same
        else f"rates that are not shown to be worse have ratios from {_ratio(ratio.low)} to {_ratio(ratio.high)}"
    )
    if ratio.allows(_TEN) and ratio.excludes(1):
        claim = f"On this data, {lora} needs a higher learning rate than {full}, and ten times as high is plausible"
    elif ratio.allows(_TEN) and not ratio.allows(1):
        claim = f"On this data, ten times the learning rate of {full} is plausible for {lora}, but not shown to be needed"
    elif ratio.excludes(_TEN) and ratio.excludes(1) and ratio.low > 1:
        claim = f"On this data, {lora} needs a higher learning rate than {full}, but not ten times as high"
    elif ratio.excludes(_TEN):
        claim = f"On this data, {lora} does not need ten times the learning rate of {full}"
    else:
        claim = f"The trials cannot say whether {lora} needs ten times the learning rate of {full}"
    return f"{claim}: {rates}; {span}."


def describe_cost(report: SearchReport) -> str:
    """What the search took, as a share of everything."""
    summary = report.summary
    price = f" and {numbers.money(summary.spent.price, summary.spent.currency or '')}" if summary.spent.price is not None else ""
    share = "" if summary.share_of_total is None else f", {numbers.share(summary.share_of_total)} of the time of this task so far"
    took = f"{'The race' if report.is_race_only else 'The search'} took {numbers.seconds(summary.spent.seconds)}{price}{share}."
    budget = "" if report.is_race_only else f" Every strategy had the same budget: {_describe_budget(report)}."
    return f"{took} The total of the run includes it.{budget}"


def describe_optimism(report: SearchReport) -> str:
    """Losses of chosen trials are no estimates of quality."""
    return (
        "Losses of chosen trials are optimistic, because the lowest of several is partly luck. Test scores are not: no test example was "
        "read before the values were chosen."
    )


def _describe_budget(report: SearchReport) -> str:
    spec = report.summary.spec
    assert spec is not None  # values were searched
    if spec.hours is not None:
        return numbers.seconds(3600 * spec.hours)
    if spec.price is not None:
        return numbers.money(spec.price, report.summary.spent.currency or "USD")
    return numbers.plural(spec.most_trials or 0, "trial")


def _describe_drop(each: SearchedStrategy, drop: RaceDrop, report: SearchReport) -> str:
    name = strategy_in_sentence(each.label)
    values = _in_brackets(drop.values)
    rival = strategy_in_sentence(report.label_of(drop.rival_strategy, drop.dropped.model))
    rival_values = _in_brackets(drop.rival_values)
    worse, least = (numbers.score(amount, "nats") for amount in (drop.dropped.difference, drop.dropped.limit))
    confidence = numbers.share_precisely(1 - drop.dropped.level)
    if report.is_race_only:
        reason = f"because it is proven worse than another strategy. It loses {worse} nats per token to {rival}"
    else:
        reason = (
            f"because each of its trials is proven worse than one of another strategy. Its best{values} loses {worse} nats per token to "
            f"{rival}{rival_values}"
        )
    search = (
        f"{numbers.seconds(drop.search_seconds)} of {'the race' if report.is_race_only else 'search'} and " if drop.search_seconds else ""
    )
    return (
        f"The race dropped {name} after {numbers.share(drop.share)} of its training, {reason}, at least {least} with {confidence} "
        f"confidence. That saved about {search}{numbers.seconds(drop.grid_seconds)} of training."
    )


def _describe_none_dropped(report: SearchReport) -> str:
    reached = max(trial.trial.share for each in report.strategies for trial in each.findings.trials)
    so_far = "" if reached >= 1 else " so far"
    return f"The race dropped no strategy{so_far}: none is proven worse than another one on the validation examples."


def _describe_edges(each: SearchedStrategy) -> list[str]:
    if each.drop is not None:
        return []
    sentences = []
    for field in each.findings.fields:
        if field.edge is None:
            continue
        name, chosen = strategy_in_sentence(each.label), write_value(field.chosen)
        side, higher = ("upper", "higher") if field.edge == "high" else ("lower", "lower")
        searched = f"{write_value(field.range.low)} to {write_value(field.range.high)}"
        if field.is_near_end:
            sentences.append(
                f"The {name_field(field.name)} chosen for {name}, {chosen}, is at the {side} end of the range ({searched}). A better one "
                "may lie beyond it: search a range that reaches further."
            )
        else:
            sentences.append(
                f"No {higher} {name_field(field.name)} than the one chosen for {name}, {chosen}, was tried (the range is {searched}). More "
                "trials would tell whether one is better."
            )
    return sentences


def _describe_failures(report: SearchReport) -> list[str]:
    """Strategies of which no trial could be measured, and the values that failed with others."""
    sentences, listed = [], []
    for each in report.strategies:
        failed = [trial.trial for trial in each.findings.trials if trial.trial.last.measured is None]
        name = strategy_in_sentence(each.label)
        if len(failed) == len(each.findings.trials):
            sentences.append(starts_sentence(f"{name} keeps its own values, because no trial could be measured.", each.label))
        elif failed:
            values = " and ".join(", ".join(f"{name_field(key)} {write_value(v)}" for key, v in trial.values.items()) for trial in failed)
            listed.append(f"{name} with {one_line(values, 200)}")
    return [*sentences, *([f"Diverged or failed: {'; '.join(listed)}."] if listed else [])]


def _describe_robustness(report: SearchReport) -> list[str]:
    """How much the values of a field matter, strategy by strategy."""
    sentences = []
    for name in report.summary.spec.fields if report.summary.spec else ():
        shares = [
            (each.label, field.robust_share, field.tried)
            for each in report.strategies
            if (field := each.findings.field(name)) is not None and field.robust_share is not None
        ]
        if not shares:
            continue
        listed = ", ".join(
            f"{strategy_in_sentence(label)} on {numbers.share(share)} ({numbers.plural(tried, 'value')} tried)"
            for label, share, tried in shares
        )
        sentences.append(
            f"How much the {name_field(name)} matters, as the share of the searched range with a loss at most {numbers.share(NEAR_BEST)} "
            f"above the strategy's lowest: {listed}. A large share makes a strategy easy to train."
        )
    return sentences


def _in_brackets(values: Mapping[str, Any]) -> str:
    listed = ", ".join(f"{name_field(key)} {write_value(value)}" for key, value in values.items())
    return f" ({listed})" if listed else ""


def _ratio(value: float) -> str:
    return f"{value:.2g}" if value < 10 else f"{value:.0f}"
