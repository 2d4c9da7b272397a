"""Outputs that are being written, a token a step: which still go on, and when it pays to take the finished ones out of the batch."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from harness.types import Finish

# Rows are dropped once this share of the batch has finished: each drop copies the cache of those that stay.
_DROP_SHARE = 0.25


class OpenOutputs:
    """The outputs of a batch. `ids` and `finishes` are in the order of the prompts; places are rows of the batch as it is now."""

    def __init__(self, count: int, stop_ids: Collection[int], ended: Callable[[Sequence[int]], bool] | None) -> None:
        """Args:
        ended: whether an output, given as its ids so far, has come to its end without an end token (it wrote a stop text).
        """
        self._stops = frozenset(stop_ids)
        self._ended = ended
        self._rows = list(range(count))  # which output each place of the batch belongs to
        self._open = [True] * count
        self.ids: list[list[int]] = [[] for _ in range(count)]
        self.finishes: list[Finish] = ["length"] * count

    @property
    def any_open(self) -> bool:
        """Whether any output goes on."""
        return any(self._open)

    def add(self, tokens: Sequence[int]) -> None:
        """Take the next token of every place; what has finished stays as it is."""
        for place, token in enumerate(tokens):
            if not self._open[place]:
                continue
            output = self.ids[self._rows[place]]
            if token not in self._stops:
                output.append(token)
            if token in self._stops or (self._ended is not None and self._ended(output)):
                self._open[place] = False
                self.finishes[self._rows[place]] = "stop"

    def drop_finished(self) -> list[int] | None:
        """The places that stay, where enough have finished to make the batch smaller; None to go on with it as it is."""
        kept = [place for place, is_open in enumerate(self._open) if is_open]
        if len(kept) > (1 - _DROP_SHARE) * len(self._open):
            return None
        self._rows = [self._rows[place] for place in kept]
        self._open = [True] * len(kept)
        return kept
