"""The files that go to the raters, in every format that somebody may want."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from harness.errors import BenchError, setting
from harness.review.packets.label_studio import labeling_config, to_tasks
from harness.review.packets.making import Asked, Item, items_of, make_packet
from harness.review.packets.packet import Key, Packet, load, store
from harness.review.packets.rater_page import to_html
from harness.review.packets.sheets import to_csv, write_xlsx
from harness.store import PacketFolder, StoredRun, packet_folder, write_text

Format = Literal["html", "xlsx", "csv", "label-studio"]
FORMATS: tuple[Format, ...] = ("html", "xlsx", "csv", "label-studio")


def export_packet(
    run: StoredRun, asked: Asked, formats: Sequence[Format], out: Path | None = None
) -> tuple[Packet, Key, PacketFolder, list[Path]]:
    """Make a packet and write what the raters get. What was exported before stays: the same call writes the same packet again.

    Args:
        out: where the raters' files go; without it, `send/` in the packet's folder.

    Raises:
        BenchError: as `make_packet` does, or the folder cannot be written.
    """
    packet, key = make_packet(run, asked)
    folder = packet_folder(run.path, packet.id)
    target = out or folder.send
    if target.exists() and not target.is_dir():
        raise BenchError(f"{setting('out', str(target))}: is a file. Name a folder.")
    if (folder.path / "packet.json").is_file():
        packet, key = load(folder)  # the very one that may be out already
    items = items_of(run, packet, key)
    try:
        target.mkdir(parents=True, exist_ok=True)
        store(folder, packet, key)
        written = [path for rater in packet.raters for path in _write(target, packet, rater, items[rater], formats)]
        if "label-studio" in formats:
            config = target / f"label-studio-{packet.id}-config.xml"
            write_text(config, labeling_config(packet))
            written.append(config)
    except OSError as error:
        raise BenchError(f"{target}: cannot be written: {error.strerror}") from None
    return packet, key, folder, written


def _write(target: Path, packet: Packet, rater: str, items: Sequence[Item], formats: Sequence[Format]) -> list[Path]:
    written = []
    for format_ in formats:
        stem = f"review-{packet.id}-{rater}"
        if format_ == "html":
            path = target / f"{stem}.html"
            write_text(path, to_html(packet, rater, items))
        elif format_ == "xlsx":
            path = target / f"{stem}.xlsx"
            write_xlsx(path, packet, rater, items)
        elif format_ == "csv":
            path = target / f"{stem}.csv"
            write_text(path, to_csv(packet, rater, items))
        else:
            path = target / f"label-studio-{packet.id}-{rater}.json"
            write_text(path, to_tasks(packet, rater, items))
        written.append(path)
    return written
