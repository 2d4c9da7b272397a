"""How long the steps of a cell take on this machine: tried with real batches on a model of the same architecture with random weights.

A model of up to 200 million parameters is tried as a whole. Of a larger one, models with one and with several of its layers are tried, and
what a layer takes follows from their difference: time is linear in the number of layers, of an encoder-decoder in those of both parts.
Memory that is moved, Python around each kernel, and what draws dropout are in it.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from harness.engine.adapters import RankAllocation
from harness.engine.inference import LabelScorer, Seq2SeqScorer, classify, count_read, count_shared, generate, generate_seq2seq, plain_cache
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
from harness.forecast.cpu_pace import note_pace
from harness.forecast.model_outline import Formats, ModelOutline
from harness.forecast.trial_model import TRIAL_STEPS, build_trial_model, count_layers

# Parameters of a model that is tried as a whole. With SmolLM2-135M, on a machine that was not quiet, trials of three layers forecast 4.2 to
# 7.3 s for steps that took the whole model 5.4 to 6.6 s, and 0.03 to 0.13 s for a token that took 0.09 s. A trial of a training on texts
# of 700 tokens takes 11 to 16 s with the whole model.
WHOLE_MODEL = 200_000_000
_FEW, _MORE = 1, 3  # layers of larger ones, the second at least
_MOST_TRIED = 400_000_000  # parameters of a trial with more of them, until they weigh as much as the rest of the model
_OPERATIONS = {"cpu": 1e12, "cuda": 4e13}  # that one pass may take: some seconds
_READING, _TRAINING = 2, 6  # operations of a parameter for a token
_LEAST_TOKENS, _USUAL_TOKENS = 64, {"cpu": 1024, "cuda": 8192}
_TIMES_SHARED = 4  # tokens of a trial, of those that its prompts share
_WRITTEN, _MOST_WRITTEN = 5, 12  # tokens of a trial, at least and at most
_ENOUGH_WRITTEN = 0.5  # seconds after which writing stops, once the least number of tokens is there
_DISTURBED = 1.25  # times as long as another trial of the same tokens
_SHORTER, _SHAPES = 8, 3  # tokens by which further micro-batches are shorter, so that each has another shape, and how many there are
_REPEATS = 2
_ENOUGH = 1.0  # seconds of a trial that is not repeated: a long one varies less, and on a CPU, preparing kernels is a small part of it
_RANKS_STEP = TRIAL_STEPS // 4  # in which ranks are chosen
_FEWEST_ROWS = 4  # of outputs that are written together, where their prompts cannot be read once
_Layers = Sequence[int] | None


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


class AnsweringTrial(NamedTuple):
    """Seconds of the parts of answering.

    Attributes:
        start: that the first batch takes more than others: kernels are prepared, and two ways to choose labels are compared.
        reading: for each token of prompts, those that a batch shares counted once; with all labels, where labels are chosen.
        writing: one more token, for any number of rows.
        row: one more token of one row.
    """

    start: float
    reading: float
    writing: float
    row: float


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

    def run(layers: _Layers) -> tuple[float, ...]:
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
            may_run_once = _may_run_once(device, layers) and not compiles  # which happens in the first step
            seconds = (
                _seconds(step, device, may_run_once=may_run_once),
                _seconds(update, device),  # the first one allocates the states of the optimizer
                _seconds(validate, device, may_run_once=may_run_once),
            )
            if layers is not None or seconds[0] > _ENOUGH:
                return *seconds, 0.0
            return *seconds, _fresh_seconds(step, batch, device)

    step, update, validation, fresh = _of_whole_model(outline, run)
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
            more.append(_timed(partial(step, shorter), device) - _timed(partial(step, shorter), device))
    return max(0.0, sum(more) / len(more)) if more else 0.0


def try_answering(
    outline: ModelOutline,
    formats: Formats,
    device: str,
    prompts: Sequence[Sequence[int]],
    rows: int,
    labels: Sequence[Sequence[int]] | None,
    ended: Callable[[Sequence[int]], bool] | None = None,
    written: int = 0,
    room: int = 0,
) -> AnsweringTrial:
    """Time answers to these prompts.

    Args:
        rows: prompts of a batch.
        labels: where one is chosen, the tokens of each, which an encoder does not read; None where text is written.
        ended: what looks at each output after each token.
        written: tokens of each output that are there when the next one is timed, of a decoder: the more there are, the longer it takes.
        room: for how many more there is room. With room for five, a token of the included model took a tenth less than with as much as
            its cells have.
    """
    longest = [*max(prompts, key=len), *[0] * (written if outline.shape == "decoder" else 0)]
    few = _limit_prompts(outline, device, prompts)
    shared = count_shared(outline.config, few) if outline.shape == "decoder" else 0
    rest = [len(prompt) - shared for prompt in few]
    tokens = shared + (count_read(outline.config, rest, device) if outline.shape == "decoder" else len(few) * max(rest))
    write = generate if outline.shape == "decoder" else generate_seq2seq
    if outline.shape != "decoder" or not plain_cache(outline.config):
        rows = min(rows, max(_FEWEST_ROWS, most_tokens_read(outline, device) // len(longest)))

    def run(layers: _Layers) -> tuple[float, ...]:
        model = build_trial_model(outline, formats, device, layers, trains=False)
        if labels is not None:
            choose = _chooser(model, outline, labels)
            return *_first_and_later(lambda: choose(few), device), 0.0, 0.0

        def read() -> None:
            """With room for the outputs."""
            write(model, few, max_new_tokens=1 + written + room, stop_ids=(), pad_id=0, ended=lambda _: True)

        beginnings = (_same_beginning(longest, count) for count in (rows, quarter))
        trials = (partial(_write_seconds, write, model, each, ended, device, room) for each in beginnings)
        many, fewer = (_twice_if_short(trial, device) for trial in trials)
        return *_first_and_later(read, device, may_run_once=_may_run_once(device, layers)), many, fewer

    quarter = max(1, rows // 4)
    start, reading, many, fewer = _of_whole_model(outline, run)
    row = max(0.0, many - fewer) / (rows - quarter) if rows > quarter else 0.0
    return AnsweringTrial(start, reading / tokens, max(0.0, many - row * rows), row)


def _chooser(model: Any, outline: ModelOutline, labels: Sequence[Sequence[int]]) -> Callable[[Sequence[Sequence[int]]], Any]:
    """What finds the likelihood of each label behind prompts, as a cell does."""
    if outline.shape == "encoder":
        return partial(classify, model, pad_id=0)
    return LabelScorer(model, labels, 0) if outline.shape == "decoder" else Seq2SeqScorer(model, labels, 0)


def _write_seconds(
    write: Callable[..., Any],
    model: Any,
    prompts: Sequence[Sequence[int]],
    ended: Callable[[Sequence[int]], bool] | None,
    device: str,
    room: int,
) -> float:
    """Seconds of one more token of each prompt, on average over several behind the first, before which kernels are prepared."""
    import torch

    moments: list[float] = []
    most, has_enough = max(_WRITTEN, min(_MOST_WRITTEN, room)), False

    def note(ids: Sequence[int]) -> bool:
        """Called for each output after each token."""
        nonlocal has_enough
        if ended is not None:
            ended(ids)
        if len(moments) < len(ids):
            if device == "cuda":
                torch.cuda.synchronize()
            moments.append(time.perf_counter())
            tokens = len(moments) - 1
            has_enough = tokens >= most or (tokens >= _WRITTEN and moments[-1] - moments[1] >= _ENOUGH_WRITTEN)
        return has_enough

    write(model, prompts, max_new_tokens=1 + max(room, most), stop_ids=(), pad_id=0, ended=note)
    return (moments[-1] - moments[1]) / (len(moments) - 2)


def _of_whole_model(outline: ModelOutline, run: Callable[[_Layers], tuple[float, ...]]) -> tuple[float, ...]:
    """What the whole model takes.

    Raises:
        LookupError: it is too large to be tried as a whole, and its configuration does not say how many layers it has.
    """
    if outline.sizes.base <= WHOLE_MODEL:
        return run(None)
    counts = count_layers(outline.loaded.model.config, outline.shape)
    if counts is None:
        raise LookupError("the number of layers is not known")
    fewest = tuple(min(_FEW, count) for count in counts)
    few = total = run(fewest)
    for part, count in enumerate(counts):
        if count > _FEW:
            tried = min(_count_more(outline, counts), count)
            more = run((*fewest[:part], tried, *fewest[part + 1 :]))
            layers = (count - _FEW) / (tried - _FEW)
            total = tuple(whole + layers * max(0.0, b - a) for whole, a, b in zip(total, few, more, strict=True))
    return total


def most_tokens_read(outline: ModelOutline, device: str) -> int:
    """The tokens of prompts that a trial reads."""
    return _most_tokens(outline, device, _READING)


def _most_tokens(outline: ModelOutline, device: str, operations: int) -> int:
    """The tokens of a trial, which takes a few seconds at most."""
    return max(_LEAST_TOKENS, round(_OPERATIONS[device] / (operations * count_tried(outline))))


def count_tried(outline: ModelOutline) -> int:
    """The parameters of the largest model that a trial builds."""
    base, counts = outline.sizes.base, count_layers(outline.loaded.model.config, outline.shape)
    if base <= WHOLE_MODEL or counts is None:
        return base
    left = len(counts) * _FEW + _count_more(outline, counts) - _FEW
    return round(base - outline.layer_weights * max(0.0, 1 - left / sum(counts)))


def _count_more(outline: ModelOutline, counts: Sequence[int]) -> int:
    """The layers of the larger of two models that are tried."""
    layer = outline.layer_weights / sum(counts)
    rest = outline.sizes.base - outline.layer_weights + len(counts) * _FEW * layer
    return max(_MORE, _FEW + int(min(rest, _MOST_TRIED - rest) / max(layer, 1.0)))


def _limit_examples(outline: ModelOutline, device: str, examples: Sequence[EncodedExample]) -> list[EncodedExample]:
    """As many of the examples as suit a trial, and of a long one its end."""
    most = _most_tokens(outline, device, _TRAINING)
    width = min(most, max(example.padded_length for example in examples))
    rows = max(1, min(most, _USUAL_TOKENS[device]) // width)
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


def _limit_prompts(outline: ModelOutline, device: str, prompts: Sequence[Sequence[int]]) -> list[Sequence[int]]:
    """As many of the prompts as suit a trial. Of what they share, which is read once, a batch has little beside what they do not share."""
    most = most_tokens_read(outline, device)
    shared = count_shared(outline.config, prompts) if outline.shape == "decoder" else 0
    usual = max(_USUAL_TOKENS[device], _TIMES_SHARED * shared)
    rows = max(2, (min(most, usual) - shared) // max(1, max(map(len, prompts)) - shared))
    return [prompt[-most:] for prompt in prompts[:rows]]


def _same_beginning(prompt: Sequence[int], rows: int) -> list[Sequence[int]]:
    """Prompts that differ in their length and last token, as those of a batch do, and otherwise are the same: what they begin with is read
    once, so that a batch of them costs little."""
    return [[*prompt[: max(1, len(prompt) - 1 - i % 7)], i % 7] for i in range(rows)]


def _may_run_once(device: str, layers: _Layers) -> bool:
    """Whether the first run of a long trial counts: on a CPU, where it takes little longer than later ones, and of a whole model. Where
    models with few layers are compared, the difference of their seconds is multiplied."""
    return device == "cpu" and layers is None


def _seconds(run: Callable[[], Any], device: str, *, may_run_once: bool = False) -> float:
    """Seconds of a run on average, after one that prepares kernels."""
    return _first_and_later(run, device, may_run_once=may_run_once)[1]


def _twice_if_short(trial: Callable[[], float], device: str) -> float:
    """What a trial returns. If it is short, the mean of two is returned, or the lower one if the other is much higher: twelve tokens of a
    small model take a tenth of a second, and so do other programs at times."""
    note_pace(device)
    began = time.perf_counter()
    first = again = trial()
    if time.perf_counter() - began <= _ENOUGH:
        note_pace(device)
        again = trial()
    note_pace(device)
    return (first + again) / 2 if max(first, again) <= _DISTURBED * min(first, again) else min(first, again)


def _first_and_later(run: Callable[[], Any], device: str, *, may_run_once: bool = False) -> tuple[float, float]:
    """How much longer the first run takes than later ones, and the seconds of a later one on average.

    Args:
        may_run_once: whether the first run counts as a later one if it is long.
    """
    first = _timed(run, device)
    if may_run_once and first > _ENOUGH:
        return 0.0, first
    later = [_timed(run, device)]
    while len(later) < _REPEATS and sum(later) < _ENOUGH:
        later.append(_timed(run, device))
    mean = sum(later) / len(later)
    return max(0.0, first - mean), mean


def _timed(run: Callable[[], Any], device: str) -> float:
    import torch

    note_pace(device)
    began = time.perf_counter()
    run()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began
