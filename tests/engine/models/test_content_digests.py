"""Caches and identities of models follow the content of files, whatever their names and time stamps say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.engine.models import gguf
from harness.engine.models.digest import folder_digest

SIZE = 3 << 20  # large enough to be hashed once per process


def write(file: Path, content: bytes) -> None:
    """Write a file that looks as old as any other: `cp -p` and `rsync -t` do this."""
    file.write_bytes(content)
    os.utime(file, ns=(10**18, 10**18))


def test_identity_of_a_model_follows_its_content(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    digests = []
    for content in (b"a", b"b", b"a"):
        write(tmp_path / "model.safetensors", content * SIZE)
        digests.append(folder_digest(tmp_path))
    assert digests[0] == digests[2] != digests[1]


def test_conversion_follows_the_content_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    converted: list[bytes] = []

    def convert(file: Path, target: Path) -> None:
        converted.append(file.read_bytes()[:1])
        (target / "model.safetensors").write_bytes(file.read_bytes())

    monkeypatch.setattr(gguf, "read_gguf", convert)
    file, cache = tmp_path / "model.gguf", tmp_path / "cache"
    for content, expected in ((b"a", [b"a"]), (b"a", [b"a"]), (b"b", [b"a", b"b"]), (b"a", [b"a", b"b"])):
        write(file, content * SIZE)
        folder = gguf.converted(file, cache)
        assert converted == expected and (folder / "model.safetensors").read_bytes()[:1] == content
    (folder / "model.safetensors").write_bytes(b"x" * SIZE)
    assert gguf.converted(file, cache) == folder
    assert converted == [b"a", b"b", b"a"], "a damaged conversion is made again"
