"""Timing a model, with a clock that only moves when the model works."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch

from harness.engine.inference import PromptedExample
from harness.engine.prompts import EncodedPrompt
from harness.engine.serving import SpeedProbe, measure_speed
from harness.types import Example, Prediction

PAIRS = [(Example(f"e{i}", {"input": "x"}, ("y",)), EncodedPrompt([1] * (i + 1), False)) for i in range(5)]


class Worker:
    """Answers batches; each takes the seconds that `seconds_of` gives for its number of rows."""

    def __init__(self, seconds_of: Callable[[int], float], *, memory_for: int = 1000) -> None:
        self.now, self.seconds_of, self.memory_for = 0.0, seconds_of, memory_for
        self.asked: list[list[str]] = []

    def answer(self, pairs: Sequence[PromptedExample]) -> list[Prediction]:
        self.asked.append([example.id for example, _ in pairs])
        if len(pairs) > self.memory_for:
            raise torch.cuda.OutOfMemoryError
        self.now += self.seconds_of(len(pairs))
        return [Prediction(example.id, "y", tokens_in=3, tokens_out=7) for example, _ in pairs]

    def first_token(self, pairs: Sequence[PromptedExample]) -> list[Prediction]:
        self.now += 0.25
        return [Prediction(example.id, "y", tokens_in=3, tokens_out=1) for example, _ in pairs]

    def measure(self, seconds: float, *, writes: bool = True, max_rows: int = 1000):
        probe = SpeedProbe(self.answer, self.first_token if writes else None, max_rows, PAIRS)
        return measure_speed("stored", probe, seconds, clock=lambda: self.now, cpu_clock=lambda: self.now / 2)


def test_each_input_is_answered_alone_and_then_in_batches_until_they_are_no_faster() -> None:
    worker = Worker(lambda rows: 1.0 + max(0, rows - 8))  # as long as one answer, up to eight rows
    speed = worker.measure(1000.0)
    assert [(answer.seconds, answer.first_token, answer.tokens_out) for answer in speed.alone] == [(1.0, 0.25, 7)] * 5
    assert [(batch.rows, batch.seconds, batch.tokens_out) for batch in speed.batches] == [(2, 1, 14), (4, 1, 28), (8, 1, 56), (16, 9, 112)]
    assert speed.ended == "no_faster"
    assert worker.asked[-1] == [f"e{i % 5}" for i in range(16)], "a test set smaller than the batch is repeated"
    assert speed.cpu_seconds == pytest.approx(speed.seconds / 2)


def test_a_slow_model_is_timed_on_one_input_and_in_no_batch() -> None:
    worker = Worker(lambda rows: 60.0 * rows)
    speed = worker.measure(1.5)
    assert len(speed.alone) == 1 and not speed.batches and speed.ended == "time"
    assert len(worker.asked) == 1


def test_the_time_is_kept() -> None:
    for seconds in (3.0, 10.0, 40.0):
        worker = Worker(lambda rows: 0.5 + 0.1 * rows)
        worker.measure(seconds)
        assert worker.now <= seconds + 1.0, "one answer may end after the time"


def test_a_batch_that_does_not_fit_ends_the_measurement() -> None:
    speed = Worker(lambda rows: 1.0, memory_for=4).measure(1000.0)
    assert [batch.rows for batch in speed.batches] == [2, 4] and speed.ended == "memory"


def test_no_batch_is_larger_than_the_model_takes() -> None:
    speed = Worker(lambda rows: 1.0).measure(1000.0, max_rows=6)
    assert [batch.rows for batch in speed.batches] == [2, 4] and speed.ended == "largest"
    assert Worker(lambda rows: 1.0).measure(1e6).batches[-1].rows == 256


def test_labels_have_no_first_token_and_are_warmed_up_on_the_longest_prompt() -> None:
    worker = Worker(lambda rows: 1.0)
    speed = worker.measure(6.0, writes=False)
    assert {answer.first_token for answer in speed.alone} == {None}
    assert worker.asked[0] == ["e4"]
