"""Examples as token ids, ready for training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.engine.inference import Predictor
from harness.engine.prompts import EncodedPrompt
from harness.engine.tuning.batches import EncodedExample
from harness.errors import BenchError
from harness.types import Example, TrainSpec


def encode_examples(predictor: Predictor, examples: Sequence[Example], recipe: TrainSpec | None = None) -> tuple[list[EncodedExample], int]:
    """Encode each example with the text to train towards.

    The model is trained on the very prompts that the predictor will show it. A target that does not fit behind its prompt loses its end,
    and with it the end token: the model must not learn to stop there.

    Args:
        recipe: that of the training, for training examples: its `max_length`, `completion_only` and `loss_on`. None: the lengths of
            prediction, and the loss on the target alone.

    Returns:
        The encoded examples, and the number of them whose prompt or target was cut.

    Raises:
        BenchError: the target of an encoder is not one of the example's choices, the instruction alone exceeds `max_length`, or the
            tokenizer does not tell where the turns of the assistant are.
    """
    return _encode(predictor, examples, recipe, [[]] * len(examples))


def encode_pairs(
    predictor: Predictor, examples: Sequence[Example], recipe: TrainSpec, *, held_out: bool = False
) -> tuple[list[EncodedExample], int]:
    """Encode the preference pairs among the examples: the prompt with the preferred and the rejected answer.

    Args:
        held_out: whether the pairs are for validation, which has the lengths of prediction.

    Returns:
        The encoded pairs, and the number of them whose prompt or answers were cut.

    Raises:
        BenchError: as `encode_examples`.
    """
    pairs = [example for example in examples if example.rejected is not None]
    rejected = predictor.encoder.completions([pair.rejected or "" for pair in pairs])
    return _encode(predictor, pairs, None if held_out else recipe, rejected)


def encode_material(
    predictor: Predictor, training: Sequence[Example], validation: Sequence[Example], recipe: TrainSpec
) -> tuple[list[EncodedExample], list[EncodedExample], int]:
    """The training and validation examples as the recipe's objective needs them, and the number of training examples that were cut.

    Raises:
        BenchError: as `encode_examples`.
    """
    if recipe.objective == "dpo":
        rows, cut = encode_pairs(predictor, training, recipe)
        return rows, encode_pairs(predictor, validation, recipe, held_out=True)[0], cut
    rows, cut = encode_examples(predictor, training, recipe)
    return rows, encode_examples(predictor, validation)[0], cut


def _encode(
    predictor: Predictor, examples: Sequence[Example], recipe: TrainSpec | None, rejected: Sequence[Sequence[int]]
) -> tuple[list[EncodedExample], int]:
    """Encode examples; those with ids of a rejected answer become pairs, whose answers read the same prompt."""
    prompts = predictor.prompts(examples)
    texts = [predictor.target(example) for example in examples]
    encoder = predictor.shape == "encoder"
    if encoder:
        targets = [[_label_index(example, text)] for example, text in zip(examples, texts, strict=True)]
    else:
        targets = predictor.encoder.completions(texts)
    limit = min(predictor.max_length, recipe.max_length) if recipe and recipe.max_length else predictor.max_length
    encoded, cut = [], 0
    for example, prompt, text, ids, worse in zip(examples, prompts, texts, targets, rejected, strict=True):
        longest = max(len(ids), len(worse))
        # Only a decoder reads prompt and target as one sequence.
        shown = _shortened(predictor, example, prompt, longest, limit) if limit < predictor.max_length else prompt
        room = max(1, limit - len(shown.ids)) if predictor.shape == "decoder" else limit
        size = len(text) + sum(len(value) for value in example.inputs.values())
        read, learned = tuple(shown.ids), tuple(ids[:room])
        if recipe is not None and not recipe.completion_only:  # nothing predicts the first token
            read, learned = read[:1], read[1:] + learned
        row = EncodedExample(read, learned, size, labelled=encoder, rejected=tuple(worse[:room]))
        encoded.append(_with_all_answers(row, shown) if recipe is not None and recipe.loss_on == "assistant" else row)
        cut += shown.truncated or longest > room
    return encoded, cut


def _with_all_answers(row: EncodedExample, prompt: EncodedPrompt) -> EncodedExample:
    """The example with a loss on every turn of the assistant."""
    if prompt.answers is None:
        raise BenchError(
            "train.loss_on: assistant needs to know where the turns of a conversation are, and this model has neither a chat template nor "
            "a tokenizer that tells it. Use answer"
        )
    if not prompt.answers:
        return row
    first = prompt.answers[0][0]
    is_answer = [False] * (len(row.prompt) - first) + [True] * len(row.target)
    for start, end in prompt.answers:
        is_answer[start - first : end - first] = [True] * (end - start)
    return replace(row, prompt=row.prompt[:first], target=row.prompt[first:] + row.target, learned=tuple(is_answer))


def _shortened(predictor: Predictor, example: Example, prompt: EncodedPrompt, target_tokens: int, limit: int) -> EncodedPrompt:
    """The prompt, cut so that it leaves room for the target; half of the limit is left to it in any case."""
    budget = max(limit - target_tokens, limit // 2) if predictor.shape == "decoder" else limit
    if len(prompt.ids) <= budget:
        return prompt
    try:
        return predictor.prompts([example], budget)[0]
    except BenchError as error:
        raise BenchError(f"strategy '{predictor.strategy.name}': train.max_length {limit} is too low: {error.problems[0]}") from None


def _label_index(example: Example, text: str) -> int:
    if text not in example.choices:
        raise BenchError(f"example '{example.id}': its target '{text}' is not one of the labels: {', '.join(example.choices)}")
    return example.choices.index(text)
