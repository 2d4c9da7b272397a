"""Sentences about what a test set can show, before a run."""

from __future__ import annotations

from harness.reporting.views.comparison import PowerForecast
from harness.reporting.wording import numbers


def describe_test_set(forecast: PowerForecast) -> str:
    """The title: the task, its score, and the size of its test set."""
    groups = f" in {numbers.plural(forecast.groups, 'group')}" if forecast.groups else ""
    return f"{forecast.task} · {forecast.score} · {numbers.plural(forecast.examples, 'test example')}{groups}"


def describe_power(forecast: PowerForecast) -> list[str]:
    """Where the spread comes from, the difference that can be detected, and whether the margin can be tested."""
    power, score = forecast.power, forecast.score
    if power is None:
        why = "is computed from all examples together" if forecast.level != "example" else "has no limits"
        return [f"{score} {why}, so there is no worst case to plan with. Name an earlier run on similar data with --from RUN."]
    unit, noun = forecast.unit, "groups" if forecast.groups else "test examples"
    detectable = numbers.with_unit(numbers.score(power.detectable, unit), unit)
    margin = numbers.margin(forecast.margin)
    sentences = _describe_source(forecast)
    sentences.append(f"{power.units:,} {noun} detect a difference of {detectable} with 80% power.")
    if power.is_sufficient:
        sentences.append(
            f"The test set is large enough: if two strategies are equally good, “not worse by more than Δ = {margin}” is shown with "
            f"{numbers.probability(power.power)} probability."
        )
    else:
        sentences.append(
            f"The test set is too small: if two strategies are equally good, “not worse by more than Δ = {margin}” is shown with only "
            f"{numbers.share(power.power)} probability. It takes about {numbers.about(power.units_needed)} {noun}, or a margin of "
            f"{numbers.score(power.smallest_margin, unit)}."
        )
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
