"""What needs the model at hand, checked before the first cell: does the prompt fit, and does the adapter?"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from harness.engine.adapters import adapt, check_adapter, trainable_parameters
from harness.engine.foreign import check_adapter_fit, prepare_for_adapter
from harness.engine.inference import Predictor
from harness.engine.models import LoadedModel, explain_loading, load_skeleton
from harness.engine.prompts import render_shots, virtual_tokens
from harness.engine.tuning import encode_examples, list_training_problems, planned_steps
from harness.errors import BenchError
from harness.forecast import find_outline
from harness.grid.planning.cells import PlannedCell
from harness.grid.planning.stored_weights import StoredWeights, predict_stored_weights
from harness.grid.request import RequestedModel
from harness.types import ArtifactSpec, Splits, Strategy, Task


def check_model(
    model: RequestedModel, cells: Sequence[PlannedCell], tasks: Mapping[str, Task], splits: Mapping[str, Splits], dtype: str
) -> dict[str, StoredWeights]:
    """Encode one prompt per task and strategy of the model's cells, and put each adapter on a model without weights.

    Args:
        dtype: the number format that the device computes in.

    Returns:
        What the cells of the model store, by cell id; of a cell with several strategies, which a search tries, the most.

    Raises:
        BenchError: with everything that does not fit.
    """
    problems: list[str] = []
    adapted: set[int] = set()
    trainable: dict[int, int] = {}
    stored: dict[int, StoredWeights] = {}
    for task_name, strategies in _strategies_by_task(model, cells).items():
        task, data = tasks[task_name], splits[task_name]
        labels = data.test[0].choices
        skeleton = load_skeleton(model.source, trust_remote_code=model.trust_remote_code, labels=labels)
        for strategy, sizes in strategies:
            if strategy.artifact is not None and strategy.has_adapter:
                problems += _list_misfits(task, data, strategy, model, labels)
                stored[id(strategy)] = predict_stored_weights(strategy, model.shape, dtype, skeleton.parameters, 0)
                continue
            with explain_loading(model.source.name):  # its tokenizer is tried for the first time
                problems += _prompt_problems(task, data, strategy, skeleton)
            if virtual_tokens(strategy) >= skeleton.context:
                continue
            problems += list_training_problems(skeleton.model, skeleton.shape, strategy)
            problems += _pair_problems(task, data, strategy)
            if strategy.start_from is not None:
                problems += _list_start_problems(strategy, strategy.start_from, model, labels)
            if strategy.method == "peft" and id(strategy) not in adapted:
                adapted.add(id(strategy))
                trainable[id(strategy)], adapter_problems = _try_adapter(strategy, model, labels)
                problems += adapter_problems
            trained = trainable.get(id(strategy), skeleton.parameters)
            stored[id(strategy)] = predict_stored_weights(strategy, model.shape, dtype, skeleton.parameters, trained)
            problems += _schedule_problems(strategy, sizes, skeleton.parameters)
    if problems:
        raise BenchError(list(dict.fromkeys(problems)))
    by_cell: dict[str, StoredWeights] = {}
    for planned in cells:
        if planned.cell.model == model.source.name and id(planned.strategy) in stored:
            weights = stored[id(planned.strategy)]
            by_cell[planned.cell.id] = weights.or_larger(by_cell.get(planned.cell.id, weights))
    return by_cell


def _strategies_by_task(model: RequestedModel, cells: Sequence[PlannedCell]) -> dict[str, list[tuple[Strategy, set[int]]]]:
    """The strategies that the model's cells use on each task, with their training sizes."""
    by_task: dict[str, dict[int, tuple[Strategy, set[int]]]] = {}
    for planned in cells:
        if planned.cell.model == model.source.name:
            strategies = by_task.setdefault(planned.cell.task, {})
            strategies.setdefault(id(planned.strategy), (planned.strategy, set()))[1].add(planned.cell.train_size)
    return {task: list(strategies.values()) for task, strategies in by_task.items()}


