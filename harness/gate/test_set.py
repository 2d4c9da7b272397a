"""The test set that a gate judges on: what identifies it, and which of its examples a model was trained on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from harness.data.identity import example_digest, normalized_inputs_digest
from harness.results import StrategyResult
from harness.store import read_table
from harness.types import Example


def digest_test_set(examples: Sequence[Example]) -> str:
    """sha256 (hex) of everything in the test examples that an output and its scores depend on, in any order."""
    values = [[e.id, example_digest(e), e.choices, e.group, dict(e.meta)] for e in examples]
    return hashlib.sha256("\n".join(sorted(json.dumps(value, sort_keys=True, default=str) for value in values)).encode()).hexdigest()


def find_leaked_examples(model: StrategyResult, examples: Sequence[Example]) -> list[str]:
    """The ids of the examples whose inputs were among the training or validation examples of a model, ignoring case and white space."""
    if not model.varies_by_seed:
        return []
    file = model.run.path / "data" / f"{model.task.name}.parquet"
    seen = {row["inputs_digest"] for row in read_table(file) if row["split"] in ("train", "validation")}
    return [example.id for example in examples if normalized_inputs_digest(example) in seen]
