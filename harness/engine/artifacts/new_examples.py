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
    known_examples = finished.run.examples(finished.task.name)
    # An input that the prompt uses only if it is there may be missing from some of the run's examples, too.
    names = list(dict.fromkeys(name for example in known_examples for name in example.inputs))
    if finished.shape == "encoder" and finished.strategy.prompt is None:
        needed = frozenset(name for name in names if all(name in example.inputs for example in known_examples))
    else:
        needed = prompt_variables(finished.strategy.prompt or finished.task.prompt) & set(names)
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
    choices = known_examples[0].choices
    return tuple(replace(e, inputs={name: e.inputs[name] for name in names if name in e.inputs}, choices=choices) for e in examples)
