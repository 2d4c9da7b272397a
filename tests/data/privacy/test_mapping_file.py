"""The encrypted mapping: only the key opens it, and no damage goes unnoticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.data.privacy import MappingFile, MappingWriter
from harness.errors import BenchError

KEY = b"k" * 32
SECRET = "Mara Oduya"


def write_mapping(path: Path, rows: int = 3) -> bytes:
    with path.open("wb") as file:
        writer = MappingWriter(file, KEY)
        for row in range(rows):
            writer.add(row, [[["note"], [[0, 4, SECRET * 100]]]])
        writer.finish("digest", rows)
    return path.read_bytes()


def read_mapping(path: Path, key: bytes = KEY) -> list[int]:
    mapping = MappingFile(path, key)
    return [row for row, _ in mapping.changes()]


def test_mapping_is_read_with_its_key_alone(tmp_path: Path) -> None:
    path = tmp_path / "mapping.enc"
    content = write_mapping(path, rows=3000)
    assert read_mapping(path) == list(range(3000))
    assert SECRET.encode() not in content
    with pytest.raises(BenchError, match="the key does not fit, or the mapping is damaged"):
        read_mapping(path, b"x" * 32)


def test_every_damage_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "mapping.enc"
    content = write_mapping(path, rows=3000)  # several frames
    damaged = [content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :] for place in range(0, len(content), len(content) // 24)]
    damaged += [content[:size] for size in (0, 5, 31, 40, len(content) // 2, len(content) - 1)]
    damaged += [content + b"\0", content + content[32:]]
    for each in damaged:
        path.write_bytes(each)
        with pytest.raises(BenchError):
            read_mapping(path)


def test_two_mappings_of_the_same_rows_differ(tmp_path: Path) -> None:
    assert write_mapping(tmp_path / "a") != write_mapping(tmp_path / "b")
