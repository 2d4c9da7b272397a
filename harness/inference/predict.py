"""Predictions for all test examples, in batches whose make-up depends on the examples alone.

That is what makes an interrupted prediction go on with the same result: the batches are the same, and those that are done are not
done again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from harness.catalog.prompts import render_prompt
from harness.errors import BenchError
from harness.inference.choose import LabelScorer
from harness.inference.generate import generate
from harness.measure.meter import Meter
from harness.models.encode import EncodedPrompt, PromptEncoder
from harness.types import Example, Prediction, Task

# Tokens of one generation batch, prompt and answer, padding included; and its rows at most.
_BATCH_TOKENS = 16384
_BATCH_ROWS = 64

_Pair = tuple[Example, EncodedPrompt]


def renderer(template: str) -> Callable[[Example], str]:
    """A function from an example to its prompt."""
    return lambda example: render_prompt(template, example.inputs, example.choices)


def prompt_budget(task: Task, encoder: PromptEncoder, context: int, labels: Sequence[str]) -> int:
    """How many tokens a prompt may have, so that the answer still fits into the context and the task's `max_length`.

    Raises:
        BenchError: when the answer alone takes up all of it.
    """
    if task.kind == "classification":
        answer = max((len(row) for row in encoder.completions(labels)), default=1)
    else:
        answer = task.decode.max_new_tokens
    room = min(context, task.max_length) - answer
    if room < 1:
        raise BenchError(
            f"an answer of {answer} tokens leaves no room for a prompt in {min(context, task.max_length)}: lower max_new_tokens"
        )
    return room


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
) -> list[Prediction]:
    """One prediction an example, in the order of the examples.

    Args:
        prompts: the encoded prompt of each example.
        done: predictions that an interrupted run has already made; batches made of these alone are passed over.
        on_batch: gets each batch of predictions as soon as it is there.
    """
    found = dict(done)
    scorer = None
    if task.kind == "classification" and examples:
        scorer = LabelScorer(model, encoder.completions(examples[0].choices), encoder.pad_id)
    for batch in _batches(prompts, task, scorer.rows_at_once() if scorer else _BATCH_ROWS):
        if all(examples[i].id in found for i in batch):
            continue
        pairs = [(examples[i], prompts[i]) for i in batch]
        new = _halved(partial(_chosen, scorer, encoder) if scorer else partial(_generated, model, task, encoder), pairs)
        meter.count_tokens(sum(p.tokens_in + p.tokens_out for p in new))
        found.update({p.example_id: p for p in new})
        on_batch(new)
    return [found[e.id] for e in examples]


def _batches(prompts: Sequence[EncodedPrompt], task: Task, rows: int) -> Iterator[list[int]]:
    """Indices of prompts of similar length, the longest first: what does not fit into memory shows at once."""
    answer = 0 if task.kind == "classification" else task.decode.max_new_tokens
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


def _halved(work: Callable[[Sequence[_Pair]], list[Prediction]], pairs: Sequence[_Pair]) -> list[Prediction]:
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


def _generated(model: Any, task: Task, encoder: PromptEncoder, pairs: Sequence[_Pair]) -> list[Prediction]:
    ids = [prompt.ids for _, prompt in pairs]
    outputs = generate(model, ids, max_new_tokens=task.decode.max_new_tokens, stop_ids=encoder.stop_ids, pad_id=encoder.pad_id)
    predictions = []
    for (example, prompt), output in zip(pairs, outputs, strict=True):
        text = encoder.text(output.ids)
        tokens_in, tokens_out = len(prompt.ids), len(output.ids)
        predictions.append(Prediction(example.id, text, text, tokens_in=tokens_in, tokens_out=tokens_out, finish=output.finish))
    return predictions


def _chosen(scorer: LabelScorer, encoder: PromptEncoder, pairs: Sequence[_Pair]) -> list[Prediction]:
    predictions = []
    for (example, prompt), scores in zip(pairs, scorer([prompt.ids for _, prompt in pairs]), strict=True):
        label = example.choices[max(range(len(scores)), key=scores.__getitem__)]
        length = len(encoder.completions([label])[0])
        predictions.append(
            Prediction(
                example.id,
                label,
                label,
                label_logprobs=tuple(scores),
                tokens_in=len(prompt.ids),
                tokens_out=length,
                finish="choice",
            )
        )
    return predictions
