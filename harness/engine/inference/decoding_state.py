"""The outputs of a batch while they are generated: which are still open, and when to remove the finished ones from the batch."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from harness.types import Finish

# Finished rows are removed once they are this share of the batch: each removal copies the cache of the rows that stay.
_REMOVAL_SHARE = 0.25


def count_rows(lengths: Sequence[int]) -> int:
    """The rows that all steps of a batch compute together, if its outputs end after so many steps: finished ones count until they are
    removed."""
    rows, done, total = len(lengths), 0, 0
    ordered = sorted(lengths)
    for finished, length in enumerate(ordered, start=1):
        if finished < len(ordered) and ordered[finished] == length:
            continue
        total += rows * (length - done)
        done, still_open = length, len(ordered) - finished
        if still_open <= (1 - _REMOVAL_SHARE) * rows:
            rows = still_open
    return total


class OpenOutputs:
    """The outputs of a batch. `ids`, `finishes` and `logprobs` are in the order of the prompts.

    `logprobs` are the log-likelihoods of the tokens that were chosen, the one that ended the output included.
    """

    def __init__(self, count: int, stop_ids: Collection[int], ended: Callable[[Sequence[int]], bool] | None) -> None:
        """
        Args:
            stop_ids: tokens that end an output and do not belong to it.
            ended: whether an output, given by its ids so far, ended without such a token because it contains a stop text.
        """
        self._stops = frozenset(stop_ids)
        self._ended = ended
        self._rows = list(range(count))  # the output of each row of the batch
        self._open = [True] * count
        self.ids: list[list[int]] = [[] for _ in range(count)]
        self.finishes: list[Finish] = ["length"] * count
        self.logprobs: list[list[float]] = [[] for _ in range(count)]

    @property
    def any_open(self) -> bool:
        """Whether any output continues."""
        return any(self._open)

    def add(self, tokens: Sequence[int], logprobs: Sequence[float]) -> None:
        """Add the next token of every row and its log-likelihood; finished outputs do not change."""
        for row, token in enumerate(tokens):
            if not self._open[row]:
                continue
            self.logprobs[self._rows[row]].append(logprobs[row])
            output = self.ids[self._rows[row]]
            if token not in self._stops:
                output.append(token)
            if token in self._stops or (self._ended is not None and self._ended(output)):
                self._open[row] = False
                self.finishes[self._rows[row]] = "stop"

    def drop_finished(self) -> list[int] | None:
        """The rows that stay, if enough have finished to make the batch smaller; None to continue with all rows."""
        kept = [row for row, is_open in enumerate(self._open) if is_open]
        if len(kept) > (1 - _REMOVAL_SHARE) * len(self._open):
            return None
        self._rows = [self._rows[row] for row in kept]
        self._open = [True] * len(kept)
        return kept
