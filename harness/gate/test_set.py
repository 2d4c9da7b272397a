"""The test set that a gate judges on: what identifies it, and which of its examples a model was trained on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from harness.data.identity import example_digest, normalized_inputs_digest
from harness.results import StrategyResult
from harness.types import Example


def digest_test_set(examples: Sequence[Example]) -> str:
    """sha256 (hex) of everything in the test examples that an output and its scores depend on, in any order."""
    values = [[e.id, example_digest(e), e.choices, e.group, dict(e.meta)] for e in examples]
    return hashlib.sha256("\n".join(sorted(json.dumps(value, sort_keys=True, default=str) for value in values)).encode()).hexdigest()


def find_leaked_examples(model: StrategyResult, examples: Sequence[Example]) -> list[str] | None:
    """The ids of the examples whose inputs were among the training or validation examples of a model, ignoring case and white space.

    None if its run was packed without the key that recognizes them.
    """
    if not model.varies_by_seed:
        return []
    digests = {example.id: normalized_inputs_digest(example) for example in examples}
    trained = model.run.folder.find_trained_on(model.task.name, digests.values())
    return None if trained is None else [example for example, digest in digests.items() if digest in trained]
