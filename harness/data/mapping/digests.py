"""Stable hashes of rows. They are written to runs and compared years later, so what goes into them must not change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from harness.types import Example, SplitName


def inputs_digest(example: Example) -> str:
    """sha256 (hex) of the inputs, names and texts exactly as they are, whatever their order."""
    return _sha256(sorted(example.inputs.items()))


def example_digest(example: Example) -> str:
    """sha256 (hex) of the inputs and the targets: two rows with the same digest ask and expect the same."""
    return _sha256([sorted(example.inputs.items()), example.targets])


def splits_digest(parts: Mapping[SplitName, Sequence[Example]]) -> str:
    """sha256 (hex) of everything in the splits that can change a result: ids, inputs, targets, choices, groups and order."""
    digest = hashlib.sha256()
    choices: dict[tuple[str, ...], str] = {}  # the same few tuples in every row: hashed once
    order: tuple[SplitName, ...] = ("train", "validation", "test")
    for split in order:
        for row in parts[split]:
            if row.choices not in choices:
                choices[row.choices] = _sha256(row.choices)
            fields = [split, row.id, sorted(row.inputs.items()), row.targets, choices[row.choices], row.group]
            digest.update(json.dumps(fields, separators=(",", ":")).encode() + b"\n")
    return digest.hexdigest()


def same_inputs_key(example: Example) -> str:
    """Equal for rows whose inputs are the same up to case and white space. A key to compare, not to store."""
    # no text holds a NUL (the readers see to that), so the parts cannot run into each other
    return "\0".join(f"{name}\0{_folded(text)}" for name, text in sorted(example.inputs.items()))


def same_inputs_digest(example: Example) -> str:
    """sha256 (hex) of `same_inputs_key`: to know a row again whose text is not kept."""
    return hashlib.sha256(same_inputs_key(example).encode("utf-8", "surrogatepass")).hexdigest()


def question_digest(example: Example) -> str:
    """sha256 (hex) of what is asked and expected, up to case and white space: a space more makes no fresh test row."""
    expected = "\0".join(map(_folded, example.targets))
    return hashlib.sha256(f"{same_inputs_key(example)}\0\0{expected}".encode("utf-8", "surrogatepass")).hexdigest()


def keyed_order(seed: int, key: str) -> bytes:
    """A place in a random order that depends on the seed and this key only, not on what else is ordered."""
    return hashlib.sha256(f"{seed}\0{key}".encode("utf-8", "surrogatepass")).digest()


def order_of(seed: int, key: str) -> int:
    """The start of `keyed_order` as a number of 64 bits: the same order, in less room."""
    return int.from_bytes(keyed_order(seed, key)[:8], "big")


def hash_of(value: object) -> int:
    """64 bits of a hash of any value that a file can hold: equal for equal values."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _sha256(value: object) -> str:
    return hashlib.sha256(json.dumps(value, separators=(",", ":")).encode()).hexdigest()
