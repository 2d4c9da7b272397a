"""Predictions for all test examples, in batches whose make-up depends on the examples alone.

That is what makes an interrupted prediction go on with the same result: the batches are the same, and those that are done are not
done again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from harness.engine.inference.choose import LabelScorer
from harness.engine.inference.classify import classify
from harness.engine.inference.extract import ends_with, extract
from harness.engine.inference.generate import generate
from harness.engine.inference.seq2seq import Seq2SeqScorer, generate_seq2seq
from harness.engine.prompts import EncodedPrompt, PromptEncoder
from harness.measure import Meter
from harness.types import Example, Prediction, Shape, Task

# Tokens of one generation batch, prompt and answer, padding included; and its rows at most.
_BATCH_TOKENS = 16384
_BATCH_ROWS = 64

_Pair = tuple[Example, EncodedPrompt]
_Work = Callable[[Sequence[_Pair]], list[Prediction]]
_Scorer = Callable[[Sequence[Sequence[int]]], list[list[float]]]


def predict(
    model: Any,
    task: Task,
    examples: Sequence[Example],
    *,
    encoder: PromptEncoder,
    prompts: Sequence[EncodedPrompt],
    meter: Meter,
    done: Mapping[str, Prediction],
    on_batch: Callable[[Sequence[Prediction]], None],
    shape: Shape = "decoder",
    stops: Sequence[str] = (),
) -> list[Prediction]:
    """One prediction an example, in the order of the examples, all of which have the same choices.

    Args:
        prompts: the encoded prompt of each example.
        stops: texts that end an answer, beside the model's end token.
        done: predictions that an interrupted run has already made; batches made of these alone are passed over.
        on_batch: gets each batch of predictions as soon as it is there.
    """
    if not examples:
        return []
    found = dict(done)
    work, rows = _work(model, task, examples[0].choices, encoder, shape, stops)
    for batch in _batches(prompts, task, rows):
        if all(examples[i].id in found for i in batch):
            continue
        pairs = [(examples[i], prompts[i]) for i in batch]
        new = _halved(work, pairs)
        meter.count_tokens(sum(p.tokens_in + p.tokens_out for p in new))
        found.update({p.example_id: p for p in new})
        on_batch(new)
    return [found[e.id] for e in examples]


def _work(model: Any, task: Task, choices: Sequence[str], encoder: PromptEncoder, shape: Shape, stops: Sequence[str]) -> tuple[_Work, int]:
    """What is done with a batch, and how many rows it may have."""
    if shape == "encoder":
        score: _Scorer = lambda ids: classify(model, ids, encoder.pad_id)  # noqa: E731
        return partial(_chosen, score, [0] * len(choices)), _BATCH_ROWS
    if not task.chooses:
        return partial(_generated, model, task, encoder, shape, stops), _BATCH_ROWS
    labels = encoder.completions(choices)
    lengths = [len(label) for label in labels]
    if shape == "encoder-decoder":
        return partial(_chosen, Seq2SeqScorer(model, labels, encoder.pad_id), lengths), _BATCH_ROWS
    scorer = LabelScorer(model, labels, encoder.pad_id)
    return partial(_chosen, scorer, lengths), scorer.rows_at_once()


def _batches(prompts: Sequence[EncodedPrompt], task: Task, rows: int) -> Iterator[list[int]]:
    """Indices of prompts of similar length, the longest first: what does not fit into memory shows at once."""
    answer = 0 if task.chooses else task.decode.max_new_tokens
    batch: list[int] = []
    width = 0
    for i in sorted(range(len(prompts)), key=lambda i: -len(prompts[i].ids)):
        if batch and (len(batch) >= rows or (len(batch) + 1) * width > _BATCH_TOKENS):
            yield batch
            batch = []
        if not batch:
            width = len(prompts[i].ids) + answer
        batch.append(i)
    if batch:
        yield batch


def _halved(work: _Work, pairs: Sequence[_Pair]) -> list[Prediction]:
    """The work on a batch; where the GPU's memory does not hold it, on its halves, down to a single row."""
    import torch

    try:
        return work(pairs)
    except torch.cuda.OutOfMemoryError:
        if len(pairs) == 1:
            raise
    # Outside of the handler: while an exception is handled, its traceback keeps the tensors of the failed attempt alive.
    torch.cuda.empty_cache()
    middle = len(pairs) // 2
    return _halved(work, pairs[:middle]) + _halved(work, pairs[middle:])


def _generated(
    model: Any, task: Task, encoder: PromptEncoder, shape: Shape, stops: Sequence[str], pairs: Sequence[_Pair]
) -> list[Prediction]:
    outputs = (generate_seq2seq if shape == "encoder-decoder" else generate)(
        model,
        [prompt.ids for _, prompt in pairs],
        max_new_tokens=task.decode.max_new_tokens,
        stop_ids=encoder.stop_ids,
        pad_id=encoder.pad_id,
        ended=ends_with(stops, encoder.text),
    )
    predictions = []
    for (example, prompt), output in zip(pairs, outputs, strict=True):
        written = encoder.text(output.ids)
        predictions.append(
            Prediction(
                example.id,
                written.strip(),
                extract(written, task, stops),
                tokens_in=len(prompt.ids),
                tokens_out=len(output.ids),
                finish=output.finish,
            )
        )
    return predictions


def _chosen(score: _Scorer, lengths: Sequence[int], pairs: Sequence[_Pair]) -> list[Prediction]:
    """The most likely label of each example. `lengths` are the tokens of each label that the model writes."""
    predictions = []
    for (example, prompt), scores in zip(pairs, score([prompt.ids for _, prompt in pairs]), strict=True):
        best = max(range(len(scores)), key=scores.__getitem__)
        label = example.choices[best]
        predictions.append(
            Prediction(
                example.id,
                label,
                label,
                label_logprobs=tuple(scores),
                tokens_in=len(prompt.ids),
                tokens_out=lengths[best],
                finish="choice",
            )
        )
    return predictions
