"""The texts that raters see: inputs, references and outputs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from harness.errors import BenchError
from harness.review.packets.packet import Key, Packet
from harness.store import StoredRun
from harness.types import Example, Prediction


@dataclass(frozen=True)
class ItemTexts:
    """An item as a rater sees it."""

    id: str
    inputs: tuple[tuple[str, str], ...]
    """(name, text)."""
    references: tuple[str, ...]
    """Empty if raters do not see them."""
    outputs: tuple[str, ...]
    """From left to right."""


def load_item_texts(run: StoredRun, packet: Packet, key: Key) -> dict[str, list[ItemTexts]]:
    """What each rater sees, by rater, in order.

    Raises:
        BenchError: examples or outputs have changed since the packet was exported.
    """
    examples = {example.id: example for example in run.examples(packet.task)}
    predictions = {name: {p.example_id: p for p in run.predictions(cell)} for name, cell in key.cells.items()}
    sampled = [examples[id_] for id_ in key.inclusion_probabilities if id_ in examples]
    if compute_content_digest(sampled, predictions) != key.content_digest:
        raise BenchError(
            f"{run.path}: the examples or outputs differ from those of packet {packet.id}. Was it exported from another run? "
            "Export a new packet with `bench review export`."
        )
    texts: dict[str, list[ItemTexts]] = {rater: [] for rater in packet.raters}
    for item in packet.items:
        example = examples[item.example]
        outputs = tuple(
            predictions[name][example.id].output if example.id in predictions[name] else "" for name in key.items[item.id].strategies
        )
        references = example.targets if packet.with_reference else ()
        texts[item.rater].append(ItemTexts(item.id, tuple(example.inputs.items()), references, outputs))
    return texts


def compute_content_digest(examples: Sequence[Example], predictions: Mapping[str, Mapping[str, Prediction]]) -> str:
    """SHA-256 (hex) of the examples and of each strategy's outputs for them."""
    digest = sha256()
    for example in examples:
        outputs = [
            [name, by_example[example.id].output if example.id in by_example else None] for name, by_example in sorted(predictions.items())
        ]
        digest.update(json.dumps([example.id, sorted(example.inputs.items()), example.targets, outputs]).encode() + b"\n")
    return digest.hexdigest()
