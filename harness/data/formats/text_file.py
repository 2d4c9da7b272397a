"""A file as text: decompressed if needed, decoded from UTF-8 and read line by line within limits.

A small archive can unpack to terabytes, and a file without line ends is a single line, so both are bounded.
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import hashlib
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from harness.errors import BenchError, first_line

COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".zip")
MAX_LINE_LENGTH = 2**26  # characters
# Archives below MIN_CHECKED_BYTES are always unpacked. Above, text written by people does not shrink to 1/200 of its size.
MIN_CHECKED_BYTES, MAX_RATIO = 2**30, 200
EMPTY_FILE = "the file is empty. It needs rows with inputs and targets"


def hash_content(path: Path) -> str:
    """sha256 (hex) of a file, as it is stored."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class TextFile:
    """A text file, compressed or not.

    Attributes:
        name: the file's name in messages.
    """

    path: Path
    name: str

    @property
    def is_compressed(self) -> bool:
        """Whether the file is compressed, by its extension."""
        return self.path.suffix.lower() in COMPRESSED

    @cached_property
    def member(self) -> str:
        """The name of the only file in a .zip.

        Raises:
            BenchError: the file is not a .zip, or does not contain exactly one file.
        """
        try:
            with zipfile.ZipFile(self.path) as archive:
                # macOS adds .DS_Store and __MACOSX/._notes.csv to every archive
                names = [i.filename for i in archive.infolist() if not i.is_dir() and not i.filename.rpartition("/")[2].startswith(".")]
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise self.unpacking_error(error) from None
        if len(names) != 1:
            content = f"{len(names)} files ({', '.join(names[:5])}{', …' if len(names) > 5 else ''})" if names else "no file"
            raise BenchError(f"{self.name}: the archive contains {content}, but it must contain exactly one. Unpack it and name the file")
        return names[0]

    def lines(self, newline: str = "") -> Iterator[str]:
        r"""The physical lines, with their line ends.

        Args:
            newline: "" splits at \n, \r and \r\n; "\n" splits only there.

        Raises:
            BenchError: not UTF-8, a line longer than `MAX_LINE_LENGTH`, or an archive that is broken or unpacks to far too much.
        """
        with self._open_text(newline) as text:
            number = 0
            while line := text.readline(MAX_LINE_LENGTH):
                number += 1
                if len(line) == MAX_LINE_LENGTH:
                    raise BenchError(
                        f"{self.name}:{number}: the line has more than {MAX_LINE_LENGTH} characters. Put each row on its own line; "
                        "if the file is one JSON document, rename it to .json"
                    )
                yield line

    def read(self) -> str:
        """The whole text.

        Raises:
            BenchError: as `lines`, but for the length of lines.
        """
        with self._open_text("") as text:
            return text.read()

    def unpacking_error(self, error: Exception) -> BenchError:
        """The error for an archive that cannot be unpacked."""
        return BenchError(
            f"{self.name}: cannot be unpacked ({first_line(error)}). Check that the file is complete and that its extension is right"
        )

    @contextmanager
    def _open_text(self, newline: str) -> Iterator[io.TextIOWrapper]:
        with self._open_bytes() as raw:
            if raw.peek(2)[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                raise BenchError(f"{self.name}:1: not UTF-8 but UTF-16 (byte offset 0). {self._conversion_advice('UTF-16')}")
            # UTF-8 with or without a byte order mark. Guessing an encoding could silently garble every text.
            text = io.TextIOWrapper(raw, encoding="utf-8-sig", newline=newline)
            try:
                yield text
            except UnicodeDecodeError:
                raise self._encoding_error() from None
            finally:
                text.detach()

    @contextmanager
    def _open_bytes(self) -> Iterator[io.BufferedReader[_BoundedReader]]:
        try:
            with self._unpack() as source, io.BufferedReader(_BoundedReader(source, self)) as raw:
                yield raw
        except (zipfile.BadZipFile, RuntimeError) as error:
            raise self.unpacking_error(error) from None
        except OSError as error:
            if self.is_compressed:
                raise self.unpacking_error(error) from None
            raise BenchError(f"{self.name}: cannot be read ({error.strerror})") from None

    @contextmanager
    def _unpack(self) -> Iterator[IO[bytes]]:
        match self.path.suffix.lower():
            case ".gz":
                with gzip.open(self.path) as file:
                    yield file  # type: ignore[misc]
            case ".bz2":
                with bz2.open(self.path) as file:
                    yield file
            case ".xz":
                with lzma.open(self.path) as file:
                    yield file
            case ".zst":
                import pyarrow

                with pyarrow.input_stream(str(self.path), compression="zstd") as file:
                    yield file
            case ".zip":
                with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as file:
                    yield file
            case _:
                with self.path.open("rb") as file:
                    yield file

    def _encoding_error(self) -> BenchError:
        """The error with line and offset of the first byte that is not UTF-8. The text reader knows neither, so the file is read again."""
        decoder = codecs.getincrementaldecoder("utf-8")()
        offset, line = 0, 1
        with self._open_bytes() as raw:
            while True:
                chunk = raw.read(2**20)
                try:
                    decoder.decode(chunk, final=not chunk)
                except UnicodeDecodeError as error:
                    # bytes that the decoder kept from the previous chunk precede this one
                    offset += error.start - (len(error.object) - len(chunk))
                    line += error.object.count(b"\n", 0, error.start)
                    return BenchError(
                        f"{self.name}:{line}: not UTF-8 at byte offset {offset} (byte 0x{error.object[error.start]:02x}). "
                        + self._conversion_advice("WINDOWS-1252")
                    )
                offset += len(chunk)
                line += chunk.count(b"\n")

    def _conversion_advice(self, encoding: str) -> str:
        condition = "" if encoding == "UTF-16" else " (for files from older Windows programs)"
        if self.is_compressed:
            return f"Unpack and convert it{condition}: iconv -f {encoding} -t UTF-8"
        return f"Convert it{condition}: iconv -f {encoding} -t UTF-8 {self.name} > utf8-{self.name}"


class _BoundedReader(io.RawIOBase):
    """A source of bytes that raises an error if an archive is broken, or unpacks to more than an archive of text could."""

    def __init__(self, source: Any, file: TextFile) -> None:
        self._source, self._file, self._bytes_read = source, file, 0
        self._limit = max(MIN_CHECKED_BYTES, MAX_RATIO * file.path.stat().st_size) if file.is_compressed else None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._source.read(len(buffer))
        except (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError, ValueError) as error:
            raise self._file.unpacking_error(error) from None
        self._bytes_read += len(data)
        if self._limit is not None and self._bytes_read > self._limit:
            raise BenchError(
                f"{self._file.name}: unpacks to more than {self._limit >> 20} MiB, over {MAX_RATIO} times its size, which text never does. "
                "If this is intended, unpack it and name the file"
            )
        buffer[: len(data)] = data
        return len(data)
