"""The progress of a training that its checkpoints store: what a resumed training needs besides weights and optimizer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.engine.tuning.checkpoint import Checkpoints
from harness.engine.tuning.trainer import Trainer
from harness.types import Cost, MemoryStep, MemoryUse, TrainingSummary

_DIVIDED = "sharded"


@dataclass
class TrainingState:
    """The progress of a training."""

    step: int = 0
    best_step: int = 0
    best_loss: float = math.inf
    last_loss: float = math.inf
    best_preferences: tuple[int, int] | None = None
    """The validation pairs that are judged right at the best loss, and all of them; None for other objectives."""
    bad_validations: int = 0
    """Validations in a row without a new best loss."""
    target_tokens: int = 0
    stopped: bool = False
    train_losses: list[float] = field(default_factory=list)
    """One per validation: the mean loss since the previous one."""
    validation_losses: list[float] = field(default_factory=list)
    running: list[float] = field(default_factory=list)
    """The losses of the steps since the last validation."""
    work: dict[str, tuple[int, float]] = field(default_factory=dict)
    """By step of the memory ladder, see `_work_key`: the tokens of the optimizer steps that were taken on it, and their seconds."""
    together: int = 1
    """The most trainings that have taken a step of this one together."""
    scaler: dict[str, Any] = field(default_factory=dict)
    """The gradient scaler of float16; empty for other dtypes."""

    def record(self, step: MemoryStep, tokens: int, seconds: float, *, is_divided: bool = False) -> None:
        """Count an optimizer step that was taken on this step of the memory ladder."""
        key = _work_key(step, is_divided=is_divided)
        before = self.work.get(key, (0, 0.0))
        self.work[key] = (before[0] + tokens, before[1] + seconds)

    def speed(self, step: MemoryStep, *, is_divided: bool = False) -> float | None:
        """Tokens per second on this step of the memory ladder; None before its first optimizer step."""
        tokens, seconds = self.work.get(_work_key(step, is_divided=is_divided), (0, 0.0))
        return tokens / seconds if seconds > 0 else None

    def memory_use(self, step: MemoryStep, token_budget: int, devices: int = 1, *, is_divided: bool = False) -> MemoryUse:
        """What was done to fit the memory, and what it cost in speed.

        Args:
            step: the last step of the memory ladder that each process took.
            devices: of the processes that trained together.
            is_divided: whether they divided the weights.
        """
        speeds = {name: tokens / seconds for name, (tokens, seconds) in self.work.items() if seconds > 0}
        key = _work_key(step, is_divided=is_divided)
        planned = next((name for name in ("as-planned", _DIVIDED) if name in speeds and name != key), None)
        return MemoryUse(
            step="sharded" if is_divided else step,
            devices=devices,
            step_of_each=step if is_divided else "as-planned",
            micro_batch_tokens=token_budget,
            tokens_per_second=speeds.get(key),
            tokens_per_second_before=speeds[planned] if planned is not None else None,
        )

    def summary(self, rate: float, steps_per_epoch: int, examples: int) -> TrainingSummary:
        """The summary of the finished training."""
        validated = bool(self.validation_losses)
        return TrainingSummary(
            steps=self.step,
            epochs=round(self.step / steps_per_epoch, 4),
            learning_rate=rate,
            best_step=self.best_step if validated else self.step,
            best_validation_loss=self.best_loss if validated else None,
            final_validation_loss=self.last_loss if validated else None,
            stopped_early=self.stopped,
            overfitting=overfits(self.train_losses, self.validation_losses),
            examples=examples,
            target_tokens=self.target_tokens,
            preferences=self.best_preferences,
            trained_together=self.together,
        )


def _work_key(step: MemoryStep, *, is_divided: bool) -> str:
    """What names the work on a step of the ladder, of one process or of several that divide the weights."""
    return step if not is_divided else _DIVIDED if step == "as-planned" else f"{_DIVIDED}, {step}"


@dataclass(frozen=True)
class _Checkpoint:
    """What a checkpoint stores as JSON."""

    state: TrainingState
    costs: tuple[Cost, ...]


def restore_state(trainer: Trainer, checkpoints: Checkpoints, begin: int = 0) -> TrainingState:
    """Restore model, optimizer and costs to the newest checkpoint; returns its state, or a fresh one if there is no checkpoint.

    Args:
        begin: costs until this step, where a part of a training begins, are not restored: they were counted with the part before.
    """
    stored = checkpoints.load(trainer.model, trainer.optimizer, _Checkpoint)
    if stored is None:
        return TrainingState()
    checkpoint, method_tensors = stored
    state = checkpoint.state
    if state.step > begin or begin == 0:
        trainer.meter.add(checkpoint.costs)
    if state.scaler:
        trainer.accelerator.scaler.load_state_dict(state.scaler)
    if trainer.ranks is not None:
        trainer.ranks.restore(method_tensors)
    return state


def store_state(state: TrainingState, trainer: Trainer, checkpoints: Checkpoints) -> None:
    """Write a checkpoint."""
    with trainer.meter.phase("store"):
        state.scaler = trainer.accelerator.scaler.state_dict() if trainer.accelerator.scaler else {}
        checkpoint = _Checkpoint(state, trainer.meter.costs())
        method_tensors = trainer.ranks.tensors() if trainer.ranks is not None else {}
        checkpoints.save(state.step, trainer.model, trainer.optimizer, checkpoint, _Checkpoint, state.best_step, method_tensors)


def overfits(train_losses: Sequence[float], validation_losses: Sequence[float]) -> bool:
    """Whether validation loss ends more than 1% above its best value while training loss has fallen further since."""
    if len(validation_losses) < 2:
        return False
    best = min(range(len(validation_losses)), key=validation_losses.__getitem__)
    rose = validation_losses[-1] > 1.01 * validation_losses[best]
    return rose and train_losses[-1] < train_losses[best]
