"""How long the steps of a cell take on this machine: tried with real batches on a model of the same architecture with random weights.

A small model is tried as a whole. Of a larger one, models with one and with three of its layers are tried, and what a layer takes is their
difference: time is linear in the number of layers. Memory that is moved, Python around each kernel, and what draws dropout are in it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from itertools import pairwise
from typing import Any, NamedTuple

from harness.engine.adapters import RankAllocation
from harness.engine.inference import LabelScorer, generate
from harness.engine.tuning import EncodedExample, KeyedRandom, batch_loss, make_optimizer
from harness.forecast.model_outline import Formats, ModelOutline
from harness.forecast.trial_model import build_trial_model

_WHOLE = 20_000_000  # parameters of a model that is tried as a whole
_FEW, _MORE = 1, 3  # layers of larger ones
_OPERATIONS = {"cpu": 4e11, "cuda": 4e13}  # that one pass may take: a few seconds
_LEAST_TOKENS, _USUAL_TOKENS = 64, {"cpu": 1024, "cuda": 8192}
_WRITTEN = 5  # tokens of a trial
_REPEATS = 2


class TrainingTrial(NamedTuple):
    """Seconds of the parts of a training step.

    Attributes:
        step: forward and backward pass, for each token.
        update: clipping and the optimizer, for each step.
        validation: a forward pass, for each token.
    """

    step: float
    update: float
    validation: float


class AnsweringTrial(NamedTuple):
    """Seconds of the parts of answering.

    Attributes:
        reading: for each token of prompts that is not shared by a batch; with all labels, where labels are chosen.
        writing: one more token, for any number of rows.
        row: one more token of one row.
    """

    reading: float
    writing: float
    row: float


def try_training(outline: ModelOutline, formats: Formats, device: str, examples: Sequence[EncodedExample]) -> TrainingTrial:
    """Time a training with these examples as its micro-batch."""
    recipe = outline.strategy.train
    assert recipe is not None
    batch = _limit_examples(outline, device, examples)
    tokens = len(batch) * max(example.length for example in batch)

    def run(layers: int | None) -> tuple[float, ...]:
        import torch

        model = build_trial_model(outline, formats, device, layers, trains=True)
        optimizer = make_optimizer(model, recipe)
        ranks, random = RankAllocation.of(model), KeyedRandom(seed=0)
        autocast = recipe.weights == "float32" and formats.autocast
        context = torch.autocast(device, dtype=getattr(torch, str(autocast))) if autocast else nullcontext()

        def loss() -> Any:
            with context:
                return batch_loss(model, batch, 0, device, outline.shape)

        def step() -> None:
            random.begin(1, range(len(batch)), [example.length for example in batch])
            loss().backward()

        def update() -> None:
            if ranks is not None:
                ranks.penalty().backward()
            torch.nn.utils.clip_grad_norm_([each for each in model.parameters() if each.grad is not None], recipe.max_grad_norm)
            optimizer.step()

        def validate() -> None:
            model.eval()
            with torch.no_grad():
                loss()
            model.train()

        with random.replacing_dropout():
            return _seconds(step, device), _seconds(update, device), _seconds(validate, device)

    step, update, validation = _of_whole_model(outline, run)
    return TrainingTrial(step / tokens, update, validation / tokens)


def try_answering(
    outline: ModelOutline,
    formats: Formats,
    device: str,
    prompts: Sequence[Sequence[int]],
    rows: int,
    labels: Sequence[Sequence[int]],
    ended: Callable[[Sequence[int]], bool] | None = None,
) -> AnsweringTrial:
    """Time answers to these prompts.

    Args:
        rows: prompts of a batch.
        labels: the tokens of each, where one is chosen; empty where text is written.
        ended: what looks at each output after each token.
    """
    longest = max(prompts, key=len)
    few = _limit_prompts(outline, device, prompts)
    shared = _count_shared(few)
    tokens = len(few) * (max(map(len, few)) - shared)

    def run(layers: int | None) -> tuple[float, ...]:
        model = build_trial_model(outline, formats, device, layers, trains=False)
        if labels:
            scorer = LabelScorer(model, labels, 0)
            return _seconds(lambda: scorer(few), device), 0.0, 0.0

        def read() -> None:
            generate(model, few, max_new_tokens=1, stop_ids=(), pad_id=0)

        many, fewer = (_write_seconds(model, _same_beginning(longest, count), ended, device) for count in (rows, quarter))
        return _seconds(read, device), many, fewer

    quarter = max(1, rows // 4)
    reading, many, fewer = _of_whole_model(outline, run)
    row = max(0.0, many - fewer) / (rows - quarter) if rows > quarter else 0.0
    return AnsweringTrial(reading / tokens, max(0.0, many - row * rows), row)


def _write_seconds(model: Any, prompts: Sequence[Sequence[int]], ended: Callable[[Sequence[int]], bool] | None, device: str) -> float:
    """Seconds of one more token of each prompt: the middle one of several tokens."""
    import torch

    moments: list[float] = []

    def note(ids: Sequence[int]) -> bool:
        """Called for each output after each token."""
        if ended is not None:
            ended(ids)
        if len(moments) < len(ids):
            if device == "cuda":
                torch.cuda.synchronize()
            moments.append(time.perf_counter())
        return False

    generate(model, prompts, max_new_tokens=1 + _WRITTEN, stop_ids=(), pad_id=0, ended=note)
    return sorted(b - a for a, b in pairwise(moments))[_WRITTEN // 2]


def _of_whole_model(outline: ModelOutline, run: Callable[[int | None], tuple[float, ...]]) -> tuple[float, ...]:
    """What the whole model takes."""
    if outline.sizes.base <= _WHOLE or outline.layer_count <= _MORE:
        return run(None)
    few, more = run(_FEW), run(_MORE)
    layers = (outline.layer_count - _FEW) / (_MORE - _FEW)
    return tuple(a + layers * max(0.0, b - a) for a, b in zip(few, more, strict=True))


def _most_tokens(outline: ModelOutline, device: str) -> int:
    """The tokens of a trial, which takes a few seconds at most."""
    sizes, layers = outline.sizes, outline.layer_count
    cut = sizes.base if sizes.base <= _WHOLE else sizes.base - sizes.packed * max(0, layers - _MORE) / layers
    return max(_LEAST_TOKENS, round(_OPERATIONS[device] / (6 * cut)))


def _limit_examples(outline: ModelOutline, device: str, examples: Sequence[EncodedExample]) -> list[EncodedExample]:
    """As many of the examples as suit a trial, and of a long one its end."""
    most = _most_tokens(outline, device)
    width = min(most, max(example.length for example in examples))
    rows = max(1, min(most, _USUAL_TOKENS[device]) // width)
    return [_shorten(example, width) for example in examples[:rows]]


def _shorten(example: EncodedExample, width: int) -> EncodedExample:
    if example.length <= width or example.labelled:
        return example
    target = example.target[-max(1, width // 2) :] if len(example.target) >= width else example.target
    return EncodedExample(example.prompt[-(width - len(target)) :], target)


def _limit_prompts(outline: ModelOutline, device: str, prompts: Sequence[Sequence[int]]) -> list[Sequence[int]]:
    most = _most_tokens(outline, device)
    rows = max(2, min(most, _USUAL_TOKENS[device]) // max(map(len, prompts)))
    return [prompt[-most:] for prompt in prompts[:rows]]


def _same_beginning(prompt: Sequence[int], rows: int) -> list[Sequence[int]]:
    """Prompts that differ in their last token: their beginning is read once, so that a batch of them costs little."""
    return [[*prompt[:-1], i % 7] for i in range(rows)]


def _count_shared(prompts: Sequence[Sequence[int]]) -> int:
    first, last = min(prompts, key=list), max(prompts, key=list)
    return next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), 0) if len(prompts) > 1 else 0


def _seconds(run: Callable[[], Any], device: str) -> float:
    """Seconds of a run on average, after one that prepares kernels."""
    import torch

    run()
    seconds = []
    for _ in range(_REPEATS):
        began = time.perf_counter()
        run()
        if device == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - began)
    return sum(seconds) / _REPEATS
