"""The texts that raters see: inputs, references and outputs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from harness.data.privacy import TextGuard
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
    earlier_answers: tuple[str, ...] = ()
    """What raters answered before, for a person who adjudicates."""


def load_item_texts(run: StoredRun, packet: Packet, key: Key, guard: TextGuard | None = None) -> dict[str, list[ItemTexts]]:
    """What each rater sees, by rater, in order.

    Args:
        guard: each text passes it.

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
    earlier_answers = packet.adjudicates.earlier_answers if packet.adjudicates is not None else {}
    for item in packet.items:
        if (check := key.checks.get(item.id)) is not None:
            shown = ItemTexts(item.id, tuple(check.inputs.items()), check.references if packet.with_reference else (), check.outputs)
            texts[item.rater].append(_pass_texts(shown, item.id, guard) if guard else shown)
            continue
        example = examples[item.example]
        outputs = tuple(
            predictions[name][example.id].output if example.id in predictions[name] else "" for name in key.items[item.id].strategies
        )
        references = example.targets if packet.with_reference else ()
        shown = ItemTexts(item.id, tuple(example.inputs.items()), references, outputs, earlier_answers.get(item.id, ()))
        texts[item.rater].append(_pass_texts(shown, example.group or example.id, guard) if guard else shown)
    return texts


def make_guard(key: Key, *, anonymize: bool) -> TextGuard:
    """The guard of a packet's texts. Its surrogates are the same each time, so that returned texts can be compared with them."""
    return TextGuard(anonymize=anonymize, key=sha256(key.content_digest.encode()).digest())


def _pass_texts(texts: ItemTexts, within: str, guard: TextGuard) -> ItemTexts:
    return ItemTexts(
        texts.id,
        tuple((name, guard.pass_text(text, within)) for name, text in texts.inputs),
        tuple(guard.pass_text(text, within) for text in texts.references),
        tuple(guard.pass_text(text, within) for text in texts.outputs),
        tuple(guard.pass_text(text, within) for text in texts.earlier_answers),
    )


def compute_content_digest(examples: Sequence[Example], predictions: Mapping[str, Mapping[str, Prediction]]) -> str:
    """SHA-256 (hex) of the examples and of each strategy's outputs for them."""
    digest = sha256()
    for example in examples:
        outputs = [
            [name, by_example[example.id].output if example.id in by_example else None] for name, by_example in sorted(predictions.items())
        ]
        digest.update(json.dumps([example.id, sorted(example.inputs.items()), example.targets, outputs]).encode() + b"\n")
    return digest.hexdigest()
