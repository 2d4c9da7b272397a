"""A hosted model: where it is asked, as whom, how often, and at what price."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from harness.types.declared import Declared

# How a label is asked for: by the log-probabilities of the answer's tokens, in a form that the server enforces, or as free text.
LabelForm = Literal["logprobs", "constrained", "parsed"]
# The fields of a request that the strategy decides by other fields.
_OWN_FIELDS = (
    "model", "messages", "temperature", "max_tokens", "max_completion_tokens", "stop", "stream", "n", "logprobs", "top_logprobs",
    "response_format", "tools",
)  # fmt: skip
_MILLION = 1_000_000
_SECRETS = re.compile(r"(?i)(api|access|secret)?[-_ ]?(key|token|secret)|authorization|password")


class TokenPrice(Declared):
    """What the host charges for tokens."""

    input_per_million: Annotated[float, Field(ge=0, le=1e6)]
    """A million tokens of prompts."""
    output_per_million: Annotated[float, Field(ge=0, le=1e6)]
    """A million generated tokens."""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    """An ISO code. It must be the currency of the run, which is USD."""

    def of_tokens(self, tokens_in: float, tokens_out: float) -> float:
        """What so many tokens cost, in `currency`."""
        return (tokens_in * self.input_per_million + tokens_out * self.output_per_million) / _MILLION


class ApiSpec(Declared):
    """A model behind an OpenAI-compatible endpoint (`/chat/completions`)."""

    base_url: Annotated[str, Field(max_length=500)]
    """Up to the part that names the interface, such as https://api.example.com/v1. Plain http only on this machine."""
    model: Annotated[str, Field(min_length=1, max_length=200)]
    """The name of the model on the host."""
    api_key_env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=100)] | None = None
    """The environment variable that holds the key; without it, no key is sent."""
    temperature: Annotated[float, Field(ge=0, le=2)] | None = 0.0
    """Sampling temperature. `null` leaves it to the host, for models that accept no other."""
    max_new_tokens: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """The most tokens of an answer; by default the task's, or room for the longest label."""
    labels: LabelForm | Literal["auto"] = "auto"
    """For tasks with labels, how they are asked for; `auto` takes the first form that the host accepts."""
    repeats: Annotated[int, Field(ge=1, le=20)] = 1
    """How often each example is asked, to measure how much answers vary from one time to the next."""
    max_concurrency: Annotated[int, Field(ge=1, le=256)] = 4
    """Requests at a time."""
    requests_per_minute: Annotated[float, Field(gt=0, le=1e6)] | None = None
    """The most requests in a minute; by default as many as the host answers."""
    timeout: Annotated[float, Field(gt=0, le=3600)] = 120.0
    """The most seconds of a request."""
    price: TokenPrice | None = None
    """Without it, costs of this strategy are unknown."""
    cache: bool = True
    """Whether answers are kept in the user's cache, so that none is paid twice."""
    extra: Mapping[str, Any] = Field(default_factory=dict, max_length=20)
    """Further fields of each request, such as `reasoning_effort: low`."""

    @field_validator("extra")
    @classmethod
    def _check_extra(cls, value: Mapping[str, Any]) -> Mapping[str, Any]:
        if secret := next((name for name in value if _SECRETS.fullmatch(name)), None):
            raise ValueError(f"'{secret}' would be stored with the run: put a key into an environment variable, and name it in api_key_env")
        if taken := sorted(set(value) & set(_OWN_FIELDS)):
            raise ValueError(f"'{taken[0]}' is decided by the other fields of the strategy: remove it")
        return value
