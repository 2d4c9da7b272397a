"""How long answers take on this machine: tried with real prompts on a model of the same architecture with random weights.

Memory that is moved, and Python around each kernel, are in it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any, NamedTuple

from harness.engine.inference import (
    LabelScorer,
    Seq2SeqScorer,
    answering,
    classify,
    count_read,
    count_shared,
    generate,
    generate_seq2seq,
    plain_cache,
)
from harness.forecast.model_outline import Formats, ModelOutline
from harness.forecast.trials.model import build_trial_model
from harness.forecast.trials.size import READING, USUAL_TOKENS, Layers, most_tokens, of_whole_model
from harness.forecast.trials.timing import counts_first_run, first_and_later, twice_if_short

_TIMES_SHARED = 4  # tokens of a trial, of those that its prompts share
_WRITTEN, _MOST_WRITTEN = 5, 12  # tokens of a trial, at least and at most
_ENOUGH_WRITTEN = 0.5  # seconds after which writing stops, once the least number of tokens is there
_FEWEST_ROWS = 4  # of outputs that are written together, where their prompts cannot be read once


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
    arranges: bool = False,
) -> AnsweringTrial:
    """Time answers to these prompts.

    Args:
        rows: prompts of a batch.
        labels: where one is chosen, the tokens of each, which an encoder does not read; None where text is written.
        ended: what looks at each output after each token.
        written: tokens of each output that are there when the next one is timed, of a decoder: the more there are, the longer it takes.
        room: for how many more there is room. With room for five, a token of the included model took a tenth less than with as much as
            its cells have.
        arranges: whether linear layers arrange their weights, as they do in a cell.
    """
    longest = [*max(prompts, key=len), *[0] * (written if outline.shape == "decoder" else 0)]
    few = _limit_prompts(outline, device, prompts)
    shared = count_shared(outline.config, few) if outline.shape == "decoder" else 0
    rest = [len(prompt) - shared for prompt in few]
    tokens = shared + (count_read(outline.config, rest, device, shared) if outline.shape == "decoder" else len(few) * max(rest))
    write = generate if outline.shape == "decoder" else generate_seq2seq
    if outline.shape != "decoder" or not plain_cache(outline.config):
        rows = min(rows, max(_FEWEST_ROWS, most_tokens_read(outline, device) // len(longest)))

    def run(layers: Layers) -> tuple[float, ...]:
        model = build_trial_model(outline, formats, device, layers, trains=False)
        if labels is not None:
            choose = _chooser(model, outline, labels)
            return *first_and_later(lambda: choose(few), device), 0.0, 0.0

        def read() -> None:
            """With room for the outputs."""
            write(model, few, max_new_tokens=1 + written + room, stop_ids=(), pad_id=0, ended=lambda _: True)

        beginnings = (_same_beginning(longest, count) for count in (rows, quarter))
        trials = (partial(_write_seconds, write, model, each, ended, device, room) for each in beginnings)
        with answering(model, arranges=True) if arranges else nullcontext():
            many, fewer = (twice_if_short(trial, device) for trial in trials)
            return *first_and_later(read, device, may_run_once=counts_first_run(device, layers)), many, fewer

    quarter = max(1, rows // 4)
    start, reading, many, fewer = of_whole_model(outline, run)
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


def most_tokens_read(outline: ModelOutline, device: str) -> int:
    """The tokens of prompts that a trial reads."""
    return most_tokens(outline, device, READING)


def _limit_prompts(outline: ModelOutline, device: str, prompts: Sequence[Sequence[int]]) -> list[Sequence[int]]:
    """As many of the prompts as suit a trial. Of what they share, which is read once, a batch has little beside what they do not share."""
    most = most_tokens_read(outline, device)
    shared = count_shared(outline.config, prompts) if outline.shape == "decoder" else 0
    usual = max(USUAL_TOKENS[device], _TIMES_SHARED * shared)
    rows = max(2, (min(most, usual) - shared) // max(1, max(map(len, prompts)) - shared))
    return [prompt[-most:] for prompt in prompts[:rows]]


def _same_beginning(prompt: Sequence[int], rows: int) -> list[Sequence[int]]:
    """Prompts that differ in their length and last token, as those of a batch do, and otherwise are the same: what they begin with is read
    once, so that a batch of them costs little."""
    return [[*prompt[: max(1, len(prompt) - 1 - i % 7)], i % 7] for i in range(rows)]
