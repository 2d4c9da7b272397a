"""Sentences about what a test set can show, before a run."""

from __future__ import annotations

from harness.reporting.views.comparison import GuardrailForecast, PowerForecast
from harness.reporting.wording import numbers
from harness.reporting.wording.gate import format_limit, name_limit
from harness.reporting.wording.names import list_names

DEFAULT_LEVEL = 0.05


def describe_test_set(forecast: PowerForecast) -> str:
    """The title: the task, its score, and the size of its test set."""
    groups = f" in {numbers.plural(forecast.groups, 'group')}" if forecast.groups else ""
    return f"{forecast.task} · {forecast.score} · {numbers.plural(forecast.examples, 'test example')}{groups}"


def describe_power(forecast: PowerForecast) -> list[str]:
    """What the margin means, where the spread comes from, whether the margin can be tested, the difference that can be detected, and each
    guardrail."""
    return [*_describe_margin(forecast), *_describe_primary(forecast), *(_describe_guardrail(each) for each in forecast.guardrails)]


def _describe_margin(forecast: PowerForecast) -> list[str]:
    """What difference a reader would notice, in examples."""
    margin, score = numbers.margin(forecast.margin), forecast.score
    scale = {"fraction": 1.0, "points": 100.0}.get(forecast.unit)
    if scale is None:
        return [f"Choose Δ first: the largest loss of {score} that a reader would not notice. Here it is {margin}."]
    lost = numbers.margin(100 * forecast.margin / scale)
    if forecast.direction == "lower":
        meaning = f"{lost} more failures in 100 outputs"
    elif forecast.level == "example":
        meaning = f"a loss like {lost} of 100 outputs turning from right to wrong, or every output losing {lost}% of the scale"
    else:
        meaning = f"a loss of {lost}% of the scale"
    return [f"Δ = {margin} accepts {meaning}. Choose Δ first, as the largest loss that a reader would not notice."]


def _describe_primary(forecast: PowerForecast) -> list[str]:
    power, score = forecast.power, forecast.score
    if power is None:
        why = "is computed from all examples together" if forecast.level != "example" else "has no limits"
        sentences = [f"{score} {why}, so there is no worst case to plan with.", *_describe_bound(forecast)]
        return [*sentences, "An earlier run on similar data, named with --from RUN, says how many test examples it takes."]
    unit, margin = forecast.unit, numbers.margin(forecast.margin)
    claim = f"if two strategies are equally good, “not worse by more than Δ = {margin}” is shown with"
    sentences = [*_describe_source(forecast), *_describe_level(forecast)]
    if power.is_sufficient:
        sentences.append(f"The test set is large enough: {claim} {numbers.probability(power.power)} probability.")
    else:
        sentences.append(f"The test set is too small: {claim} only {numbers.share(power.power)} probability.")
        if power.sample_size is not None:
            sentences.append(f"80% probability takes about {numbers.about(power.sample_size.examples)} test examples.")
        if power.smallest_margin is not None:
            smallest = numbers.with_unit(numbers.score(power.smallest_margin, unit), unit)
            sentences.append(
                f"With the present ones, {smallest} is the smallest Δ that can be tested. If a reader would notice such a loss, "
                "collect more examples instead of raising Δ."
            )
    detectable = numbers.with_unit(numbers.score(power.detectable, unit), unit)
    return [*sentences, f"{numbers.plural(power.examples, 'test example')} detect a difference of {detectable} with 80% power."]


def _describe_bound(forecast: PowerForecast) -> list[str]:
    """What no test set of this size can show, for a score without a worst case."""
    bound, unit, margin = forecast.bound, forecast.unit, numbers.margin(forecast.margin)
    if bound is None:
        return []
    noun = "independent example" if forecast.groups or not bound.rarest else "example"
    of_label = f" of the rarest label, “{bound.rarest}”" if bound.rarest else ""
    few = f"With {numbers.plural(bound.count, noun)}{of_label}"
    smallest = numbers.with_unit(numbers.score(bound.smallest_margin, unit), unit)
    sentences = [
        f"{few}, failures that the test set does not show may cost {smallest}, so no smaller Δ can be tested, whatever the outputs are."
    ]
    if bound.examples_needed is not None:
        needed = f"at least about {numbers.about(bound.examples_needed)} test examples like these"
        sentences.append(
            f"The test set is too small for Δ = {margin}: it takes {needed}, and more where strategies differ on many examples."
        )
    return sentences


