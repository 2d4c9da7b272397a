"""The one training loop: every strategy, every model.

AdamW on the target tokens' mean cross-entropy, effective batches cut to fit the memory, warm-up and schedule, clipping, a
validation a few times an epoch, the best weights kept, early stopping. It can stop at any step and go on from its last checkpoint
with the same result.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from harness.engine.adapters import RankAllocation
from harness.engine.models import Device
from harness.engine.tuning.batches import EncodedExample, batch_order, micro_batches
from harness.engine.tuning.checkpoint import Checkpoints
from harness.engine.tuning.loss import batch_loss
from harness.engine.tuning.lr_schedule import planned_steps, rate_factor, validation_steps
from harness.engine.tuning.training_curve import CurveWriter
from harness.measure import Meter
from harness.types import Cost, Shape, TrainingSummary, TrainSpec

# A CPU gains nothing from more tokens at once, and their activations cost it gigabytes (SmolLM2-135M, LoRA: 2.7 MB a token).
_MICRO_BATCH_TOKENS = {"cpu": 2048, "cuda": 8192}


class DivergedError(Exception):
    """The loss is no longer a number."""


@dataclass(frozen=True)
class Progress:
    """Where a training stands: steps done of `total`, the last losses."""

    step: int
    total: int
    loss: float
    validation_loss: float | None


@dataclass
class _State:
    """What a checkpoint must hold beside weights and optimizer."""

    step: int = 0
    best_step: int = 0
    best_loss: float = math.inf
    last_loss: float = math.inf
    bad_validations: int = 0
    target_tokens: int = 0
    stopped: bool = False
    train_losses: list[float] = field(default_factory=list)  # mean since the validation before, one a validation
    validation_losses: list[float] = field(default_factory=list)
    running: list[float] = field(default_factory=list)
    scaler: dict[str, Any] = field(default_factory=dict)  # of float16's gradients; empty for other dtypes


@dataclass
class _Loop:
    """The parts that every step needs."""

    model: Any
    optimizer: Any
    accelerator: Any
    recipe: TrainSpec
    pad_id: int
    meter: Meter
    checkpoints: Checkpoints
    budget: int
    shape: Shape
    ranks: RankAllocation | None

    def step(self, rows: Sequence[EncodedExample], rate: float, number: int) -> tuple[float, int]:
        """The optimizer step of that number, from 1; returns the mean loss of a target token and how many there were."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss, targets = self._backward(rows)
        if not math.isfinite(loss):
            raise DivergedError(f"the loss became {loss}")
        self.accelerator.clip_grad_norm_(self.model.parameters(), self.recipe.max_grad_norm)
        self.optimizer.step()
        if self.ranks is not None:
            if self.optimizer.step_was_skipped:  # float16's gradients overflowed: they say nothing of any rank
                self.optimizer.zero_grad(set_to_none=False)
            self.ranks.after_step(number)
        self.optimizer.zero_grad()
        return loss, targets

    def _loss(self, piece: Sequence[EncodedExample]) -> Any:
        with self.accelerator.autocast():
            return batch_loss(self.model, piece, self.pad_id, self.accelerator.device, self.shape)

    def _backward(self, rows: Sequence[EncodedExample]) -> tuple[float, int]:
        import torch

        targets = sum(len(row.target) for row in rows)
        while True:
            try:
                total = 0.0
                for piece in micro_batches(rows, self.budget):
                    loss = self._loss(piece) / targets
                    self.accelerator.backward(loss)
                    total += loss.item()
                    self.meter.count_tokens(sum(row.length for row in piece))
                if self.ranks is not None:  # part of what is minimised, but not of the loss that strategies are compared by
                    self.accelerator.backward(self.ranks.penalty())
                return total, targets
            except torch.cuda.OutOfMemoryError:
                longest = max(row.length for row in rows)
                if self.budget <= longest:  # a single row does not fit: that is a result
                    raise
                self.budget = max(longest, self.budget // 2)
                self.optimizer.zero_grad()
                torch.cuda.empty_cache()

    def validate(self, rows: Sequence[EncodedExample]) -> float:
        """The mean loss of a target token over the validation rows."""
        import torch

        self.model.eval()
        total, targets = 0.0, 0
        with torch.no_grad(), self.meter.phase("validate"):
            for piece in micro_batches(rows, self.budget):
                total += self._loss(piece).item()
                targets += sum(len(row.target) for row in piece)
                self.meter.count_tokens(sum(row.length for row in piece))
        self.model.train()
        return total / max(1, targets)


def train(
    model: Any,
    rows: Sequence[EncodedExample],
    validation: Sequence[EncodedExample],
    recipe: TrainSpec,
    *,
    parameters: int,
    seed: int,
    pad_id: int,
    device: Device,
    shape: Shape = "decoder",
    meter: Meter,
    curve: Path,
    checkpoint: Path,
    progress: Callable[[Progress], None] = lambda _: None,
    checkpoint_every: float = 30.0,
) -> TrainingSummary:
    """Train `model` in place; it ends with the weights of its best validation.

    Args:
        rows, validation: encoded examples; without validation rows the last weights are kept.
        parameters: of the base model, by which the recipe may give its learning rate and batch size.
        seed: decides the order of the batches and the dropout.
        curve: the file for the training curve.
        checkpoint: the folder for checkpoints; a state found there is gone on from.
        checkpoint_every: seconds between two states.
        shape: of the model.

    Raises:
        DivergedError: when the loss is no longer finite.
    """
    import torch
    from accelerate import Accelerator

    accelerator = Accelerator(mixed_precision=device.mixed_precision, cpu=device.kind == "cpu")
    trained = [p for p in model.parameters() if p.requires_grad]
    learning_rate, batch_size = recipe.learning_rate_for(parameters), recipe.batch_size_for(parameters)
    optimizer = torch.optim.AdamW(trained, lr=learning_rate, weight_decay=recipe.weight_decay)
    model, optimizer = accelerator.prepare(model, optimizer)
    checkpoints = Checkpoints(checkpoint, checkpoint_every)
    budget = recipe.micro_batch_tokens or _MICRO_BATCH_TOKENS[device.kind]
    ranks = RankAllocation.of(model)
    loop = _Loop(model, optimizer, accelerator, recipe, pad_id, meter, checkpoints, budget, shape, ranks)
    sizes = [row.size for row in rows]
    per_epoch = math.ceil(len(rows) / batch_size)
    total = planned_steps(recipe, len(rows), parameters)
    stops = validation_steps(per_epoch, total, recipe.validations_per_epoch)

    torch.manual_seed(seed)
    state = _stored_state(loop)
    order: list[list[int]] = []
    model.train()
    with CurveWriter(curve, keep_until=state.step) as lines, meter.phase("train"):
        while state.step < total and not state.stopped:
            epoch, position = divmod(state.step, per_epoch)
            if position == 0 or not order:
                order = batch_order(sizes, batch_size, seed, epoch)
            rate = learning_rate * rate_factor(recipe, state.step, total)
            began = time.perf_counter()
            batch = [rows[i] for i in order[position]]
            loss, targets = loop.step(batch, rate, state.step + 1)
            speed = sum(row.length for row in batch) / (time.perf_counter() - began)
            state.step += 1
            state.target_tokens += targets
            state.running.append(loss)
            lines.write({"step": state.step, "loss": loss, "learning_rate": rate, "tokens_per_second": round(speed, 1)})
            if state.step in stops:
                _take_stock(state, loop, validation, lines)
            if checkpoints.due() and state.step < total:
                _store(state, loop)
            progress(Progress(state.step, total, loss, state.validation_losses[-1] if state.validation_losses else None))
    if validation:
        with meter.phase("store"):
            checkpoints.load_best(state.best_step, model)
    if ranks is not None:
        ranks.settle()
    accelerator.unwrap_model(model, keep_fp32_wrapper=False)
    accelerator.free_memory()
    model.eval()
    return _summary(state, learning_rate, per_epoch, len(rows))


def _stored_state(loop: _Loop) -> _State:
    """Where the training stood when it was interrupted, with everything brought to that point; a fresh state where it was not."""
    stored = loop.checkpoints.load(loop.model, loop.optimizer)
    if stored is None:
        return _State()
    values, method = stored
    loop.meter.add([Cost(**cost) for cost in values.pop("costs")])
    state = _State(**values)
    if state.scaler:
        loop.accelerator.scaler.load_state_dict(state.scaler)
    if loop.ranks is not None:
        loop.ranks.restore(method)
    return state


def _store(state: _State, loop: _Loop) -> None:
    with loop.meter.phase("store"):
        state.scaler = loop.accelerator.scaler.state_dict() if loop.accelerator.scaler else {}
        values = asdict(state) | {"costs": [asdict(c) for c in loop.meter.costs()]}
        method = loop.ranks.tensors() if loop.ranks is not None else {}
        loop.checkpoints.save(state.step, loop.model, loop.optimizer, values, method)


def _take_stock(state: _State, loop: _Loop, validation: Sequence[EncodedExample], lines: CurveWriter) -> None:
    """A validation: remember the best weights, and stop when it has not become better for long enough."""
    mean = sum(state.running) / len(state.running)
    state.train_losses.append(mean)
    state.running = []
    if not validation:
        return
    loss = loop.validate(validation)
    if not math.isfinite(loss):
        raise DivergedError(f"the validation loss became {loss}")
    state.validation_losses.append(loss)
    state.last_loss = loss
    lines.write({"step": state.step, "validation_loss": loss, "training_loss": mean})
    if loss < state.best_loss:
        state.best_loss, state.best_step, state.bad_validations = loss, state.step, 0
        with loop.meter.phase("store"):
            loop.checkpoints.save_best(state.step, loop.model)
    else:
        state.bad_validations += 1
        state.stopped = loop.recipe.patience is not None and state.bad_validations >= loop.recipe.patience


def overfits(train_losses: Sequence[float], validation_losses: Sequence[float]) -> bool:
    """Whether validation rose after its best point while training went on falling: it ends above the best by more than 1 %."""
    if len(validation_losses) < 2:
        return False
    best = min(range(len(validation_losses)), key=validation_losses.__getitem__)
    rose = validation_losses[-1] > 1.01 * validation_losses[best]
    return rose and train_losses[-1] < train_losses[best]


def _summary(state: _State, rate: float, per_epoch: int, examples: int) -> TrainingSummary:
    validated = bool(state.validation_losses)
    return TrainingSummary(
        steps=state.step,
        epochs=round(state.step / per_epoch, 4),
        learning_rate=rate,
        best_step=state.best_step if validated else state.step,
        best_validation_loss=state.best_loss if validated else None,
        final_validation_loss=state.last_loss if validated else None,
        stopped_early=state.stopped,
        overfitting=overfits(state.train_losses, state.validation_losses),
        examples=examples,
        target_tokens=state.target_tokens,
    )
