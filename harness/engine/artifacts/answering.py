"""Answering new rows with the model of a finished cell, part by part, so that answers can be used or stored as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from harness.data import NewRows
from harness.engine.artifacts.answered_rows import AnsweredRow
from harness.engine.inference import BATCH_ROWS, Predictor
from harness.measure import keeping_freed_memory
from harness.types import Prediction

PART_ROWS = BATCH_ROWS  # rows that are answered at once


def answer_rows(
    predictor: Predictor,
    parts: Iterable[NewRows],
    *,
    kept: Mapping[str, Prediction] | None = None,
    on_batch: Callable[[Sequence[Prediction]], None],
) -> Iterator[AnsweredRow]:
    """The answers to the rows, in their order.

    Args:
        parts: at most `PART_ROWS` rows each, with the inputs of the predictor's task; a part is answered before the next is taken.
        kept: answers of an interrupted command, by id.
        on_batch: receives each new batch of predictions, but not those that were kept.
    """
    with keeping_freed_memory():
        for part in parts:
            prompts = predictor.prompts(part.examples)
            known = {example.id: kept[example.id] for example in part.examples if example.id in kept} if kept else {}
            predictions = predictor.predict(part.examples, prompts, done=known, on_batch=on_batch)
            for example, columns, prompt, prediction in zip(part.examples, part.columns, prompts, predictions, strict=True):
                yield AnsweredRow(example, columns, prediction, prompt.truncated)
