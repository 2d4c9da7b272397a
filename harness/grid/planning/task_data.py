"""The requested tasks with their data."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.catalog import API_PREFIX, ARTIFACT_PREFIX, OUTPUTS_PREFIX, Catalog, Entry, parse_strategy_spec
from harness.data import load_splits
from harness.data.checks import CheckedRows, check_quickly
from harness.data.conversations import describe_layout
from harness.errors import BenchError, did_you_mean
from harness.grid.planning.own_prompts import with_own_prompts
from harness.grid.request import Request, check_numbers, resolve_tasks
from harness.metrics import FACTS, file_families, has_facts, metrics_for, try_metrics
from harness.results import slice_examples
from harness.types import Splits, Task

LOGGED_MODEL = "incumbent"  # what the model of a log of requests and responses is called, unless the task names it


def read_tasks(request: Request, catalog: Catalog, here: Path | None = None) -> list[tuple[Task, Splits]]:
    """The requested tasks with their examples; nothing else is planned.

    Raises:
        BenchError: anything wrong with a task or its data.
    """
    check_numbers(request)
    return list(load_tasks(resolve_tasks(request, catalog, here or Path.cwd()), request).values())


def load_tasks(entries: Mapping[str, Entry[Task]], request: Request) -> dict[str, tuple[Task, Splits]]:
    """The tasks by name with their examples.

    Raises:
        BenchError: anything wrong with the data of a task.
    """
    loaded = {}
    for name, entry in entries.items():
        splits = load_splits(entry.value, folder=entry.folder, limit=request.limit, whole_as_test=request.whole_as_test)
        is_sample = request.limit is not None
        warnings = [
            *_check_guardrails_on_facts(entry.value, splits, is_sample=is_sample),
            *_check_guardrails_on_slices(entry.value, splits, is_sample=is_sample),
        ]
        task = with_own_prompts(entry.value, splits.layout)
        if splits.layout is not None and task is not entry.value:
            warnings.append(f"the rows are {describe_layout(splits.layout)}; the usual instruction is left out")
        task = _called_agreement(_with_labels_of_plugins(_scored_by_facts(task, splits), splits), splits)
        loaded[name] = task, with_warnings(splits, warnings)
    return loaded


def _with_labels_of_plugins(task: Task, splits: Splits) -> Task:
    """The task with the plain names that plug-in files give to their scores, after these have been tried on the test examples.

    Raises:
        BenchError: a metric of a plug-in file does not work.
    """
    names = list(file_families(task.metrics))
    if not names or not splits.test:
        return task
    metrics = metrics_for(names, splits.test[0].choices)
    try_metrics(metrics, splits.test)
    labels = {metric.name: metric.label for metric in metrics if metric.label} | dict(task.report.labels)
    return task.model_copy(update={"report": task.report.model_copy(update={"labels": labels})})


def _called_agreement(task: Task, splits: Splits) -> Task:
    """The task, with scores called agreement where its targets are outputs of a model."""
    model = task.data.targets_from or (LOGGED_MODEL if splits.layout == "log" else None)
    if model is None or not splits.test:
        return task
    scores = [metric.name for metric in metrics_for(task.metrics, splits.test[0].choices)]
    labels = {score: f"Agreement with {model[:30]} ({score})"[:60] for score in scores} | dict(task.report.labels)
    data = task.data.model_copy(update={"targets_from": model})
    return task.model_copy(update={"data": data, "report": task.report.model_copy(update={"labels": labels})})


def with_warnings(splits: Splits, warnings: Sequence[str]) -> Splits:
    """The splits with further warnings in their data report."""
    return replace(splits, report=replace(splits.report, warnings=(*splits.report.warnings, *warnings)))


def with_findings(task: Task, splits: Splits) -> Splits:
    """The splits with what the quick check of the data finds."""
    if not splits.train:  # external outputs: no strategy trains on these examples
        return splits
    rows = CheckedRows(task, {"train": splits.train, "validation": splits.validation, "test": splits.test})
    return replace(splits, report=replace(splits.report, findings=tuple(check_quickly(rows))))


def training_size_warnings(splits: Splits, request: Request) -> list[str]:
    """A warning if training sizes exceed the number of training examples."""
    available = len(splits.train)
    too_large = [size for size in request.train_sizes if size != "all" and int(size) > available]
    return [f"training size {', '.join(too_large)}: there are {available} training examples, so all of them are used"] if too_large else []


def variant_warnings(request: Request) -> list[str]:
    """A warning for each strategy of which several variants are listed by hand: they are compared on test examples."""
    if request.search is not None:
        return []
    variants: dict[str, dict[str, dict[str, Any]]] = {}
    for spec in request.strategies:
        if isinstance(spec, str) and not spec.startswith((OUTPUTS_PREFIX, API_PREFIX, ARTIFACT_PREFIX)):
            name, values = parse_strategy_spec(spec)
            variants.setdefault(name, {})[spec] = values
    return [_describe_variants(list(specs), specs.values()) for specs in variants.values() if len(specs) > 1]


def _describe_variants(specs: Sequence[str], values: Collection[Mapping[str, Any]]) -> str:
    listed: dict[str, list[str]] = {}
    for each in values:
        for field, value in each.items():
            listed.setdefault(field, []).append(str(value))
    fields = [f"{field}: [{', '.join(given)}]" if len(given) > 1 else f"{field}: {{factor: 10}}" for field, given in listed.items()]
    return (
        f"{', '.join(specs[:-1])} and {specs[-1]} are variants of one strategy, compared on test examples: the best of several looks "
        f"better than it is. Search the values on validation examples instead: search: {{fields: {{{', '.join(fields)}}}}} in a grid file"
    )


def _scored_by_facts(task: Task, splits: Splits) -> Task:
    """The task, scored by the facts of its test examples if any are known, whether it asks for that or not.

    Raises:
        BenchError: the task asks for it, and no facts are known.
    """
    known, requested = any(map(has_facts, splits.test)), FACTS.name in task.metrics
    if requested and not known:
        raise BenchError(f"task '{task.name}': metrics: '{FACTS.name}' needs examples whose facts are known, and these have none")
    return task.model_copy(update={"metrics": (*task.metrics, FACTS.name)}) if known and not requested else task


def _check_guardrails_on_facts(task: Task, splits: Splits, *, is_sample: bool) -> list[str]:
    """A warning if there is a guardrail on facts, and the test examples have none.

    Args:
        is_sample: whether the data may have examples with facts that were not drawn.

    Raises:
        BenchError: these are all examples of the data.
    """
    limited = [rule.score for rule in task.guardrails if rule.score in FACTS.scores]
    if not limited or any(map(has_facts, splits.test)):
        return []
    problem = f"guardrails: '{limited[0]}' needs examples whose facts are known, and "
    if is_sample or any(map(has_facts, (*splits.train, *splits.validation))):
        return [f"{problem}the test set has none, so nothing is known about this guardrail"]
    advice = "Remove the guardrail, or limit what raters find: review.critical_error_rate"
    raise BenchError(f"task '{task.name}': {problem}these have none. {advice}")


def _check_guardrails_on_slices(task: Task, splits: Splits, *, is_sample: bool) -> list[str]:
    """A warning for each guardrail on a part of the test examples that these do not have.

    Raises:
        BenchError: these are all examples of the data; or there is no such column.
    """
    warnings = []
    for rule in task.guardrails:
        if rule.slice is None or rule.slice_value is None:
            continue
        where = f"task '{task.name}': guardrails: {rule.score}: slice"
        values = slice_examples(splits.test, rule.slice_column, most=None, where=where, thirds=False)
        if rule.slice_value not in values:
            problem = f"no test example has {rule.slice}."
            if not is_sample:
                raise BenchError(f"{where}: {problem}{did_you_mean(rule.slice_value, values)}")
            warnings.append(f"guardrails: {rule.score}: {problem} Nothing is known about this guardrail")
    return warnings
