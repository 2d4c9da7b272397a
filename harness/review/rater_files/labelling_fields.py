"""The texts of an item in labelling tools: one field for all inputs, one for each output."""

from __future__ import annotations

from harness.review.packets import ItemTexts, Packet
from harness.text import visible


def list_output_fields(packet: Packet) -> tuple[str, ...]:
    """The names of the outputs' fields."""
    return ("a", "b") if packet.mode == "pairwise" else ("output",)


def join_inputs(item: ItemTexts) -> str:
    """The only input, or all of them with their names."""
    if len(item.inputs) == 1:
        return visible(item.inputs[0][1])
    return "\n\n".join(f"{visible(name)}:\n{visible(text)}" for name, text in item.inputs)
