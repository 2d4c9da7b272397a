"""Stable hashes of examples. Runs store them and compare them years later, so what goes into a hash must never change.

"Normalized" texts are casefolded, with runs of white space as single spaces.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from harness.types import Example, SplitName


def inputs_digest(example: Example) -> str:
    """sha256 (hex) of the inputs, names and texts verbatim, in any order."""
    return _sha256(sorted(example.inputs.items()))


def example_digest(example: Example) -> str:
    """sha256 (hex) of inputs and targets: examples with the same digest ask and expect the same."""
    return _sha256([sorted(example.inputs.items()), example.targets])


def digest_test_set(examples: Sequence[Example]) -> str:
    """sha256 (hex) of the inputs and targets of a test set, in any order: what `data.locked_test` of a task holds."""
    return _sha256(sorted(example_digest(example) for example in examples))


def splits_digest(parts: Mapping[SplitName, Sequence[Example]]) -> str:
    """sha256 (hex) of everything in the splits that can change a result: ids, inputs, targets, choices, groups and order."""
    digest = hashlib.sha256()
    choices: dict[tuple[str, ...], str] = {}  # all examples share a few tuples, so each is hashed once
    order: tuple[SplitName, ...] = ("train", "validation", "test")
    for split in order:
        for example in parts[split]:
            if example.choices not in choices:
                choices[example.choices] = _sha256(example.choices)
            fields = [split, example.id, sorted(example.inputs.items()), example.targets, choices[example.choices], example.group]
            if example.rejected is not None:
                fields.append(example.rejected)
            digest.update(json.dumps(fields, separators=(",", ":")).encode() + b"\n")
    return digest.hexdigest()


def normalized_inputs(example: Example) -> str:
    """A key that is equal for examples with the same normalized inputs. For comparisons only; what is stored is its digest."""
    # readers refuse texts with NUL, so the parts cannot run into each other
    return "\0".join(f"{name}\0{_normalize(text)}" for name, text in sorted(example.inputs.items()))


def normalized_inputs_digest(example: Example) -> str:
    """sha256 (hex) of `normalized_inputs`: recognizes an example whose text is not kept."""
    return hashlib.sha256(normalized_inputs(example).encode("utf-8", "surrogatepass")).hexdigest()


def normalized_example_digest(example: Example) -> str:
    """sha256 (hex) of normalized inputs and targets: an additional space does not make a new test example."""
    targets = "\0".join(map(_normalize, example.targets))
    return hashlib.sha256(f"{normalized_inputs(example)}\0\0{targets}".encode("utf-8", "surrogatepass")).hexdigest()


def seeded_rank(seed: int, key: str) -> bytes:
    """The position of a key in a random order that depends on the seed and the key only, not on what else is ordered."""
    return hashlib.sha256(f"{seed}\0{key}".encode("utf-8", "surrogatepass")).digest()


def seeded_rank_number(seed: int, key: str) -> int:
    """The first 64 bits of `seeded_rank` as a number: the same order in less memory."""
    return int.from_bytes(seeded_rank(seed, key)[:8], "big")


def hash_value(value: object) -> int:
    """A 64-bit hash of any value that a file can contain; equal values have equal hashes."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _normalize(text: str) -> str:
    return " ".join(text.casefold().split())


def _sha256(value: object) -> str:
    return hashlib.sha256(json.dumps(value, separators=(",", ":")).encode()).hexdigest()
