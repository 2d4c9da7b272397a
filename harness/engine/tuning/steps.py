"""The optimizer steps that a training asks for: it takes them alone, or shares them with other trainings."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from harness.engine.tuning.batches import EncodedExample
from harness.engine.tuning.trainer import Trainer

T = TypeVar("T")


@dataclass(frozen=True)
class StepTaken:
    """What an optimizer step was: its loss (see `Trainer.step`), its seconds, and how many trainings took it together."""

    loss: float
    seconds: float
    shared_by: int = 1


@dataclass(frozen=True)
class StepRequest:
    """An optimizer step that a training waits for; the fields are the arguments of `Trainer.step`. `seed` is that of the training."""

    trainer: Trainer
    examples: Sequence[EncodedExample]
    rate: float
    number: int
    seed: int

    @property
    def tokens(self) -> int:
        """The tokens that pass through the model."""
        return sum(example.length for example in self.examples)

    def take(self) -> StepTaken:
        """Take the step; raises as `Trainer.step`."""
        began = time.perf_counter()
        loss = self.trainer.step(self.examples, self.rate, self.number)
        return StepTaken(loss, time.perf_counter() - began)


# A training: it yields the steps that it waits for, is sent what they were, and returns its outcome.
Steps: TypeAlias = Generator[StepRequest, StepTaken, T]


def take_alone(steps: Steps[T]) -> T:
    """Carry out a training that shares no step; returns its outcome."""
    with contextlib.closing(steps):
        try:
            request = next(steps)
            while True:
                request = steps.send(request.take())
        except StopIteration as end:
            outcome: T = end.value
            return outcome