def _prompt_problems(task: Task, splits: Splits, strategy: Strategy, skeleton: LoadedModel) -> list[str]:
    """Why the first test example, or the first training example, cannot be encoded."""
    predictor = Predictor(task, strategy, skeleton, splits.test[0].choices)
    if predictor.context < 1:
        return [
            f"strategy '{strategy.name}': {virtual_tokens(strategy)} virtual tokens leave nothing of the {skeleton.context} tokens that "
            "the model takes: lower adapter.num_virtual_tokens"
        ]
    try:
        shots = render_shots(task, strategy, predictor.shape, splits.train, 0)
        predictor = replace(predictor, shots=shots)
        predictor.prompts(splits.test[:1])
        predictor.encoder.completions([predictor.target(splits.test[0])])
        if strategy.train is not None:
            encode_examples(predictor, splits.train[:1], strategy.train)
    except BenchError as error:
        return [f"task '{task.name}': {problem}" for problem in error.problems]
    return []


def _pair_problems(task: Task, splits: Splits, strategy: Strategy) -> list[str]:
    """Why a strategy that learns from preference pairs cannot be used; empty if it can, or if it learns from answers."""
    if strategy.train is None or strategy.train.objective != "dpo" or any(example.rejected is not None for example in splits.train):
        return []
    return [
        f"task '{task.name}': strategy '{strategy.name}' has train.objective: dpo, which needs preference pairs, but no training example "
        "has a rejected answer. Use data with the columns 'chosen' and 'rejected', name the column of the rejected answers as "
        "data.fields.rejected, add the preferences of `bench review harvest` as data.harvested, or leave the strategy out"
    ]


def _try_adapter(strategy: Strategy, model: RequestedModel, labels: Sequence[str]) -> tuple[int, Sequence[str]]:
    """The number of weights that the strategy's adapter trains, 0 if that depends on the model's weights; and why it does not fit."""
    with suppress(Exception):  # some methods compute values as they are put on a model, which an outline does not have
        outline = find_outline(model.source, strategy, labels, trust_remote_code=model.trust_remote_code)
        if outline.model is not outline.loaded.model:
            return trainable_parameters(outline.model), ()
    fresh = load_skeleton(model.source, trust_remote_code=model.trust_remote_code, labels=labels)
    try:
        adapted = adapt(fresh.model, strategy, 0, shape=model.shape)
    except BenchError as error:
        return 0, error.problems
    return trainable_parameters(adapted) if adapted is not fresh.model else 0, ()


def _list_misfits(task: Task, splits: Splits, strategy: Strategy, model: RequestedModel, labels: Sequence[str]) -> list[str]:
    """Why an adapter that was trained elsewhere, or its tokenizer, does not fit the model or the task; empty if all do."""
    assert strategy.artifact is not None
    folder = Path(os.path.expanduser(strategy.artifact.path))
    try:
        fresh = load_skeleton(model.source, trust_remote_code=model.trust_remote_code, labels=labels)
        with explain_loading(model.source.name):
            fresh = prepare_for_adapter(fresh, folder)
        problems = _prompt_problems(task, splits, strategy, fresh)
        check_adapter_fit(strategy, fresh, folder, model.source.name)
    except BenchError as error:
        return list(error.problems)
    return problems


def _list_start_problems(strategy: Strategy, start: ArtifactSpec, model: RequestedModel, labels: Sequence[str]) -> list[str]:
    """Why a training cannot continue from an adapter on this model; empty if it can."""
    folder = Path(os.path.expanduser(start.path))
    try:
        fresh = load_skeleton(model.source, trust_remote_code=model.trust_remote_code, labels=labels)
        base_tokenizer = fresh.tokenizer
        with explain_loading(model.source.name):
            fresh = prepare_for_adapter(fresh, folder)
        tokenizer = fresh.tokenizer
        has_same_tokens = tokenizer.get_vocab() == base_tokenizer.get_vocab() and not fresh.added_tokens
        if not has_same_tokens or tokenizer.chat_template != base_tokenizer.chat_template:
            return [
                f"strategy '{strategy.name}': start_from: {start.path} has another tokenizer or chat template than '{model.source.name}'. "
                "Merge it into its base model, and train on the whole model"
            ]
        check_adapter_fit(strategy, fresh, folder, model.source.name)
    except BenchError as error:
        return list(error.problems)
    return []


def _schedule_problems(strategy: Strategy, sizes: Collection[int], parameters: int) -> list[str]:
    """Why a method that plans by the number of training steps cannot use a training size."""
    problems: list[str] = []
    if strategy.train is None:
        return problems
    for size in sorted(sizes):
        try:
            check_adapter(strategy, planned_steps(strategy.train, size, parameters))
        except BenchError as error:
            problems += [f"{problem} ({size} training examples)" for problem in error.problems]
    return problems
