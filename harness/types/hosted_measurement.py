"""What a hosted model answered to the test examples, and what it cost. It holds no text and no key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from harness.types.api_spec import LabelForm

_Count = Annotated[int, Field(ge=0, le=1 << 40)]
_Money = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]


@dataclass(frozen=True)
class HostedMeasurement:
    """The answers of one cell."""

    host: str
    """Where the texts were sent, without a path."""
    model: str
    """As the strategy names it."""
    answers: Annotated[int, Field(ge=1, le=1 << 40)]
    """All test examples."""
    versions: Annotated[tuple[tuple[str, int], ...], Field(max_length=100)]
    """The versions that answered, in the host's words, with their counts; the most frequent first."""
    fingerprints: Annotated[tuple[tuple[str, int], ...], Field(max_length=100)]
    """The systems that answered, in the same way; empty where the host does not say."""
    labels: LabelForm | None
    """How labels were asked for; None where the task has none."""
    cached: _Count
    """Answers from the user's cache, which earlier runs have paid."""
    refused: _Count
    """Requests that the host refused for their text; they count as wrong."""
    cut: _Count
    """Answers that ended because they had as many tokens as were allowed."""
    filtered: _Count
    """Answers that the host's content filter ended."""
    uncounted: _Count
    """Answers whose tokens the host did not count; they are estimated."""
    retries: _Count
    """Requests that were repeated after an error that may pass."""
    unanswered: _Count
    """Requests without an answer that could be read, which the host may charge for, and which no number here includes."""
    tokens_in: _Count
    """Of all prompts."""
    tokens_out: _Count
    """Of all answers."""
    paid: _Money
    """For the answers that are not from the cache, in the currency of the price; 0 without a price."""
    first_asked: str
    """When the oldest answer was given, in ISO 8601."""
    last_asked: str
    median_seconds: Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
    """The median from a request to its answer, with others under way."""
    slow_seconds: Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
    """The 95th percentile."""
    at_once: Annotated[int, Field(ge=1, le=1024)]
    """Requests at a time, at most."""
