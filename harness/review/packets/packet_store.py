"""Packets and keys as JSON files in a run's folder."""

from __future__ import annotations

from dataclasses import asdict

from harness.errors import BenchError
from harness.review.packets.packet import ItemKey, Key, Packet, ReviewItem
from harness.store import PacketFolder
from harness.types import ReviewSpec

FORMAT = 2


def save_packet(folder: PacketFolder, packet: Packet, key: Key) -> None:
    """Write packet and key into the folder."""
    content = asdict(packet) | {"format": FORMAT, "questions": packet.questions.model_dump(mode="json")}
    folder.write(content, asdict(key))


def load_packet(folder: PacketFolder) -> tuple[Packet, Key]:
    """Read packet and key.

    Raises:
        BenchError: a file is missing, damaged or of another format, or the key belongs to another packet.
    """
    content, hidden = folder.read_packet(), folder.read_key()
    version = content.pop("format", None)
    if version != FORMAT:
        raise BenchError(
            f"{folder.packet_file}: format {version!r} is from another version of bench; this version reads format {FORMAT}. "
            "Move the packet's folder away and export again with `bench review export`."
        )
    try:
        packet = Packet(
            **content
            | {
                "questions": ReviewSpec.model_validate(content["questions"]),
                "raters": tuple(content["raters"]),
                "items": tuple(ReviewItem(**item) for item in content["items"]),
            }
        )
        items = {id_: ItemKey(tuple(value["strategies"]), value["repeats"]) for id_, value in hidden["items"].items()}
        key = Key(**hidden | {"items": items})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BenchError(f"{folder.path}: the packet is damaged ({type(error).__name__}: {error})") from None
    unknown = [item.id for item in packet.items if item.id not in key.items or item.example not in key.inclusion_probabilities]
    if unknown:
        raise BenchError(f"{folder.key_file}: belongs to another packet: it has no entry for item '{unknown[0]}'.")
    return packet, key
