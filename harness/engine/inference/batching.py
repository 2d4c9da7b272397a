"""Batches of prompts whose composition depends on the examples alone.

An interrupted prediction therefore resumes with the same result: it forms the same batches and skips those that are complete.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from harness.engine.prompts import EncodedPrompt
from harness.types import Example, Prediction

BATCH_ROWS = 64
_BATCH_TOKENS = 16384  # of prompt and output, including padding

PromptedExample = tuple[Example, EncodedPrompt]
PredictBatch = Callable[[Sequence[PromptedExample]], list[Prediction]]


def predict_in_batches(
    predict_batch: PredictBatch,
    examples: Sequence[Example],
    prompts: Sequence[EncodedPrompt],
    *,
    max_rows: int,
    output_tokens: int,
    done: Mapping[str, Prediction],
    on_batch: Callable[[Sequence[Prediction]], None],
    on_tokens: Callable[[int], None],
    only: Collection[int] | None = None,
) -> list[Prediction]:
    """Predict the examples and return the predictions in their order: of some batches, only those in them and in `done`.

    Args:
        prompts: the encoded prompt of each example.
        max_rows: the most prompts of one batch.
        output_tokens: tokens that each row may add to its prompt.
        done: predictions of an interrupted run by example id; a batch that consists of these is skipped.
        on_batch: receives each new batch of predictions.
        on_tokens: receives the number of tokens that each new batch processed.
        only: the numbers of the batches to predict, from 0; None: all. The same batches are formed in any case.
    """
    predictions = dict(done)
    for number, batch in enumerate(split_into_batches(prompts, max_rows, output_tokens)):
        if (only is not None and number not in only) or all(examples[i].id in predictions for i in batch):
            continue
        new = _split_on_out_of_memory(predict_batch, [(examples[i], prompts[i]) for i in batch])
        on_tokens(sum(p.tokens_in + p.tokens_out for p in new))
        predictions.update({p.example_id: p for p in new})
        on_batch(new)
    return [predictions[e.id] for e in examples if e.id in predictions]


def split_into_batches(prompts: Sequence[EncodedPrompt], max_rows: int, output_tokens: int) -> Iterator[list[int]]:
    """Indices of prompts of similar length, the longest first: a batch that exceeds the memory fails at once."""
    batch: list[int] = []
    width = 0
    for i in sorted(range(len(prompts)), key=lambda i: -len(prompts[i].ids)):
        if batch and (len(batch) >= max_rows or (len(batch) + 1) * width > _BATCH_TOKENS):
            yield batch
            batch = []
        if not batch:
            width = len(prompts[i].ids) + output_tokens
        batch.append(i)
    if batch:
        yield batch


def _split_on_out_of_memory(predict_batch: PredictBatch, pairs: Sequence[PromptedExample]) -> list[Prediction]:
    """Predict the batch; if the GPU runs out of memory, predict its halves, down to a single row."""
    import torch

    try:
        return predict_batch(pairs)
    except torch.cuda.OutOfMemoryError:
        if len(pairs) == 1:
            raise
    # Outside the handler: while an exception is handled, its traceback keeps the tensors of the failed attempt alive.
    torch.cuda.empty_cache()
    middle = len(pairs) // 2
    return _split_on_out_of_memory(predict_batch, pairs[:middle]) + _split_on_out_of_memory(predict_batch, pairs[middle:])
