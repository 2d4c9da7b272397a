"""How long outputs become, which is not known before they are written: a likely case, and what is usual at least and at most.

Outputs are about as long as what a task asks for. Some do not end by themselves: a model that was trained on few examples, or on none, may
write until the limit. A batch writes until its longest output has ended, so that one such output decides its time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.engine.inference import count_rows
from harness.types import Task

# Outputs that do not end by themselves. Of models that were trained in more steps than these few: 0 to 21%. Of others, which have not
# learned where to end: 0 to 75% of summaries and 83 to 100% of free texts by the included model, and 38 to 100% of summaries by
# SmolLM2-135M. Of answers to questions that end with their line: 0 to 8% with 14 strategies, trained or not, 2% in the median.
_FEW_STEPS = 12
_ENDLESS, _ENDLESS_UNTRAINED = 0.1, 0.4
_ENDLESS_UNTRAINED_TEXTS = 0.9  # of tasks of kind generation
_ENDLESS_ANSWERS = 0.02  # of tasks of kind qa with a text at which outputs stop
_SHORTEST = 0.5  # of the length that is asked for: the included model, untuned, wrote 57% of it


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


@dataclass(frozen=True)
class OutputLengths:
    """What writing takes in the likely case, with outputs that are half as long as asked for, and with all outputs at the limit."""

    likely: WrittenTokens
    shortest: WrittenTokens
    longest: WrittenTokens

    @staticmethod
    def of(batches: Iterable[Sequence[int]], limit: int, steps: int, task: Task) -> OutputLengths:
        """Those of batches of references of so many tokens, the end token included, by a model that was trained in so many steps on this
        task."""
        untrained = _ENDLESS_UNTRAINED_TEXTS if task.kind == "generation" else _ENDLESS_UNTRAINED
        endless = _ENDLESS if steps > _FEW_STEPS else untrained
        if task.kind == "qa" and task.decode.stop:
            endless = _ENDLESS_ANSWERS
        asked = [[min(limit, length) for length in batch] for batch in batches]
        return OutputLengths(
            likely=_total(_likely(batch, limit, endless) for batch in asked),
            shortest=_total(_written([max(1, round(_SHORTEST * length)) for length in batch]) for batch in asked),
            longest=_total(_written([limit] * len(batch)) for batch in asked),
        )

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
