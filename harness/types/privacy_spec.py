"""How a task tests whether training makes a model repeat what it was trained on."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from harness.types.declared import Declared

MOST_CANARIES = 64
MOST_REFERENCES = 4095  # so that ranks are among 2**12 candidates at most


class PrivacySpec(Declared):
    """The leak test: made-up secrets (canaries) are planted in copies of training examples of separate cells."""

    canaries: Annotated[int, Field(ge=0, le=MOST_CANARIES)] = 0
    """How many canaries are planted for each number of repeats; 0: no leak test."""
    repeats: Annotated[tuple[Annotated[int, Field(ge=1, le=1000)], ...], Field(min_length=1, max_length=6)] = (1, 4, 16)
    """How often a canary is repeated in the training data."""
    references: Annotated[int, Field(ge=15, le=MOST_REFERENCES)] = 255
    """How many other secrets of the same format each canary is compared with. The highest exposure that can be measured is the base-2
    logarithm of this number plus 1."""

    @field_validator("repeats")
    @classmethod
    def _check_distinct(cls, repeats: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(repeats)) < len(repeats):
            raise ValueError("the numbers of repeats must differ")
        return tuple(sorted(repeats))

    @property
    def all_canaries(self) -> int:
        """The canaries of all numbers of repeats together; each is planted in a copy of an example of its own."""
        return self.canaries * len(self.repeats)

    @property
    def planted_examples(self) -> int:
        """The examples that are added to the training data."""
        return self.canaries * sum(self.repeats)
