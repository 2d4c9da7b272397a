"""How long outputs become, which is not known before they are written: a likely case, and what is usual at least and at most.

Outputs are about as long as what a task asks for. Some do not end by themselves: a model that was trained on few examples, or on none, may
write until the limit. A batch writes until its longest output has ended, so that one such output decides its time. Of an untuned model, a
sample of outputs may be known.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from harness.engine.inference import count_rows
from harness.types import Task

# Outputs that do not end by themselves, of models that have not learned where to end: 0 to 75% of summaries and 64 to 100% of free texts by
# the included model, and 38 to 100% of summaries by SmolLM2-135M. The share falls slowly. The included model, trained in 15 to 30 steps:
# 15 to 85% of summaries (a third in the median of 13 strategies), and 48 to 99% of free texts; in 60 steps, 31 and 40%, and 47 and 77%; in
# 210 steps, 14 and 21% of summaries. Of answers to questions that end with their line, after 5 to 30 steps on 20 to 120 examples: 2.5% in
# the mean of other strategies, trained or not, and 7.5% with virtual tokens (prefix and prompt tuning: 0 to 24%).
_ENDLESS, _ENDLESS_UNTRAINED = 0.1, 0.4
_ENDLESS_UNTRAINED_TEXTS = 0.9  # of tasks of kind generation
_LEARNING_STEPS = 150.0  # in which the part of the share that training takes away falls to 1/e
_ENDLESS_ANSWERS, _ENDLESS_ANSWERS_VIRTUAL = 0.03, 0.075  # of tasks of kind qa with a text at which outputs stop
_SHORTEST = 0.5  # of the length that is asked for: the included model, untuned, wrote 57% of it
_PRIOR = 1.0  # outputs of a sample that the usual share of endless ones counts for
_Z = 1.645  # of a 90% interval


@dataclass(frozen=True)
class WrittenTokens:
    """What writing takes.

    Attributes:
        steps: tokens that batches write one after the other, until the longest output of each has ended.
        row_steps: rows of all these steps together.
    """

    steps: float
    row_steps: float

    def scaled(self, factor: float) -> WrittenTokens:
        """For so many times as many batches."""
        return WrittenTokens(factor * self.steps, factor * self.row_steps)


class OutputSample(NamedTuple):
    """Outputs that a model wrote for a few inputs.

    Attributes:
        outputs: how many.
        endless: those of them that did not end before the limit.
        ratio: tokens of the others over those of their references.
    """

    outputs: float
    endless: float
    ratio: float

    def endless_share(self, usual: float) -> tuple[float, float, float]:
        """The share of outputs without an end, and a 90% interval of it (Wilson 1927).

        Args:
            usual: that of other models, which counts as much as one output of the sample.
        """
        n, share = self.outputs, self.endless / self.outputs
        middle, margin = share + _Z**2 / (2 * n), _Z * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
        low, high = ((middle + sign * margin) / (1 + _Z**2 / n) for sign in (-1, 1))
        return (self.endless + _PRIOR * usual) / (n + _PRIOR), max(0.0, low), min(1.0, high)


@dataclass(frozen=True)
class AskedOutputs:
    """Outputs that are as long as the task asks for.

    Attributes:
        batches: tokens of the reference of each output, the end token included.
        limit: tokens of an output.
        endless: the share of outputs that usually do not end before the limit.
        times: how many times as many batches there are.
    """

    batches: tuple[tuple[int, ...], ...]
    limit: int
    endless: float
    times: float = 1.0

    @property
    def count(self) -> float:
        """How many outputs there are."""
        return self.times * sum(map(len, self.batches))

    def lengths(self, sample: OutputSample | None = None) -> OutputLengths:
        """How long they become, as usual or as a sample of them tells."""
        asked = [[min(self.limit, length) for length in batch] for batch in self.batches]
        if sample is None:
            return OutputLengths(
                likely=_total(_likely(batch, self.limit, self.endless) for batch in asked),
                shortest=_total(_written([max(1, round(_SHORTEST * length)) for length in batch]) for batch in asked),
                longest=_total(_written([self.limit] * len(batch)) for batch in asked),
            ).scaled(self.times)
        ended = [[min(self.limit, max(1, round(sample.ratio * length))) for length in batch] for batch in self.batches]
        likely, shortest, longest = (
            _total(_likely(batch, self.limit, endless) for batch in ended) for endless in sample.endless_share(self.endless)
        )
        return OutputLengths(likely, shortest, longest).scaled(self.times)


def usual_endless_share(task: Task, steps: int, *, has_virtual_tokens: bool = False) -> float:
    """The share of outputs on a task that do not end before the limit, of a model that was trained in so many steps on it.

    Args:
        has_virtual_tokens: whether only vectors in front of the prompt were trained.
    """
    if task.kind == "qa" and task.decode.stop:
        return _ENDLESS_ANSWERS_VIRTUAL if has_virtual_tokens else _ENDLESS_ANSWERS
    untrained = _ENDLESS_UNTRAINED_TEXTS if task.kind == "generation" else _ENDLESS_UNTRAINED
    return _ENDLESS + (untrained - _ENDLESS) * math.exp(-steps / _LEARNING_STEPS)


@dataclass(frozen=True)
class OutputLengths:
    """What writing takes in the likely case, and at least and at most: with outputs that are half as long as asked for, and with all at
    the limit; after a sample, with the ends of the interval of the share that does not end."""

    likely: WrittenTokens
    shortest: WrittenTokens
    longest: WrittenTokens

    def scaled(self, factor: float) -> OutputLengths:
        """For so many times as many batches."""
        return OutputLengths(self.likely.scaled(factor), self.shortest.scaled(factor), self.longest.scaled(factor))


def _likely(batch: Sequence[int], limit: int, endless: float) -> WrittenTokens:
    """The mean of a batch whose outputs all end, and of one in which some do not, by how likely that is if this share does not."""
    share = 1 - (1 - endless) ** len(batch)
    longest = max(1, round(endless * len(batch)))
    return _total((_written(batch).scaled(1 - share), _written([limit] * longest + list(batch[longest:])).scaled(share)))


def _written(lengths: Sequence[int]) -> WrittenTokens:
    return WrittenTokens(max(lengths), count_rows(lengths))


def _total(parts: Iterable[WrittenTokens]) -> WrittenTokens:
    known = list(parts)
    return WrittenTokens(sum(each.steps for each in known), sum(each.row_steps for each in known))
