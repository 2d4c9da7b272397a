"""What a running server answered to the test examples, compared with the stored model. It holds no text and no key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

# How a label was chosen: by the server's log-probabilities, or from the text that it wrote; "text" where the task has no labels.
LabelSource = Literal["logprobs", "parsed", "text"]
_Seconds = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=0, le=1 << 40)]
_Number = Annotated[float, Field(allow_inf_nan=False)]


@dataclass(frozen=True)
class ServedMeasurement:
    """Answers of a server that has the exported model of a cell."""

    address: str
    """Scheme, host and port, without a user or a password."""
    model: str
    """The name of the model on the server."""
    answers: Annotated[int, Field(ge=1)]
    """How many test examples were answered: all of them."""
    different: _Count
    """Answers that differ from those of the stored model."""
    different_ids: tuple[str, ...]
    """The first of the examples with another answer."""
    label_source: LabelSource
    other_prompts: _Count
    """Prompts of which the server counted other tokens than the run."""
    without_label: _Count
    """Answers that name no label of a task with labels; they count as wrong."""
    score: str
    """The primary score."""
    served: _Number | None
    """That score of the server's answers; None where it is undefined."""
    stored: _Number | None
    """That score of the stored model's answers."""
    difference: _Number | None
    """Served less stored, on the same examples."""
    low: _Number | None
    """The lower end of the difference's 95% confidence interval."""
    high: _Number | None
    reliable: bool
    """Whether that interval is within the range in which its method is known to hold."""
    alone_seconds: Annotated[tuple[_Seconds, ...], Field(max_length=1000)]
    """The time of each answer that was the only one requested at its time."""
    at_once: Annotated[int, Field(ge=1, le=1024)]
    """Requests at a time, for all other answers."""
    together_answers: _Count
    together_seconds: _Seconds
    """The sum of the times of the answers that were requested at the same time as others."""
    tokens_out: _Count
    """Tokens that the server wrote, as it counted them; 0 where it does not say."""
    retries: _Count
    """Requests that were repeated after an error that may pass."""
    per_hour: Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)] | None
    """The price of one hour of the run's device in `currency`; None if it is unknown."""
    currency: str
