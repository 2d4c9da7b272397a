"""The one training loop, for every strategy and every model.

Mean cross-entropy of the target tokens, or the loss of preference pairs; effective batches cut to fit the memory, warm-up and schedule,
gradient clipping, several validations per epoch, the best weights kept, early stopping. A training that is interrupted at any step resumes
from its last checkpoint with the same result.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ParamSpec

from harness.engine.adapters import RankAllocation
from harness.engine.distributed import ONE_PROCESS, ProcessGroup, is_sharded
from harness.engine.models import Device
from harness.engine.tuning.attention import using_attention
from harness.engine.tuning.batches import EncodedExample, batch_order
from harness.engine.tuning.checkpoint import Checkpoints
from harness.engine.tuning.embedding_noise import noisy_embeddings
from harness.engine.tuning.fused_layers import fused_layers, pays_to_compile
from harness.engine.tuning.fused_lora import fused_lora
from harness.engine.tuning.keyed_dropout import KeyedRandom
from harness.engine.tuning.layer_checkpoints import checkpoint_layers, keep_activations
from harness.engine.tuning.memory_ladder import MemoryLadder, can_checkpoint, reaches
from harness.engine.tuning.optimizers import make_optimizer
from harness.engine.tuning.references import add_references
from harness.engine.tuning.schedule import Schedule
from harness.engine.tuning.steps import StepRequest, Steps, StepTaken, take_alone
from harness.engine.tuning.trainer import MICRO_BATCH_TOKENS, DivergedError, Trainer
from harness.engine.tuning.training_curve import CurveWriter
from harness.engine.tuning.training_part import TrainingPart, cool_down
from harness.engine.tuning.training_state import TrainingState, restore_state, store_state
from harness.measure import Meter
from harness.types import AS_PLANNED, LadderPlace, Shape, TrainingSummary, TrainSpec

P = ParamSpec("P")


@dataclass(frozen=True)
class Progress:
    """How far a training is: completed steps out of `total`, the last losses, and the speed since it began or was resumed."""

    step: int
    total: int
    loss: float
    validation_loss: float | None
    tokens_per_second: float | None


def training_steps(
    model: Any,
    examples: Sequence[EncodedExample],
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
    part: TrainingPart | None = None,
    place: LadderPlace = AS_PLANNED,
    on_place: Callable[[LadderPlace], None] = lambda _: None,
    was_killed: bool = False,
    starts_again: bool = False,
    starts_from_adapter: bool = False,
    group: ProcessGroup = ONE_PROCESS,
    shared_random: KeyedRandom | None = None,
) -> Steps[TrainingSummary]:
    """Train `model` in place; it ends with the weights of its best validation. The caller takes the steps that this generator yields.

    Several processes train one model together if each calls this with its number in `group`, and otherwise with the same arguments: a
    model that is divided among them, or a copy of their own. The first one writes the files.

    Args:
        examples, validation: encoded examples, or pairs if that is the recipe's objective. Without validation examples, the last weights
            are kept.
        parameters: the size of the base model, which the recipe's learning rate and batch size may depend on.
        seed: decides the order of the batches, the dropout and the noise.
        shape: the shape of the model.
        curve: the file for the training curve.
        checkpoint: the folder for checkpoints; a training resumes from a state that it finds there.
        progress: receives the progress after each step.
        checkpoint_every: seconds between two checkpoints.
        part: train only this part of the steps, and leave a checkpoint from which the next part resumes. The costs until its beginning,
            which that checkpoint holds, are not counted again.
        place: where on the memory ladder to begin. Of an offloaded model, the frozen weights are on the CPU already.
        on_place: receives each place on the ladder that is taken from then on.
        was_killed: whether the system ended an attempt at this place because it ran out of memory: begin with the next one.
        starts_again: whether an attempt before this one ran out of memory in this process, so that `meter` knows its costs.
        starts_from_adapter: whether the adapter of `model` was trained before: with pairs, the model with it is then the reference.
        shared_random: of trainings that share their steps, which has replaced dropout already; None: this training has its own.

    Raises:
        torch.cuda.OutOfMemoryError: no step of the ladder that can be taken without a new start is left.
        MemoryError: the same, after an attempt that the system ended.
        DivergedError: a loss is no longer finite.
        BenchError: the model cannot be trained with the recipe's `attention`.
        GroupMemoryError: one of several processes ran out of memory: all start again at another place of the ladder.
    """
    schedule = Schedule.of(recipe, len(examples), parameters)
    checkpoints = Checkpoints(checkpoint, checkpoint_every, group)
    random = KeyedRandom(seed) if shared_random is None else shared_random
    examples = [replace(example, index=i) for i, example in enumerate(examples)]
    autocast = None if recipe.weights == "bfloat16" or device.dtype == "float32" else device.torch_dtype
    tokens = schedule.steps / schedule.steps_per_epoch * sum(example.length for example in examples)  # also where only a part is trained
    compiles = pays_to_compile(recipe.compilation, device.kind, device.dtype, parameters, tokens)
    with (
        random.replacing_dropout() if shared_random is None else nullcontext(),
        using_attention(model, recipe.attention),
        noisy_embeddings(model, recipe.neftune, random),
        fused_lora(model, random, autocast),
        fused_layers(model, device.kind, compiles=compiles),
    ):
        trainer = _trainer(model, recipe, seed, random, autocast, pad_id, device, shape, meter, place, on_place, group)
        try:
            if was_killed and not trainer.ladder.relieve(max(example.padded_length for example in examples)):
                raise MemoryError("the system ran out of memory and killed the training, with one example at a time")
            if trainer.beta is not None:
                folder = checkpoints.folder
                examples, validation = add_references(trainer, examples, validation, folder, starts_from_adapter=starts_from_adapter)
            return (yield from _train(trainer, examples, validation, schedule, seed, checkpoints, curve, progress, part, starts_again))
        finally:
            keep_activations(trainer.model)


def _taken_alone(steps: Callable[P, Steps[TrainingSummary]]) -> Callable[P, TrainingSummary]:
    def train(*args: P.args, **options: P.kwargs) -> TrainingSummary:
        return take_alone(steps(*args, **options))

    return train


train = _taken_alone(training_steps)
"""A training that shares no step, with the arguments of `training_steps`."""


def _train(
    trainer: Trainer,
    examples: Sequence[EncodedExample],
    validation: Sequence[EncodedExample],
    schedule: Schedule,
    seed: int,
    checkpoints: Checkpoints,
    curve: Path,
    progress: Callable[[Progress], None],
    part: TrainingPart | None,
    starts_again: bool,
) -> Steps[TrainingSummary]:
    import torch

    model, meter, recipe = trainer.model, trainer.meter, schedule.recipe
    torch.manual_seed(seed)
    state = restore_state(trainer, checkpoints, sys.maxsize if starts_again else part.begin if part else 0)
    order: list[list[int]] = []
    sizes = [example.size for example in examples]
    validation_steps = schedule.validation_steps | (part.ends if part else frozenset())
    last = part.end if part else schedule.steps
    model.train()
    with CurveWriter(curve if trainer.group.is_first else None, keep_until=state.step) as curve_lines, meter.phase("train"):
        while state.step < last and not state.stopped:
            epoch, position = divmod(state.step, schedule.steps_per_epoch)
            if position == 0 or not order:
                order = batch_order(sizes, schedule.batch_size, seed, epoch)
            batch = [examples[i] for i in order[position]]
            taken = yield StepRequest(trainer, batch, schedule.rate(state.step), state.step + 1, seed)
            _record(trainer, batch, schedule, state, curve_lines, taken)
            if state.step in validation_steps:
                _validate(state, trainer, validation, recipe.patience, checkpoints, curve_lines)
            if checkpoints.due() and state.step < last:
                store_state(state, trainer, checkpoints)
            validated = state.validation_losses[-1] if state.validation_losses else None
            progress(Progress(state.step, last, taken.loss, validated, state.speed(trainer.ladder.step, is_divided=is_sharded(model))))
    summary = state.summary(schedule.peak_rate, schedule.steps_per_epoch, len(examples))
    summary = replace(
        summary,
        objective=recipe.objective,
        memory=state.memory_use(trainer.ladder.step, trainer.ladder.token_budget, trainer.group.size, is_divided=is_sharded(model)),
    )
    if part is not None and part.end < schedule.steps:
        store_state(state, trainer, checkpoints)
    cooled = cool_down(part, state, trainer, schedule, examples, validation, seed) if part is not None and not state.stopped else math.inf
    if cooled < state.best_loss:
        summary = replace(summary, best_validation_loss=cooled, best_step=state.step)
    elif validation:
        with meter.phase("store"):
            checkpoints.load_best(state.best_step, model)
    if trainer.ranks is not None:
        trainer.ranks.settle()
    trainer.accelerator.unwrap_model(model, keep_fp32_wrapper=False)
    trainer.accelerator.free_memory()
    model.eval()
    return summary


def _trainer(
    model: Any,
    recipe: TrainSpec,
    seed: int,
    random: KeyedRandom,
    autocast: Any,
    pad_id: int,
    device: Device,
    shape: Shape,
    meter: Meter,
    place: LadderPlace,
    on_place: Callable[[LadderPlace], None],
    group: ProcessGroup,
) -> Trainer:
    from accelerate import Accelerator

    accelerator = Accelerator(mixed_precision="no" if autocast is None else device.mixed_precision, cpu=device.kind == "cpu")
    # The groups of processes are ours, see harness/engine/distributed: accelerate has this one process, and its number formats.
    offloads_weights = reaches(place.step, "offloaded-weights")
    if offloads_weights:  # an adapter is where the weights are that it adapts
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.data = parameter.data.to(accelerator.device)
    optimizer = make_optimizer(model, recipe, seed=seed, offloaded=reaches(place.step, "offloaded-optimizer"))
    model, optimizer = accelerator.prepare(model, optimizer, device_placement=[not offloads_weights, False])
    if recipe.gradient_checkpointing == "on":
        checkpoint_layers(model, random)
    start = (lambda: checkpoint_layers(model, random)) if can_checkpoint(recipe, model) else None
    ladder = MemoryLadder(place, recipe.micro_batch_tokens or MICRO_BATCH_TOKENS[device.kind], start, on_place)
    ranks = RankAllocation.of(model)
    beta = recipe.preference_strength
    return Trainer(model, optimizer, accelerator, recipe.max_grad_norm, pad_id, meter, ladder, shape, ranks, random, group, beta, autocast)


def _record(
    trainer: Trainer, batch: Sequence[EncodedExample], schedule: Schedule, state: TrainingState, curve: CurveWriter, taken: StepTaken
) -> None:
    """Record an optimizer step."""
    rate, tokens = schedule.rate(state.step), sum(example.length for example in batch)
    state.record(trainer.ladder.step, tokens, taken.seconds, is_divided=is_sharded(trainer.model))
    state.together = max(state.together, taken.shared_by)
    state.step += 1
    state.target_tokens += sum(example.targets for example in batch)
    state.running.append(taken.loss)
    speed = round(tokens / taken.seconds, 1)
    curve.write({"step": state.step, "loss": taken.loss, "learning_rate": rate, "tokens_per_second": speed})


def _validate(
    state: TrainingState,
    trainer: Trainer,
    validation: Sequence[EncodedExample],
    patience: int | None,
    checkpoints: Checkpoints,
    curve: CurveWriter,
) -> None:
    """Validate: store the weights if they are the best so far, and stop if `patience` validations in a row brought no better ones.

    Raises:
        DivergedError: the validation loss is not finite.
    """
    mean = sum(state.running) / len(state.running)
    state.train_losses.append(mean)
    state.running = []
    if not validation:
        return
    validated = trainer.validate(validation)
    loss = validated.loss
    if not math.isfinite(loss):
        raise DivergedError(f"the validation loss became {loss}")
    state.validation_losses.append(loss)
    state.last_loss = loss
    line = {"step": state.step, "validation_loss": loss, "training_loss": mean}
    if validated.preferences is not None:
        line["preference_accuracy"] = validated.preferences[0] / validated.preferences[1]
    curve.write(line)
    if loss < state.best_loss:
        state.best_loss, state.best_preferences, state.best_step, state.bad_validations = loss, validated.preferences, state.step, 0
        with trainer.meter.phase("store"):
            checkpoints.save_best(state.step, trainer.model)
    else:
        state.bad_validations += 1
        state.stopped = patience is not None and state.bad_validations >= patience
