"""Batches of outputs with their inputs. Their composition depends on the texts alone, so that a resumed run computes the same numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class SourcedOutput(NamedTuple):
    """An output that is not empty, and the text that must support it."""

    id: str
    source: str
    output: str


def score_in_batches(
    items: Sequence[tuple[str, T]],
    costs: Sequence[float],
    score: Callable[[Sequence[T]], list[float]],
    *,
    most: float,
    done: Mapping[str, float],
    on_batch: Callable[[Mapping[str, float]], None],
) -> dict[str, float]:
    """The score of every item, by its id.

    Args:
        items: ids and what `score` takes, of similar cost in each call.
        costs: of each item, such as its tokens.
        most: the largest cost of one call, where every item costs as much as its most expensive one; a larger item is alone.
        done: scores of an interrupted run; a batch that consists of these is skipped.
        on_batch: receives the scores of each new batch.
    """
    scores = dict(done)
    for batch in _batches(costs, most):
        if all(items[i][0] in scores for i in batch):
            continue
        values = _split_on_out_of_memory(score, [items[i][1] for i in batch])
        new = {items[i][0]: value for i, value in zip(batch, values, strict=True)}
        scores.update(new)
        on_batch(new)
    return {name: scores[name] for name, _ in items}


def _batches(costs: Sequence[float], most: float) -> Iterator[list[int]]:
    """Positions of items of similar cost, the largest first: a batch that exceeds the memory fails at once."""
    batch: list[int] = []
    for i in sorted(range(len(costs)), key=lambda i: -costs[i]):
        if batch and (len(batch) + 1) * costs[batch[0]] > most:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def _split_on_out_of_memory(score: Callable[[Sequence[T]], list[float]], items: Sequence[T]) -> list[float]:
    """Score the items; if the GPU runs out of memory, score each half, down to a single item."""
    import torch

    try:
        return score(items)
    except torch.cuda.OutOfMemoryError:
        if len(items) == 1:
            raise
    torch.cuda.empty_cache()  # outside the handler, whose traceback keeps the tensors of the failed attempt alive
    middle = len(items) // 2
    return _split_on_out_of_memory(score, items[:middle]) + _split_on_out_of_memory(score, items[middle:])
