"""Readers of `bench data anonymize`: the file, the mapping, what a mapping says, and the key."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.api import anonymize_data, measure_recall, restore_data
from harness.data.privacy import MappingFile, MappingWriter, read_key
from tests.fuzz.readers.reader import Read, Reader, refusals

_KEY = b"k" * 32
_NOTES = "id,note\n1,Dr. Mara Oduya was seen on 2024-03-12 in Chicago.\n2,Call 415-867-5309.\n"
_CHANGES = [[["note"], [[4, 8, "Mara"], [9, 14, "Oduya"]]], [["id"], {"whole": "1"}], [["a", 0, "b"], [[0, 1, "c"]]]]


def read_notes(name: str) -> Read:
    """Anonymize a file with this name in every mode."""

    def read(content: bytes, folder: Path) -> None:
        (folder / name).write_bytes(content)
        for mode in ("surrogates", "tags", "remove"):
            with refusals():
                anonymize_data(folder / name, folder / "out.jsonl", mode=mode)

    return read


def read_mapping(content: bytes, folder: Path) -> None:
    """Read a mapping, and restore a file with it."""
    (folder / "a.csv").write_text(_NOTES)
    (folder / "mapping.enc").write_bytes(content)
    with refusals():
        list(MappingFile(folder / "mapping.enc", _KEY).changes())
    with refusals():
        restore_data(folder / "a.csv", folder / "b.csv", key=_KEY, mapping=folder / "mapping.enc")


def read_changes(content: bytes, folder: Path) -> None:
    """Restore a file with a mapping that the holder of the key has written with these changes."""
    try:
        changes = json.loads(content)
    except (ValueError, RecursionError):
        return
    (folder / "a.csv").write_text(_NOTES)
    with (folder / "mapping.enc").open("wb") as file:
        writer = MappingWriter(file, _KEY)
        writer.add(0, changes)
        writer.finish(hashlib.sha256(_NOTES.encode()).hexdigest(), 2)
    with refusals():
        restore_data(folder / "a.csv", folder / "b.jsonl", key=_KEY, mapping=folder / "mapping.enc")


def read_secret(content: bytes, folder: Path) -> None:
    """Read a key."""
    (folder / "secret.key").write_bytes(content)
    with refusals():
        read_key(folder / "secret.key")


def read_marks_file(content: bytes, folder: Path) -> None:
    """State the recall that a file of marks gives."""
    (folder / "a.csv").write_text(_NOTES)
    (folder / "marks.json").write_bytes(content)
    with refusals():
        measure_recall(folder / "a.csv", folder / "marks.json")


def _marks() -> Sequence[Any]:
    digest = hashlib.sha256(_NOTES.encode()).hexdigest()
    return [{"bench_sample": 1, "file_sha256": digest, "read": 2, "replaced": {"NAME": 2, "DATE": 1}, "missed": {"NAME": 1}}]


def _mapping() -> Sequence[bytes]:
    file = io.BytesIO()
    writer = MappingWriter(file, _KEY)
    writer.add(0, _CHANGES)
    writer.finish("0" * 64, 2)
    return [file.getvalue()]


def _documents() -> Sequence[Any]:
    return [_CHANGES]


PRIVACY_FILES: dict[str, Reader] = {
    "anonymize-csv": Reader(read_notes("a.csv"), lambda: [_NOTES.encode()], share=0.4),
    "anonymize-jsonl": Reader(read_notes("a.jsonl"), lambda: [b'{"note": "Dr. Mara Oduya, 2024-03-12", "n": [{"a": "b"}]}\n'], share=0.4),
    "mapping": Reader(read_mapping, _mapping, share=0.4),
    "mapping-changes": Reader(read_changes, lambda: [json.dumps(_CHANGES).encode()], _documents, share=0.4),
    "marks": Reader(read_marks_file, lambda: [json.dumps(each).encode() for each in _marks()], _marks, share=0.2),
    "key": Reader(read_secret, lambda: [b"a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=\n"], share=0.2),
}
