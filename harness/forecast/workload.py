"""What a cell computes on its data: how many examples, how long, and in which batches. Lengths are counted on a part of large data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from harness.engine.inference import (
    BATCH_ROWS,
    LabelTree,
    Predictor,
    count_read,
    count_shared,
    list_groups,
    plain_cache,
    rows_of_labels,
    split_into_batches,
)
from harness.engine.models import LoadedModel
from harness.engine.prompts import render_shots, virtual_tokens
from harness.engine.tuning import MICRO_BATCH_TOKENS, EncodedExample, Schedule, encode_material, micro_batches, pays_to_compile
from harness.forecast.output_lengths import AskedOutputs, OutputLengths, OutputSample, usual_endless_share
from harness.forecast.watched_steps import BatchShape
from harness.types import Example, Splits, Strategy, Task

# Prompts whose outputs an untuned model may write for a forecast. Of 40 summaries by the included model with few-shot prompts, 20% had no
# end; of 16 of them 12%, of 32 of them 22%.
_SAMPLE = 32
_LONGEST, _SPREAD = 16, 112  # examples that are cut into tokens: the longest texts, and others from the whole file
_Chosen = TypeVar("_Chosen")


@dataclass(frozen=True)
class TrainingWork:
    """A training.

    Attributes:
        batch: the micro-batch that takes the most memory.
        later: that of those that are not the first of their step, so that gradients are in place; None if steps have one each.
        tokens: all that pass forward and backward, padding included, if it does not stop early.
        micro_batches: how many these are.
        steps: of the optimizer.
        validated_tokens: that pass forward in all validations.
        reference_tokens: that pass forward before a preference tuning.
        earliest_stop: the share of the steps after which it may stop early; 1 if it does not.
        earliest_validations: the share of the validations until then.
        typical: the examples of a micro-batch of usual size; none where only sizes are known.
        compiles: see `fused_layers`.
        distinct_shapes: of its micro-batches, among the examples of which lengths are counted.
        validated_shapes: of those that are validated, in the same way, without those of the training.
        always_accumulates: whether each of its steps has several micro-batches.
    """

    batch: BatchShape
    later: BatchShape | None
    tokens: float
    micro_batches: float
    steps: int
    validated_tokens: float
    reference_tokens: float = 0.0
    earliest_stop: float = 1.0
    earliest_validations: float = 1.0
    typical: tuple[EncodedExample, ...] = ()
    compiles: bool = False
    distinct_shapes: int = 0
    validated_shapes: int = 0
    always_accumulates: bool = False

    def until_earliest_stop(self) -> TrainingWork:
        """What is left of it if it stops as early as it may."""
        share = self.earliest_stop
        return replace(
            self,
            tokens=share * self.tokens,
            micro_batches=share * self.micro_batches,
            steps=round(share * self.steps),
            validated_tokens=self.earliest_validations * self.validated_tokens,
        )


@dataclass(frozen=True)
class AnsweringWork:
    """Answering the test examples.

    Attributes:
        batch: the largest batch of prompts.
        groups: what of it is read at once: the first, and the largest of the others; one if all is.
        tokens: of all prompts, padding included; what a batch shares counts once.
        batches: how many.
        limit: tokens of the longest output; 0 where labels are chosen.
        asked: the outputs that the task asks for; None where labels are chosen.
        nodes: tokens of all labels.
        shared: tokens that the prompts of a batch begin with, and that are read once.
        compared: tokens that pass once because two ways to choose labels are compared.
        labels: the tokens of each label.
        typical: the prompts of a batch of usual size.
        width: tokens of the longest prompt of a row's batch, on average over all rows.
        stops: texts that end an output.
        stop_ids: tokens that end one.
        examples: where outputs are written, some prompts from the whole file, with the tokens of the reference of each.
        sample: outputs that the model wrote for some of the examples.
    """

    batch: BatchShape
    groups: tuple[BatchShape, ...]
    tokens: float
    batches: float
    limit: int
    asked: AskedOutputs | None
    nodes: int
    shared: int
    compared: int
    labels: tuple[tuple[int, ...], ...]
    typical: tuple[tuple[int, ...], ...]
    width: float
    stops: tuple[str, ...]
    stop_ids: frozenset[int]
    examples: tuple[tuple[tuple[int, ...], int], ...] = ()
    sample: OutputSample | None = None

    @property
    def outputs(self) -> OutputLengths | None:
        """How long they become; None where labels are chosen."""
        return None if self.asked is None else self.asked.lengths(self.sample)

    @property
    def usually_before(self) -> int:
        """Tokens between the typical prompts and a new token of an output that is half as long as it may be: of outputs, and of prompts in
        other batches that are longer."""
        return self.limit // 2 + max(0, round(self.width) - max(map(len, self.typical)))


def measure_training(
    task: Task,
    strategy: Strategy,
    loaded: LoadedModel,
    splits: Splits,
    train_size: int,
    device: str,
    dtype: str,
    budget: int | None = None,
) -> TrainingWork:
    """The training of a strategy on so many examples.

    Args:
        loaded: the tokenizer and the context; weights are not used.
        device: "cpu" or "cuda".
        dtype: that the device computes in.
        budget: tokens of a micro-batch, instead of the strategy's or the device's.
    """
    recipe = strategy.train
    assert recipe is not None
    predictor = Predictor(task, strategy, loaded, splits.test[0].choices)
    budget = budget or recipe.micro_batch_tokens or MICRO_BATCH_TOKENS[device]
    training, held_out = splits.train, splits.validation
    if recipe.objective == "dpo":
        training, held_out = (tuple(each for each in part if each.rejected is not None) for part in (training, held_out))
        train_size = min(train_size, len(training))
    examples, validation, _ = encode_material(predictor, _choose(training), _choose(held_out), recipe)
    validation = _without_longest(validation)
    spread = _without_longest(examples)
    schedule = Schedule.of(recipe, train_size, loaded.parameters)
    rows = min(schedule.batch_size, train_size)
    steps = [list(micro_batches(batch, budget)) for batch in _effective_batches(spread, rows)]
    parts = [part for step in steps for part in step]
    # How often each chosen example stands for one of the training. The last batch of an epoch has what is left.
    seen = schedule.steps / schedule.steps_per_epoch * train_size / len(spread)
    validated_parts = list(micro_batches(validation, budget))
    validated = _padded_tokens(validated_parts) * len(held_out) / max(1, len(validation))
    once = _padded_tokens(micro_batches(spread, budget)) * train_size / len(spread)
    ordered = sorted(schedule.validation_steps)
    shapes = {_rows_and_width(part) for part in parts}
    stop = schedule.earliest_stop if held_out else schedule.steps
    # Of very long texts, a micro-batch holds so few that one of shorter texts may take more.
    with_longest = [_longest_step(examples, rows, budget), *steps]
    later = [part for step in with_longest for part in step[1:]]
    return TrainingWork(
        batch=_shape_of(max((part for step in with_longest for part in step), key=_kept_tokens)),
        later=_shape_of(max(later, key=_kept_tokens)) if later else None,
        tokens=seen * _padded_tokens(parts),
        micro_batches=max(float(schedule.steps), seen * len(parts)),
        steps=schedule.steps,
        validated_tokens=validated * len(ordered),
        reference_tokens=validated + once if recipe.objective == "dpo" else 0.0,
        earliest_stop=stop / schedule.steps,
        earliest_validations=(ordered.index(stop) + 1) / len(ordered),
        typical=tuple(sorted(parts, key=_part_tokens)[len(parts) // 2]),
        distinct_shapes=min(round(seen * len(parts)), len(shapes)),
        validated_shapes=len({_rows_and_width(part) for part in validated_parts} - shapes),
        always_accumulates=all(len(step) > 1 for step in steps),
        compiles=pays_to_compile(recipe.compilation, device, dtype, loaded.parameters, seen * sum(each.length for each in spread)),
    )


def _padded_tokens(parts: Iterable[Sequence[EncodedExample]]) -> float:
    return float(sum(map(_part_tokens, parts)))


def _part_tokens(part: Sequence[EncodedExample]) -> int:
    """The tokens of a micro-batch, whose last example is the longest."""
    return len(part) * part[-1].padded_length


def _kept_tokens(part: Sequence[EncodedExample]) -> int:
    """By which the memory of micro-batches is compared: a target has logits besides what a token has, which take about as much."""
    return _part_tokens(part) + sum(each.targets for example in part for each in example.sequences)


def _rows_and_width(part: Sequence[EncodedExample]) -> tuple[int, int]:
    """The shape of a micro-batch, whose last example is the longest."""
    return len(part), part[-1].padded_length


def _effective_batches(examples: Sequence[EncodedExample], rows: int) -> list[Sequence[EncodedExample]]:
    """Batches of examples of similar length, as a training forms them."""
    ordered = sorted(examples, key=lambda each: each.length)
    return [ordered[start : start + rows] for start in range(0, len(ordered), rows)]


def _longest_step(examples: Sequence[EncodedExample], rows: int, budget: int) -> list[list[EncodedExample]]:
    """The micro-batches of a step with the longest examples, in their order."""
    longest = sorted(examples, key=lambda each: -each.padded_length)[:rows]
    longest += [longest[-1]] * (rows - len(longest))
    return list(micro_batches(longest, budget))


def _shape_of(part: Sequence[EncodedExample]) -> BatchShape:
    sequences = [sequence for example in part for sequence in example.sequences]
    lengths = {sequence.length for sequence in sequences}
    return BatchShape(len(sequences), max(lengths), sum(each.targets for each in sequences), is_padded=len(lengths) > 1)


def measure_answering(task: Task, strategy: Strategy, loaded: LoadedModel, splits: Splits, train_size: int, device: str) -> AnsweringWork:
    """Answering the test examples on "cpu" or "cuda", by a model that was trained on so many examples."""
    labels = splits.test[0].choices
    predictor = Predictor(task, strategy, loaded, labels)
    if strategy.shots:
        predictor = replace(predictor, shots=render_shots(task, strategy, predictor.shape, splits.train, 0))
    chosen = _choose(splits.test)
    prompts = predictor.prompts(chosen)
    most_rows, limit = BATCH_ROWS, 0 if task.chooses else task.decode.max_new_tokens
    tokens: tuple[tuple[int, ...], ...] = ()
    lengths = [0] * len(chosen)
    if task.chooses and predictor.shape != "encoder":
        tokens = tuple(tuple(each) for each in predictor.encoder.completions(labels))
    tree = LabelTree.of(tokens if predictor.shape == "decoder" else ())
    if tree.paths:
        most_rows = rows_of_labels(len(tree.tokens), loaded.model.config.get_text_config().vocab_size)
    if not task.chooses:  # outputs are about as long as what the task asks for
        lengths = [min(limit, len(ids)) for ids in predictor.encoder.completions([predictor.target(each) for each in chosen])]
    largest = next(iter(split_into_batches(prompts, most_rows, limit)))
    spread, references = _without_longest(prompts), _without_longest(lengths)
    batches = list(split_into_batches(spread, most_rows, limit))
    steps = 0 if strategy.train is None else Schedule.of(strategy.train, train_size, loaded.parameters).steps
    share = len(splits.test) / len(spread)
    first = [len(prompts[i].ids) for i in largest]
    rows = min(most_rows, len(splits.test), max(len(largest), 1))
    shared = count_shared(loaded.model.config, [prompts[i].ids for i in largest]) if predictor.shape == "decoder" else 0
    reads_groups = predictor.shape == "decoder"
    count_passed = partial(count_read, loaded.model.config, device=device, shared=shared) if reads_groups else count_padded
    own = [each - shared for each in first]
    groups = list_groups(loaded.model.config, own, device, shared) if reads_groups else [range(len(first))]
    shapes = [_shape_of_prompts([first[i] for i in group]) for group in groups]
    return AnsweringWork(
        batch=replace(_shape_of_prompts(first), rows=rows),
        groups=(shapes[0], *sorted(shapes[1:], key=lambda each: -each.rows * each.tokens)[:1]),
        tokens=share * sum(shared + count_passed([len(spread[i].ids) - shared for i in batch]) for batch in batches),
        batches=max(1.0, share * len(batches)),
        limit=limit,
        asked=None
        if task.chooses
        else AskedOutputs(
            tuple(tuple(references[i] for i in batch) for batch in batches),
            limit,
            usual_endless_share(task, steps, has_virtual_tokens=virtual_tokens(strategy) > 0),
            times=share,
        ),
        nodes=len(tree.tokens),
        shared=shared,
        compared=_count_compared(tree, loaded.model.config, max(first)) if tree.tokens else 0,
        labels=tokens,
        typical=tuple(tuple(spread[i].ids) for i in batches[len(batches) // 2]),
        width=sum(len(batch) * max(len(spread[i].ids) for i in batch) for batch in batches) / len(spread),
        stops=predictor.stops,
        stop_ids=predictor.encoder.stop_ids,
        examples=() if task.chooses else tuple((tuple(spread[i].ids), references[i]) for i in spread_places(len(spread), _SAMPLE)),
    )


def spread_places(size: int, most: int) -> list[int]:
    """Places in a list of this size at even distances, all of them if they are few."""
    count = min(size, most)
    return [i * size // count for i in range(count)]


def _count_compared(tree: LabelTree, config: Any, longest: int) -> int:
    """The tokens that pass while the tree of labels is tried behind the longest prompt. A model that keeps keys and values reads that once,
    others once for each label that is compared."""
    compared = tree.compared_labels()
    prompts = 1 if plain_cache(config) else len(compared)
    return prompts * longest + len(tree.tokens) + sum(1 + len(tree.paths[i]) for i in compared)


def _shape_of_prompts(lengths: Sequence[int]) -> BatchShape:
    return BatchShape(len(lengths), max(lengths), 0, is_padded=len(set(lengths)) > 1)


def count_padded(lengths: Sequence[int]) -> int:
    """The tokens of a batch that is padded to its longest prompt."""
    return len(lengths) * max(lengths)


def _without_longest(chosen: list[_Chosen]) -> list[_Chosen]:
    """Those of `_choose` that stand for the whole file."""
    return chosen[_LONGEST:] if len(chosen) >= _LONGEST + _SPREAD else chosen


def _choose(examples: Sequence[Example]) -> list[Example]:
    """The longest examples by characters, and then others from the whole file."""
    if len(examples) <= _LONGEST + _SPREAD:
        return list(examples)
    sizes = {id(each): sum(map(len, each.inputs.values())) + sum(map(len, each.targets)) for each in examples}
    longest = sorted(examples, key=lambda each: -sizes[id(each)])[:_LONGEST]
    return [*longest, *(examples[i] for i in spread_places(len(examples), _SPREAD))]
