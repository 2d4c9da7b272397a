"""Packets and keys as JSON files in a run's folder."""

from __future__ import annotations

from harness.errors import BenchError
from harness.review.packets.packet import FORMAT, Key, Packet, ReviewItem
from harness.store import PacketFolder, read_json

_ADVICE = "Move the packet's folder away and export it again with `bench review export`."


def save_packet(folder: PacketFolder, packet: Packet, key: Key) -> None:
    """Write packet and key into the folder. The packet comes last: if it exists, the folder is complete.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.write(folder.key_file, Key, key)
    folder.write(folder.packet_file, Packet, packet)


def load_packet(folder: PacketFolder) -> tuple[Packet, Key]:
    """Read packet and key.

    Raises:
        BenchError: a file is missing, damaged or in another format, or the key belongs to another packet.
    """
    stored = read_json(folder.packet_file)
    version = stored.get("format") if isinstance(stored, dict) else None
    if version != FORMAT:
        raise BenchError(f"{folder.packet_file}: is in format {version!r}; this version of bench reads format {FORMAT}. {_ADVICE}")
    packet = folder.read(folder.packet_file, Packet, advice=_ADVICE)
    key = folder.read(folder.key_file, Key, advice=_ADVICE)
    unknown = [item.id for item in packet.items if not _fits(item, key)]
    if unknown:
        raise BenchError(f"{folder.key_file}: belongs to another packet: it has no entry for item '{unknown[0]}'. {_ADVICE}")
    return packet, key


def _fits(item: ReviewItem, key: Key) -> bool:
    """Whether the key says what is behind an item: either outputs of an example that was sampled, or a check."""
    is_check, is_rated = item.id in key.checks, item.id in key.items
    return is_check != is_rated and (is_check or item.example in key.inclusion_probabilities)
