"""New examples for a finished cell: given the inputs and labels of the run's own examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.catalog import prompt_variables
from harness.errors import BenchError, setting
from harness.results import FinishedCell
from harness.types import Example


def fit_examples(finished: FinishedCell, examples: Sequence[Example], file: str) -> tuple[Example, ...]:
    """Give new examples the run's inputs, in the run's order, and its labels to choose from.

    Args:
        file: where the examples come from, for messages.

    Raises:
        BenchError: examples lack an input that the prompt needs.
    """
    names, needed = _find_inputs(finished)
    problems = []
    for name in sorted(needed, key=names.index):
        lacking = [example for example in examples if name not in example.inputs]
        if lacking and len(lacking) == len(examples):
            columns = ", ".join([*lacking[0].inputs, *lacking[0].meta])
            problems.append(f"{file}: no column for the input '{name}'. Name it: {setting(f'fields.{name}', 'COLUMN')}. Columns: {columns}")
        elif lacking:
            problems.append(f"{file}: {len(lacking):,} of {len(examples):,} rows have no '{name}', which the prompt needs")
    if problems:
        raise BenchError(problems)
    choices = finished.example.choices
    return tuple(replace(e, inputs={name: e.inputs[name] for name in names if name in e.inputs}, choices=choices) for e in examples)


def get_only_input(finished: FinishedCell) -> str:
    """The one input that a line of plain text can be.

    Raises:
        BenchError: the prompt needs several inputs.
    """
    _, needed = _find_inputs(finished)
    if len(needed) != 1:
        raise BenchError(
            f"{setting('lines')}: the prompt of '{finished.strategy.name}' needs {len(needed)} inputs ({', '.join(sorted(needed))}), "
            "and a line of plain text is only one. Give JSON Lines, with a field for each."
        )
    return next(iter(needed))


def _find_inputs(finished: FinishedCell) -> tuple[list[str], frozenset[str]]:
    """The inputs of the run's examples, in order, and those without which the prompt is incomplete."""
    # An input that the prompt uses only if it is there may be missing from some of the run's examples, too.
    examples = finished.run.examples(finished.task.name)
    names = list(dict.fromkeys(name for example in examples for name in example.inputs))
    if finished.shape == "encoder" and finished.strategy.prompt is None:
        return names, frozenset(name for name in names if all(name in example.inputs for example in examples))
    return names, prompt_variables(finished.strategy.prompt or finished.task.prompt) & set(names)
