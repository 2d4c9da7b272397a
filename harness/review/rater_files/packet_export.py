"""Writing the files that go to the raters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from harness.data.privacy import TextGuard
from harness.errors import BenchError, setting
from harness.review.packets import (
    ItemTexts,
    Key,
    Packet,
    PacketRequest,
    build_packet,
    load_item_texts,
    load_packet,
    make_guard,
    save_packet,
)
from harness.review.rater_files.argilla_writer import render_records, render_settings
from harness.review.rater_files.label_studio_writer import render_config, render_tasks
from harness.review.rater_files.page_writer import render_page
from harness.review.rater_files.spreadsheet_writer import render_csv, write_xlsx
from harness.store import StoredRun, get_packet_folder, write_text

Format = Literal["html", "xlsx", "csv", "label-studio", "argilla"]
FORMATS: tuple[Format, ...] = ("html", "xlsx", "csv", "label-studio", "argilla")


@dataclass(frozen=True)
class ExportedPacket:
    """A packet that was exported."""

    packet: Packet
    key: Key
    folder: Path
    """Where packet and key are stored."""
    files: tuple[Path, ...]
    """The files to send to the raters."""
    guard: TextGuard
    """Which identifiers of people their texts had, and whether these were replaced."""


def export_packet(
    run: StoredRun, request: PacketRequest, formats: Sequence[Format], out: Path | None = None, *, anonymize: bool = False
) -> ExportedPacket:
    """Build a packet, store it, and write the raters' files. The same request writes the same packet again.

    Args:
        out: folder of the raters' files; None for `send/` in the packet's folder.
        anonymize: whether raters see surrogates instead of identifiers of people.

    Raises:
        BenchError: as `build_packet`, or the folder cannot be written.
    """
    packet, key = build_packet(run, request)
    return export_built_packet(run, packet, key, formats, out, anonymize=anonymize)


def export_built_packet(
    run: StoredRun, packet: Packet, key: Key, formats: Sequence[Format], out: Path | None = None, *, anonymize: bool = False
) -> ExportedPacket:
    """Store a packet, and write the raters' files. A packet that is stored already stays as raters may have it.

    Raises:
        BenchError: the folder cannot be written.
    """
    folder = get_packet_folder(run.path, packet.id)
    target = out or folder.send
    if target.exists() and not target.is_dir():
        raise BenchError(f"{setting('out', str(target))}: is a file. Name a folder.")
    if folder.packet_file.is_file():
        packet, key = load_packet(folder)  # the packet that raters may already have
    packet = replace(packet, anonymized=packet.anonymized or anonymize)
    guard = make_guard(key, anonymize=anonymize)
    texts = load_item_texts(run, packet, key, guard)
    try:
        target.mkdir(parents=True, exist_ok=True)
        save_packet(folder, packet, key)
        files = [_write_file(target, packet, rater, texts[rater], format_) for rater in packet.raters for format_ in formats]
        if "label-studio" in formats:
            config = target / f"label-studio-{packet.id}-config.xml"
            write_text(config, render_config(packet))
            files.append(config)
        if "argilla" in formats:
            settings = target / f"argilla-{packet.id}-settings.json"
            write_text(settings, render_settings(packet))
            files.append(settings)
    except OSError as error:
        raise BenchError(f"{target}: cannot be written: {error.strerror}.") from None
    return ExportedPacket(packet, key, folder.path, tuple(files), guard)


def _write_file(target: Path, packet: Packet, rater: str, items: Sequence[ItemTexts], format_: Format) -> Path:
    if format_ == "label-studio":
        path = target / f"label-studio-{packet.id}-{rater}.json"
        write_text(path, render_tasks(packet, rater, items))
        return path
    if format_ == "argilla":
        path = target / f"argilla-{packet.id}-{rater}.json"
        write_text(path, render_records(packet, rater, items))
        return path
    path = target / f"review-{packet.id}-{rater}.{format_}"
    if format_ == "html":
        write_text(path, render_page(packet, rater, items))
    elif format_ == "xlsx":
        write_xlsx(path, packet, rater, items)
    else:
        write_text(path, render_csv(packet, rater, items))
    return path
