"""The learning rate over the steps of a training."""

from __future__ import annotations

import math

from harness.types import TrainSpec


def planned_steps(recipe: TrainSpec, rows: int, parameters: int) -> int:
    """The optimizer steps of a training on so many rows, unless it stops early, with a base model of so many parameters."""
    return max(1, round(recipe.epochs * math.ceil(rows / recipe.batch_size_for(parameters))))


def rate_factor(recipe: TrainSpec, step: int, total: int) -> float:
    """The share of the peak learning rate for a step (counted from 0) out of `total`.

    Linear warm-up over `recipe.warmup` of the steps, then constant, linear to 0, or half a cosine to 0.
    """
    warm = math.ceil(recipe.warmup * total)
    if step < warm:
        return (step + 1) / (warm + 1)
    if recipe.schedule == "constant":
        return 1.0
    done = (step - warm) / max(1, total - warm)
    return 1.0 - done if recipe.schedule == "linear" else 0.5 * (1.0 + math.cos(math.pi * done))


def validation_steps(steps_per_epoch: int, total: int, per_epoch: int) -> frozenset[int]:
    """The steps (counted from 1) after which the validation loss is taken: evenly within each epoch, and after the last."""
    every = max(1.0, steps_per_epoch / per_epoch)
    count = math.floor(total / every)
    return frozenset({round(every * i) for i in range(1, count + 1)} | {total})
