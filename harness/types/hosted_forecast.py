"""What a run would send to a host of models, and what that is expected to cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class HostedForecast:
    """The questions of one strategy, on all tasks and with all repeats.

    Attributes:
        questions: requests.
        identifiers: what patterns find in the prompts, by kind.
        searched: how many prompts were searched for them.
        price, price_low, price_high: of all requests, in `currency`, with the range that it is expected in; None without a price per token.
            Answers in the cache are not paid again.
    """

    strategy: str
    host: str
    model: str
    questions: int
    identifiers: Mapping[str, int]
    searched: int
    price: float | None
    price_low: float | None
    price_high: float | None
    currency: str