def _describe_level(forecast: PowerForecast) -> list[str]:
    """Among how many comparisons and evaluations the level is divided."""
    if forecast.is_assumed:
        count = "the untuned model and one other strategy"
    else:
        count = f"{forecast.strategies} strategies{f' ({list_names(forecast.names)})' if forecast.names else ''}"
    parts = [count]
    parts += [f"{forecast.looks} planned evaluations of this test set"] if forecast.looks > 1 else []
    parts += [f"α = {forecast.alpha:g}"] if forecast.looks > 1 or forecast.alpha != DEFAULT_LEVEL else []
    sentences = [f"Computed for {list_names(parts)}."]
    if forecast.is_assumed:
        sentences.append("Name the strategies of your run with --strategies: the more are compared, the more examples it takes.")
    return sentences


def _describe_source(forecast: PowerForecast) -> list[str]:
    source = forecast.source
    if source is None:
        return [
            "Based on the worst case: each strategy fails exactly where the other is right. "
            "With --from RUN, the spread of an earlier run is used instead."
        ]
    sentences = [f"Based on the spread of the difference between {source.a} and {source.b} in {source.run}."]
    if not source.shares_examples:
        sentences.append("That run has different test examples; whether they are similar is not known.")
    return sentences


def _describe_guardrail(forecast: GuardrailForecast) -> str:
    """Whether the test set can show that a guardrail is kept, and what it would take."""
    sentences = [f"Guardrail {_name_guardrail(forecast)}: {_guardrail_verdict(forecast)}."]
    if forecast.examples and not forecast.by_raters:
        count = numbers.plural(forecast.examples, "test example")
        worth = f", worth at least {forecast.units:,} independent ones" if forecast.units < forecast.examples else ""
        sentences.append(f"{count} {'has' if forecast.examples == 1 else 'have'} this score{worth}.")
    if forecast.examples and forecast.units_needed is not None:
        sentences.append(f"With {forecast.strategies} strategies, it takes {_describe_need(forecast)}.")
    if forecast.examples and not forecast.exact and not forecast.by_raters:
        sentences.append("The score counts once raters confirm it (`bench review export --mode errors`).")
    return " ".join(sentences)


def _name_guardrail(forecast: GuardrailForecast) -> str:
    title = name_limit(forecast.score, forecast.kind, forecast.limit, forecast.unit, against=forecast.against, part=forecast.slice)
    return f"“{title}”"


def _guardrail_verdict(forecast: GuardrailForecast) -> str:
    if forecast.by_raters:
        return "raters have to judge outputs"
    if not forecast.examples:
        return "no test example has this score"
    if forecast.units_needed is None:
        return "whether the test set is large enough is known only after a run"
    if forecast.is_sufficient:
        return "the test set is large enough"
    if forecast.units_without_errors is not None and forecast.units >= forecast.units_without_errors:
        return "the test set is large enough only if errors are rarer than half of the limit"
    return "the test set is too small"


def _describe_need(forecast: GuardrailForecast) -> str:
    noun = "outputs" if forecast.by_raters else "examples"
    needed = numbers.about(forecast.units_needed or 0)
    if forecast.units_without_errors is None:
        return f"about {needed} if both are equally good" + (", and each fails where the other is right" if forecast.worst_case else "")
    clean = f"{forecast.units_without_errors:,} {noun} without an error"
    return f"{clean}, or about {needed} if the true value is {format_limit(forecast.assumed or 0.0, forecast.unit)}"
