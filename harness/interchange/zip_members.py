"""Members of a zip archive from an unknown source: nothing is unpacked to disk, and no more is decompressed than the limits allow."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from harness.errors import BenchError

MAX_MEMBERS = 200_000
MAX_MEMBER = 256 * 2**20  # bytes, decompressed
MAX_TOTAL = 4 * 2**30  # bytes, decompressed, of all members that are read
_ZSTD = 93  # the method that Python's zipfile cannot read before 3.14
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, _ZSTD)
_DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, ValueError, NotImplementedError, OverflowError, RuntimeError)


class _Reader(Protocol):
    def read(self, size: int, /) -> bytes: ...


class ZipMembers:
    """The members of an archive, by name."""

    def __init__(self, path: Path) -> None:
        """
        Raises:
            BenchError: the file is no archive, or has too many members or two of one name.
        """
        self._path, self._read = path, 0
        with self._refuses_damage(), zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
        if len(infos) > MAX_MEMBERS:
            raise BenchError(f"{path}: has more than {MAX_MEMBERS:,} members. Import the results of fewer examples at once.")
        self._infos = {info.filename: info for info in infos}
        if len(self._infos) < len(infos):
            raise BenchError(f"{path}: is damaged: two members have the same name. Import the file as the tool wrote it.")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all members. None of them is used as a path."""
        return tuple(self._infos)

    def read(self, name: str) -> bytes:
        """The content of a member.

        Raises:
            BenchError: it is encrypted, damaged or too large.
        """
        info, shown = self._infos[name], f"{self._path}: {name[:80]}"
        if info.flag_bits & 1 or info.compress_type not in _METHODS:
            raise BenchError(f"{shown}: is encrypted, or compressed in an unknown way. Import the file as the tool wrote it.")
        with self._refuses_damage():
            content = self._decompress(info)
        self._read += len(content)
        if len(content) > MAX_MEMBER or self._read > MAX_TOTAL:
            limit = f"{MAX_MEMBER // 2**20} MB" if len(content) > MAX_MEMBER else f"{MAX_TOTAL // 2**30} GB with those before"
            raise BenchError(f"{shown}: is larger than {limit}. Import the results of fewer examples at once.")
        return content

    def _decompress(self, info: zipfile.ZipInfo) -> bytes:
        """The content, or one byte more than is accepted."""
        if info.compress_type != _ZSTD:
            with zipfile.ZipFile(self._path) as archive, archive.open(info) as member:
                return member.read(MAX_MEMBER + 1)
        import pyarrow

        content: bytes = b""
        with pyarrow.input_stream(pyarrow.BufferReader(self._compressed(info)), compression="zstd") as stream:
            content = _read_up_to(stream, MAX_MEMBER + 1)
        if len(content) <= MAX_MEMBER and (len(content) != info.file_size or zlib.crc32(content) != info.CRC):
            raise ValueError("the content does not fit its checksum")
        return content

    def _compressed(self, info: zipfile.ZipInfo) -> bytes:
        """The compressed bytes of a member, which follow its own header (PKWARE's APPNOTE, 4.3.7)."""
        with self._path.open("rb") as file:
            file.seek(info.header_offset)
            header = file.read(30)
            if header[:4] != b"PK\x03\x04" or len(header) < 30:
                raise ValueError("a member has no header")
            file.seek(sum(struct.unpack("<HH", header[26:30])), 1)
            return file.read(min(info.compress_size, MAX_MEMBER))

    @contextmanager
    def _refuses_damage(self) -> Iterator[None]:
        try:
            yield
        except _DAMAGED as error:
            raise BenchError(f"{self._path}: is damaged: {str(error)[:200]}. Import the file as the tool wrote it.") from None


def _read_up_to(stream: _Reader, size: int) -> bytes:
    """So many bytes of a stream, or all of them."""
    parts, left = [], size
    while left and (part := stream.read(min(left, 2**20))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
