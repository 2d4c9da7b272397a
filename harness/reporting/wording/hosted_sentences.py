"""What a user reads about hosted models before and while they are asked."""

from __future__ import annotations

from harness.reporting.wording import numbers
from harness.text import plural
from harness.types import HostedForecast


def describe_hosted_forecast(forecast: HostedForecast) -> list[str]:
    """What will be sent where, what is in it, and what it is expected to cost."""
    what = f"{forecast.strategy}: {plural(forecast.questions, 'request')} to {forecast.host} ({forecast.model})"
    if forecast.price is None:
        cost = "the cost is unknown, because the strategy names no price"
    else:
        low, high = (numbers.money(each, forecast.currency) for each in (forecast.price_low, forecast.price_high))
        cost = f"about {numbers.money(forecast.price, forecast.currency)} ({low} to {high}), less what is in the cache"
    lines = [f"{what}, {cost}."]
    if forecast.identifiers:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in forecast.identifiers.items())
        lines.append(f"{forecast.strategy}: warning: the prompts contain identifiers of people ({kinds}).")
    return lines


def describe_retry(problem: str, attempt: int, attempts: int, wait: float) -> str:
    """What a host answers while a request waits to be repeated.

    Args:
        problem: as the client states it, ready to be shown.
        wait: seconds until the next attempt.
    """
    return f"the host {problem}. Attempt {attempt} of {attempts} in {max(1, round(wait)):,} s"
