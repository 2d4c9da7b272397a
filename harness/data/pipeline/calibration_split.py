"""Calibration examples: a part of the validation split that early stopping, search and races do not see.

The threshold of a cascade is chosen on them. All strategies of a task give up the same part, so that their comparison stays fair. Examples
that share a group, or have the same inputs, stay together.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from harness.data.identity import normalized_inputs_digest, seeded_rank, splits_digest
from harness.errors import BenchError, setting
from harness.text import plural
from harness.types import Example, Splits

_SHARE = 0.5  # of the validation examples
_SEED = 0


def set_calibration_aside(task: str, splits: Splits) -> Splits:
    """The splits with half of the validation examples as calibration examples, drawn by a seed.

    Raises:
        BenchError: there are no validation examples, or they are all of one group.
    """
    validation = splits.validation
    if not validation:
        raise BenchError(
            f"task '{task}': a cascade chooses its threshold on validation examples, and there are none. "
            f"Name a file with {setting('validation', 'FILE')}, or let bench split the data"
        )
    sizes: dict[str, int] = {}
    for example in validation:
        sizes[_unit(example)] = sizes.get(_unit(example), 0) + 1
    if len(sizes) < 2:
        shared = f"group '{validation[0].group}'" if validation[0].group is not None else "input"
        raise BenchError(
            f"task '{task}': a cascade needs validation examples of its own beside those of early stopping, but the "
            f"{plural(len(validation), 'validation example')} all have the same {shared}. Use more validation data"
        )
    chosen: set[str] = set()
    taken = 0
    for unit in sorted(sizes, key=lambda name: seeded_rank(_SEED, name))[:-1]:  # at least one unit stays
        if taken >= _SHARE * len(validation):
            break
        chosen.add(unit)
        taken += sizes[unit]
    calibration = tuple(example for example in validation if _unit(example) in chosen)
    kept = tuple(example for example in validation if _unit(example) not in chosen)
    sizes_now = {**splits.report.sizes, "validation": len(kept), "calibration": len(calibration)}
    parts = (
        splits_digest({"train": splits.train, "validation": kept, "test": splits.test}),
        splits_digest({"train": (), "validation": calibration, "test": ()}),
    )
    return replace(
        splits,
        validation=kept,
        calibration=calibration,
        digest=hashlib.sha256("\0".join(("calibration", *parts)).encode()).hexdigest(),
        report=replace(splits.report, sizes=sizes_now),
    )


def _unit(example: Example) -> str:
    """What stays together. A group never has the key of an input."""
    return f"group {example.group}" if example.group is not None else f"input {normalized_inputs_digest(example)}"
