"""Digests are stable across versions."""

from __future__ import annotations

from harness.data.identity.digests import example_digest, inputs_digest
from harness.types import Example


def test_example_digests_are_stable():
    example = Example("any", {"b": "2", "a": "é"}, ("t",), group="g")
    same = Example("other", {"a": "é", "b": "2"}, ("t",))
    assert inputs_digest(example) == inputs_digest(same) == "2452bd6aec7d098ad5ddea51d62ed298ed6db028e49d0606e860886b4b2719aa"
    assert example_digest(example) == example_digest(same)
    assert example_digest(example) != example_digest(Example("any", example.inputs, ("u",)))
