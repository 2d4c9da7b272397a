"""Whether prompts and data fit together: variables that examples lack, and inputs that a prompt never shows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from harness.catalog import prompt_variables, render_prompt
from harness.errors import BenchError, did_you_mean
from harness.grid.planning.cells import PlannedCell
from harness.types import EARLIER_TURNS, Splits, Strategy, Task


def check_prompts(cells: Sequence[PlannedCell], tasks: Mapping[str, Task], splits: Mapping[str, Splits]) -> None:
    """Check each task's prompt, and the prompts of strategies that have their own.

    Raises:
        BenchError: with every prompt that needs a variable that the data, or some examples of it, do not have, or that cannot be rendered.
    """
    prompted = _prompted_tasks(cells)
    problems = [p for name in tasks if name in prompted for p in _problems(f"task '{name}'", tasks[name].prompt, splits[name])]
    for (task, name), strategy in _own_prompts(cells).items():
        problems += _problems(f"strategy '{name}' on task '{task}'", strategy.prompt or "", splits[task])
    if problems:
        raise BenchError(problems)


def unused_input_warnings(cells: Sequence[PlannedCell], task: Task, splits: Splits, *, has_encoder: bool = False) -> list[str]:
    """A warning for each input of a task that a prompt never shows.

    Args:
        has_encoder: whether a model of the run is an encoder: it reads the earlier turns of a conversation only if the prompt shows them.
            All others read them before the prompt.
    """
    read = () if has_encoder else (EARLIER_TURNS,)
    warnings = _unused_inputs("the prompt", task.prompt, splits, read) if task.name in _prompted_tasks(cells) else []
    for (task_name, name), strategy in _own_prompts(cells).items():
        if task_name == task.name:
            warnings += _unused_inputs(f"the prompt of strategy '{name}'", strategy.prompt or "", splits, read)
    return warnings


def _prompted_tasks(cells: Sequence[PlannedCell]) -> Collection[str]:
    """The tasks whose own prompt is checked: all that have a cell with a model."""
    return {planned.cell.task for planned in cells if planned.strategy.has_model}


def _own_prompts(cells: Sequence[PlannedCell]) -> dict[tuple[str, str], Strategy]:
    """The strategies with a prompt of their own, by task and name."""
    return {(planned.cell.task, planned.strategy.name): planned.strategy for planned in cells if planned.strategy.prompt is not None}


def _problems(owner: str, prompt: str, splits: Splits) -> list[str]:
    """Variables of a prompt that some examples lack, or the reason why it cannot be rendered for a real example."""
    examples = (*splits.train, *splits.validation, *splits.test)
    known = {"choices"}.union(*(example.inputs for example in examples))
    problems = []
    for name in sorted(prompt_variables(prompt) - {"choices"}):
        lacking = sum(name not in example.inputs for example in examples)
        if name not in known:
            hint = did_you_mean(name, known)
            if hint.startswith(" Known"):  # the name was not mistyped: the prompt is written for other data
                hint += " Name a column for it, or write a prompt that reads the available inputs: bench init FILE drafts one."
            problems.append(f"{owner}: prompt: the data has no field '{name}'.{hint}")
        elif lacking:
            problems.append(
                f"{owner}: prompt: {lacking:,} of {len(examples):,} examples have no '{name}'. Let the prompt omit it there: "
                f"{{% if {name} is defined %}}…{{% endif %}}"
            )
    if not problems:
        try:
            render_prompt(prompt, splits.test[0].inputs, splits.test[0].choices)
        except BenchError as error:
            problems.append(f"{owner}: {error}")
    return problems


def _unused_inputs(owner: str, prompt: str, splits: Splits, read: Collection[str]) -> list[str]:
    """A warning for each input that neither the prompt nor a chat around it shows; one that is shown under another name does not count.

    Args:
        read: the inputs that the models read without the prompt.
    """
    used = prompt_variables(prompt, optional=True)
    fullest = max(splits.test, key=lambda example: len(example.inputs)).inputs
    shown = {text for name, text in fullest.items() if name in used}
    unused = sorted(name for name, text in fullest.items() if text not in shown and name not in read)
    return [f"{owner} does not use the input '{name}'.{did_you_mean(name, used - {'choices'})}" for name in unused]
