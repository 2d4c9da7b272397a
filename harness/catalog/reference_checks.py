"""Checks of names that a schema cannot know: metrics, the primary score, guardrails, sources, and the variables of the prompt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from harness.catalog.declaration import Declaration, Loc
from harness.catalog.known_names import MetricInfo, Vocabulary
from harness.catalog.prompts import prompt_variables, variable_problem
from harness.catalog.score_checks import guardrail_problems, label_problems
from harness.catalog.task_defaults import read_shipped_task
from harness.errors import did_you_mean
from harness.plugins import metric_hint
from harness.types import Declared, Kind, Task


def reference_problems(source: Declaration, values: Mapping[str, Any], declared: type[Declared], vocabulary: Vocabulary) -> list[str]:
    """The problems with names in a task or strategy.

    Args:
        values: the declared values, completed by the defaults.
    """
    problems = _prompt_problems(source, values)
    if declared is Task:
        problems += _metric_problems(source, values, vocabulary)
        problems += guardrail_problems(source, values, vocabulary) + label_problems(source, values, vocabulary)
        problems += _no_answer_problems(source)
        problems += _data_problems(source, values.get("data"), vocabulary)
    return problems


def _prompt_problems(source: Declaration, values: Mapping[str, Any]) -> list[str]:
    prompt = values.get("prompt")
    if not isinstance(prompt, str):
        return []
    try:
        prompt_variables(prompt)
    except ValueError as error:
        return [source.problem(("prompt",), str(error))]
    if not prompt.strip():
        return [source.problem(("prompt",), "is empty. Write a prompt, or remove the line to use the default")]
    return []


def _metric_problems(source: Declaration, values: Mapping[str, Any], vocabulary: Vocabulary) -> list[str]:
    problems: list[str] = []
    owners: dict[str, str] = {}  # score → metric
    names = values.get("metrics")
    for i, name in enumerate(names if isinstance(names, list) else ()):
        loc: Loc = ("metrics", i)
        if not isinstance(name, str):
            continue  # the schema reports it
        metric = vocabulary.metrics.get(name) or vocabulary.library_metric(name)
        if metric is None:
            full_name = vocabulary.library_names.get(name)
            hint = f" Try '{full_name}'" if full_name else metric_hint(name, vocabulary.metrics)
            problems.append(source.problem(loc, f"unknown metric '{name}'.{hint}"))
            continue
        mismatch = _kind_mismatch(name, metric, values)
        if mismatch:
            problems.append(source.problem(loc, mismatch))
            continue
        shared = [score for score in metric.scores if owners.setdefault(score, name) != name]
        if shared:
            other = owners[shared[0]]
            problems.append(source.problem(loc, f"'{name}' and '{other}' both give the score '{shared[0]}'. Remove one of them"))
    primary = values.get("primary")
    if isinstance(primary, str) and owners and not problems and primary not in owners:
        message = f"'{primary}' is not a score of the task's metrics.{did_you_mean(primary, owners)}"
        problems.append(source.problem(("primary",), message))
    return problems


def _kind_mismatch(name: str, metric: MetricInfo, values: Mapping[str, Any]) -> str | None:
    """Why a metric cannot be used on the task, or None. A metric of classification applies to every task that has labels."""
    kind = values.get("kind")
    if kind not in get_args(Kind) or kind in metric.kinds:
        return None
    if "classification" not in metric.kinds:
        return f"the metric '{name}' does not apply to tasks of kind '{kind}'"
    return None if values.get("labels") else f"the metric '{name}' needs labels, and this task of kind '{kind}' has none. Set 'labels'"


def _data_problems(source: Declaration, data: Any, vocabulary: Vocabulary) -> list[str]:
    """An unknown source, and inputs with names that no prompt can use."""
    if not isinstance(data, Mapping):
        return []
    fields = data.get("fields")
    columns = fields.items() if isinstance(fields, Mapping) else ()
    problems = [
        source.problem(("data", "fields", name), problem)
        for name, column in columns
        if isinstance(name, str) and isinstance(column, str) and (problem := variable_problem(name, column))
    ]
    name = data.get("source")
    if isinstance(name, str) and name not in vocabulary.sources:
        problems.append(source.problem(("data", "source"), f"unknown source '{name}'.{did_you_mean(name, vocabulary.sources)}"))
    return problems


def _no_answer_problems(source: Declaration) -> list[str]:
    """The prompt must ask for the text that counts as "no answer"."""
    values = source.values
    if values.get("kind") != "qa" or "no_answer" not in values or "prompt" in values or values.get("labels"):
        return []
    expected = read_shipped_task("qa")["no_answer"]
    if values["no_answer"] == expected:
        return []
    advice = "Add a 'prompt' that asks for your text, or remove 'no_answer'"
    return [source.problem(("no_answer",), f"the default prompt asks for '{expected}'. {advice}")]
