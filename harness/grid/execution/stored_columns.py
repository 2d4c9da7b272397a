"""Which columns of the data a run stores with its test examples: those that the task names, and no others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.metrics import FACT_COLUMNS
from harness.types import Example, Splits, Task


def keep_named_columns(task: Task, splits: Splits) -> Splits:
    """The examples without the columns that the task does not name. A registered source chooses its columns itself.

    A task names a column under `keep`, as the slice of a guardrail, or by a metric that reads it.
    """
    if task.data.source is not None:
        return splits
    named = {*task.data.keep, *(rule.slice_column for rule in task.guardrails), *(FACT_COLUMNS if "facts" in task.metrics else ())}

    def reduce(examples: Sequence[Example]) -> Sequence[Example]:
        if all(e.meta.keys() <= named for e in examples):
            return examples  # without a copy of a large dataset
        return tuple(replace(e, meta={name: value for name, value in e.meta.items() if name in named}) for e in examples)

    return replace(
        splits,
        train=reduce(splits.train),
        validation=reduce(splits.validation),
        calibration=reduce(splits.calibration),
        test=reduce(splits.test),
    )
