"""How long the steps of a training take on this machine: tried with a real batch on a model of the same architecture with random weights.

Memory that is moved, Python around each kernel, and what draws dropout are in it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from harness.engine.adapters import RankAllocation
from harness.engine.tuning import (
    EncodedExample,
    KeyedRandom,
    batch_loss,
    fused_layers,
    fused_lora,
    list_reads,
    make_optimizer,
    preference_losses,
)
from harness.forecast.model_outline import Formats, ModelOutline
from harness.forecast.trials.model import TRIAL_STEPS, build_trial_model
from harness.forecast.trials.size import TRAINING, USUAL_TOKENS, Layers, most_tokens, of_whole_model
from harness.forecast.trials.timing import ENOUGH, average_seconds, counts_first_run, timed

_SHORTER, _SHAPES = 8, 3  # tokens by which further micro-batches are shorter, so that each has another shape, and how many there are
_RANKS_STEP = TRIAL_STEPS // 4  # in which ranks are chosen


class TrainingTrial(NamedTuple):
    """Seconds of the parts of a training step.

    Attributes:
        step: forward and backward pass, for each token.
        update: clipping and the optimizer, for each step.
        validation: a forward pass, for each token.
        fresh: how much longer the first micro-batch of a shape takes than later ones, whose kernels are prepared, on average over several
            shapes. Of a model that is not tried as a whole, it is not known, and small beside the rest.
    """

    step: float
    update: float
    validation: float
    fresh: float = 0.0


def try_training(
    outline: ModelOutline, formats: Formats, device: str, examples: Sequence[EncodedExample], *, compiles: bool = False
) -> TrainingTrial:
    """Time a training with these examples, or pairs, as its micro-batch.

    Args:
        compiles: see `fused_layers`. What is compiled for the trial is there for the training.
    """
    recipe = outline.strategy.train
    assert recipe is not None
    batch = _limit_examples(outline, device, examples)
    width = max(example.padded_length for example in batch)
    tokens = len(batch) * width
    beta = recipe.preference_strength

    def run(layers: Layers) -> tuple[float, ...]:
        import torch

        model = build_trial_model(outline, formats, device, layers, trains=True)
        optimizer = make_optimizer(model, recipe)
        ranks, random, numbers = RankAllocation.of(model), KeyedRandom(seed=0), itertools.count(1)  # of steps, for what each computes once
        autocast = formats.autocast_dtype if recipe.weights == "float32" else None
        context = torch.autocast(device, dtype=autocast) if autocast else nullcontext()

        def loss(examples: Sequence[EncodedExample] = batch) -> Any:
            with context:
                if beta is not None:
                    return preference_losses(model, examples, 0, device, beta)[0].sum()
                return batch_loss(model, examples, 0, device, outline.shape)

        def step(examples: Sequence[EncodedExample] = batch) -> None:
            random.begin(next(numbers), *list_reads(examples, outline.shape))
            loss(examples).backward()

        def update() -> None:
            if ranks is not None:
                ranks.penalty().backward()
            torch.nn.utils.clip_grad_norm_([each for each in model.parameters() if each.grad is not None], recipe.max_grad_norm)
            optimizer.step()
            if ranks is not None:
                ranks.after_step(_RANKS_STEP)

        def validate() -> None:
            model.eval()
            with torch.no_grad():
                loss()
            model.train()

        with random.replacing_dropout(), fused_lora(model, random, autocast), fused_layers(model, device, compiles=compiles):
            may_run_once = counts_first_run(device, layers) and not compiles  # which happens in the first step
            seconds = (
                average_seconds(step, device, may_run_once=may_run_once),
                average_seconds(update, device),  # the first one allocates the states of the optimizer
                average_seconds(validate, device, may_run_once=may_run_once),
            )
            if layers is not None or seconds[0] > ENOUGH:
                return *seconds, 0.0
            return *seconds, _fresh_seconds(step, batch, device)

    step, update, validation, fresh = of_whole_model(outline, run)
    return TrainingTrial(step / tokens, update, validation / tokens, fresh)


def _fresh_seconds(step: Callable[[Sequence[EncodedExample]], None], batch: Sequence[EncodedExample], device: str) -> float:
    """How much longer a step takes with a new shape than with the same shape again, on average over some that are shorter than `batch`."""
    widths = {max(example.padded_length for example in batch)}
    more: list[float] = []
    for number in range(1, 1 + _SHAPES):
        shorter = [_shorten(each, max(_SHORTER, max(widths) - number * _SHORTER)) for each in batch]
        width = max(example.padded_length for example in shorter)
        if width not in widths:
            widths.add(width)
            more.append(timed(partial(step, shorter), device) - timed(partial(step, shorter), device))
    return max(0.0, sum(more) / len(more)) if more else 0.0


def _limit_examples(outline: ModelOutline, device: str, examples: Sequence[EncodedExample]) -> list[EncodedExample]:
    """As many of the examples as suit a trial, and of a long one its end."""
    most = most_tokens(outline, device, TRAINING)
    width = min(most, max(example.padded_length for example in examples))
    rows = max(1, min(most, USUAL_TOKENS[device]) // width)
    return [_shorten(example, width) for example in examples[:rows]]


def _shorten(example: EncodedExample, width: int) -> EncodedExample:
    """The ends of its prompt and of its answers."""
    if example.padded_length <= width:
        return example
    if example.labelled:
        return replace(example, prompt=example.prompt[-width:])
    width //= len(example.sequences)
    answer = max(len(example.target), len(example.rejected))
    answer = max(1, width // 2) if answer >= width else answer
    return replace(
        example,
        prompt=example.prompt[-(width - answer) :],
        target=example.target[-answer:],
        learned=example.learned[-answer:],
        rejected=example.rejected[-answer:],
    )
