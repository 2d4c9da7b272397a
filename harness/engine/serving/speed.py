"""Timing one model: answers one at a time, and batches of powers of two until they are no faster, within a limit of time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice

from harness.engine.inference import PredictBatch, PromptedExample
from harness.types import BatchEnd, ServingSpeed, TimedAnswer, TimedBatch, WeightForm

LARGEST_BATCH = 256
_ALONE_SHARE = 0.5  # of the time, for answers one at a time
_WORTHWHILE = 1.05  # a larger batch has to answer so much faster
_NEXT_BATCH = 2  # the next batch takes at most so many times as long as the one before: it has twice the rows

Clock = Callable[[], float]


@dataclass(frozen=True)
class SpeedProbe:
    """What is timed.

    Attributes:
        answer: answers a batch.
        first_token: writes one token for a batch; None where answers are chosen from labels.
        max_rows: the most rows that `answer` takes.
        pairs: test examples with their prompts, at least one. Each is answered alone at most once; batches repeat them if they have to.
    """

    answer: PredictBatch
    first_token: PredictBatch | None
    max_rows: int
    pairs: Sequence[PromptedExample]


def measure_speed(
    form: WeightForm, probe: SpeedProbe, seconds: float, clock: Clock = time.perf_counter, cpu_clock: Clock = time.process_time
) -> ServingSpeed:
    """The speed of a model that is in memory.

    At least one answer is timed; further ones only while there is time, of which half is for answers one at a time. A batch is timed if it
    is expected to end in time.

    Args:
        seconds: the time that the measurement may take.
        clock, cpu_clock: seconds from any start, and processor seconds of this process.

    Raises:
        BenchError: the model computes numbers that are not finite.
    """
    start, cpu_start = clock(), cpu_clock()
    _warm_up(probe)
    alone = _time_alone(probe, start + _ALONE_SHARE * seconds, clock)
    batches, ended = _time_batches(probe, alone, start + seconds, clock)
    return ServingSpeed(form, tuple(alone), tuple(batches), ended, clock() - start, cpu_clock() - cpu_start)


def _warm_up(probe: SpeedProbe) -> None:
    """The first pass allocates memory and chooses kernels; of labels, the longest prompt decides how all are scored."""
    longest = max(probe.pairs, key=lambda pair: len(pair[1].ids))
    (probe.first_token or probe.answer)([longest])


def _time_alone(probe: SpeedProbe, deadline: float, clock: Clock) -> list[TimedAnswer]:
    alone: list[TimedAnswer] = []
    for pair in probe.pairs:
        first_token = None
        if probe.first_token is not None:
            begin = clock()
            probe.first_token([pair])
            first_token = clock() - begin
        begin = clock()
        (prediction,) = probe.answer([pair])
        taken = clock() - begin
        # The two are measured one after the other: of an answer that is one token long, either may take longer.
        first_token = None if first_token is None else min(first_token, taken)
        alone.append(TimedAnswer(taken, first_token, prediction.tokens_in, prediction.tokens_out))
        if clock() >= deadline:
            break
    return alone


def _time_batches(probe: SpeedProbe, alone: Sequence[TimedAnswer], deadline: float, clock: Clock) -> tuple[list[TimedBatch], BatchEnd]:
    import torch

    batches: list[TimedBatch] = []
    best = len(alone) / sum(answer.seconds for answer in alone)  # answers per second
    rows, last = 2, max(answer.seconds for answer in alone)
    while rows <= min(LARGEST_BATCH, probe.max_rows):
        if clock() + _NEXT_BATCH * last > deadline:
            return batches, "time"
        begin = clock()
        try:
            predictions = probe.answer(list(islice(cycle(probe.pairs), rows)))
        except (torch.cuda.OutOfMemoryError, MemoryError):
            return batches, "memory"
        last = clock() - begin
        batches.append(TimedBatch(rows, last, sum(prediction.tokens_out for prediction in predictions)))
        if rows / last < _WORTHWHILE * best:
            return batches, "no_faster"
        best, rows = rows / last, 2 * rows
    return batches, "largest"
