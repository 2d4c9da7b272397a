"""The schedule of a training: its steps, the learning rate of each step, and the steps after which it validates."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.types import TrainSpec


@dataclass(frozen=True)
class Schedule:
    """When a training does what. Steps are optimizer steps, each over one effective batch of `batch_size` examples."""

    recipe: TrainSpec
    batch_size: int
    peak_rate: float
    steps_per_epoch: int
    steps: int
    """All steps, unless the training stops early."""

    @staticmethod
    def of(recipe: TrainSpec, examples: int, parameters: int) -> Schedule:
        """The schedule for so many training examples and a base model of so many parameters."""
        batch_size = recipe.batch_size_for(parameters)
        per_epoch = math.ceil(examples / batch_size)
        return Schedule(recipe, batch_size, recipe.learning_rate_for(parameters), per_epoch, planned_steps(recipe, examples, parameters))

    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        return self.peak_rate * rate_factor(self.recipe, step, self.steps)

    @property
    def validation_steps(self) -> frozenset[int]:
        """The steps, counted from 1, after which the validation loss is computed."""
        return validation_steps(self.steps_per_epoch, self.steps, self.recipe.validations_per_epoch)

    @property
    def earliest_stop(self) -> int:
        """The first step, counted from 1, after which a training with validation examples may stop early: the first validation is the best
        so far, and `patience` others bring nothing better."""
        ordered, patience = sorted(self.validation_steps), self.recipe.patience
        return self.steps if patience is None or patience >= len(ordered) else ordered[patience]


def planned_steps(recipe: TrainSpec, examples: int, parameters: int) -> int:
    """The optimizer steps of a training on so many examples, unless it stops early, with a base model of so many parameters."""
    return max(1, round(recipe.epochs * math.ceil(examples / recipe.batch_size_for(parameters))))


def rate_factor(recipe: TrainSpec, step: int, steps: int) -> float:
    """The share of the peak learning rate in a step, counted from 0, out of `steps`.

    Linear warm-up over `recipe.warmup` of the steps, then constant, linear to 0, or half a cosine to 0.
    """
    warmup = math.ceil(recipe.warmup * steps)
    if step < warmup:
        return (step + 1) / (warmup + 1)
    if recipe.schedule == "constant":
        return 1.0
    done = (step - warmup) / max(1, steps - warmup)
    return 1.0 - done if recipe.schedule == "linear" else 0.5 * (1.0 + math.cos(math.pi * done))


def validation_steps(steps_per_epoch: int, steps: int, per_epoch: int) -> frozenset[int]:
    """The steps, counted from 1, after which the validation loss is computed: evenly within each epoch, and after the last step."""
    every = max(1.0, steps_per_epoch / per_epoch)
    count = math.floor(steps / every)
    return frozenset({round(every * i) for i in range(1, count + 1)} | {steps})
