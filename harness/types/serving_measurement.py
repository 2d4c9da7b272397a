"""What one stored model takes to answer: alone, in batches, and with its adapter merged. It holds no text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

# stored: as the run scored it, with an adapter beside its base model; merged: the adapter is part of the weights.
WeightForm = Literal["stored", "merged"]
# Why no larger batch was measured: it was no faster, the time was used up, it did not fit, or it is the largest that is measured.
BatchEnd = Literal["no_faster", "time", "memory", "largest"]
# A run folder may be a stranger's: rates and prices that follow from these stay finite, and intervals take no time.
_Seconds = Annotated[float, Field(ge=1e-9, le=1e9, allow_inf_nan=False)]
_Tokens = Annotated[int, Field(ge=0, le=1 << 40)]


@dataclass(frozen=True)
class TimedAnswer:
    """One answer to one input, with nothing else on the device."""

    seconds: _Seconds
    """From the encoded prompt to the complete answer."""
    first_token: _Seconds | None
    """Seconds until the first token of the answer, measured on the same input; None where the answer is chosen from labels."""
    tokens_in: _Tokens
    tokens_out: _Tokens


@dataclass(frozen=True)
class TimedBatch:
    """One batch of inputs of mixed lengths that were answered together, measured once."""

    rows: Annotated[int, Field(ge=1, le=1 << 20)]
    seconds: _Seconds
    tokens_out: _Tokens
    """Of all answers together."""


@dataclass(frozen=True)
class ServingSpeed:
    """The speed of one form of the weights."""

    form: WeightForm
    alone: Annotated[tuple[TimedAnswer, ...], Field(min_length=1, max_length=1000)]
    """By input, in the order in which they were answered."""
    batches: Annotated[tuple[TimedBatch, ...], Field(max_length=32)]
    """By size: 2, 4, 8, …; empty where none was measured."""
    ended: BatchEnd
    """Why no larger batch was measured."""
    seconds: _Seconds
    """The time of all passes together."""
    cpu_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    """The processor time of the process in it, all threads together: less than `seconds` where the process had to wait for a core."""


@dataclass(frozen=True)
class ServingMeasurement:
    """What a cell's model takes to answer, measured after all cells had ended, one model at a time."""

    device: str
    """The name of the device."""
    device_kind: str
    """Of torch: "cpu", "cuda"."""
    cores: Annotated[int, Field(ge=1)]
    """The CPU cores that the process could use."""
    per_hour: Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)] | None
    """The price of one hour of the device in `currency`; None if it is unknown."""
    currency: str
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    """The time that the measurement took, loading the model included. It is no cost of the strategy."""
    speeds: Annotated[tuple[ServingSpeed, ...], Field(max_length=2)]
    """As stored, and merged where that is possible; empty where nothing could be measured."""
    problem: str = ""
    """Why nothing was measured, or why an adapter was not measured merged, as a sentence; empty where neither is so."""
