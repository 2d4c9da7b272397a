"""A training that is carried out in parts, and the cooldown that makes its early parts comparable."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.engine.tuning.batches import EncodedExample, batch_order
from harness.engine.tuning.schedule import Schedule
from harness.engine.tuning.trainer import Trainer
from harness.engine.tuning.training_state import TrainingState


@dataclass(frozen=True)
class TrainingPart:
    """A part of a training that is carried out in several: it ends with a state from which the next part resumes.

    The result of the last part is that of a training in one go that also validates at the end of each part. After an earlier part, the
    learning rate is still high, which hides how good a high one is: a copy of the training therefore takes a few more steps in which the
    rate falls to 0 before the part is measured, and is then discarded (Hägele et al., "Scaling Laws and Compute-Optimal Training Beyond
    Fixed Training Durations", 2024, on such cooldowns).

    Attributes:
        begin, end: the completed steps before and after this part.
        ends: of all parts of the training.
        cooldown: the further steps of the copy; 0 after the last part.
    """

    begin: int
    end: int
    ends: frozenset[int]
    cooldown: int = 0

    @staticmethod
    def of(shares: Sequence[float], rung: int, steps: int, cooldown: float = 0.0) -> TrainingPart:
        """The part with this number, from 0, of a training of so many steps.

        Args:
            shares: the share of the steps that is completed after each part.
            cooldown: the further steps of the copy that is measured, as a share of the steps until then; at least one.
        """
        ends = [max(1, round(share * steps)) for share in shares]
        further = max(1, round(cooldown * ends[rung])) if cooldown and ends[rung] < steps else 0
        return TrainingPart(ends[rung - 1] if rung else 0, ends[rung], frozenset(ends), further)


def cool_down(
    part: TrainingPart,
    state: TrainingState,
    trainer: Trainer,
    schedule: Schedule,
    examples: Sequence[EncodedExample],
    validation: Sequence[EncodedExample],
    seed: int,
) -> float:
    """Take the further steps of a part, on the batches that would come next; returns the validation loss after them, infinite without any.

    Raises:
        DivergedError: a loss is not finite.
    """
    if not part.cooldown or not validation:
        return math.inf
    highest = schedule.rate(state.step - 1)
    sizes = [example.size for example in examples]
    with trainer.meter.phase("train"):
        for i in range(part.cooldown):
            epoch, position = divmod(state.step + i, schedule.steps_per_epoch)
            batch = batch_order(sizes, schedule.batch_size, seed, epoch)[position]
            trainer.step([examples[j] for j in batch], highest * (part.cooldown - i) / (part.cooldown + 1), state.step + i + 1)
    return trainer.validate(validation).loss
