"""A file as text: unpacked where it is compressed, decoded from UTF-8, read line by line, and never more than it says it is.

A small archive can unpack to terabytes and a file without line ends is one line, so both are bounded.
"""

from __future__ import annotations

import bz2
import codecs
import gzip
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
LONGEST_LINE = 2**26  # characters
# No text that people write shrinks to a two-hundredth of itself.
FREE_BYTES, HIGHEST_RATIO = 2**30, 200
EMPTY = "the file is empty; it needs rows with inputs and targets"


@dataclass(frozen=True)
class TextFile:
    """A text file; `name` is how messages call it."""

    path: Path
    name: str

    @property
    def packed(self) -> bool:
        """Whether the file is compressed."""
        return self.path.suffix.lower() in COMPRESSED

    @cached_property
    def member(self) -> str:
        """The name of the one file in a .zip.

        Raises:
            BenchError: it is no .zip, or holds no file or several.
        """
        try:
            with zipfile.ZipFile(self.path) as archive:
                # what a Mac adds to every archive (.DS_Store, __MACOSX/._notes.csv) is no file of the user's
                names = [i.filename for i in archive.infolist() if not i.is_dir() and not i.filename.rpartition("/")[2].startswith(".")]
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise self._broken(error) from None
        if len(names) != 1:
            what = f"{len(names)} files ({', '.join(names[:5])}{', …' if len(names) > 5 else ''})" if names else "no file"
            raise BenchError(f"{self.name}: the archive holds {what}; it must hold exactly one. Unpack it and name the file")
        return names[0]

    def lines(self, newline: str = "") -> Iterator[str]:
        """The physical lines with their ends. Newline '' ends them at \\n, \\r and \\r\\n, newline '\\n' at that alone.

        Raises:
            BenchError: not UTF-8, a line of more than 64 million characters, an archive that is broken or unpacks to far too much.
        """
        with self._text(newline) as text:
            number = 0
            while line := text.readline(LONGEST_LINE):
                number += 1
                if len(line) == LONGEST_LINE:
                    raise BenchError(
                        f"{self.name}:{number}: a line of more than {LONGEST_LINE} characters. Each row needs a line of its own; "
                        "one JSON document belongs into a file that ends in .json"
                    )
                yield line

    def whole(self) -> str:
        """All of the text; raises as `lines` does."""
        with self._text("") as text:
            return text.read()

    @contextmanager
    def _text(self, newline: str) -> Iterator[io.TextIOWrapper]:
        with self._bytes() as raw:
            if raw.peek(2)[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                raise BenchError(f"{self.name}:1: not UTF-8 but UTF-16 (byte offset 0). {self._convert('UTF-16')}")
            # with or without a byte order mark; nothing is guessed, since a wrong guess would garble every text silently
            text = io.TextIOWrapper(raw, encoding="utf-8-sig", newline=newline)
            try:
                yield text
            except UnicodeDecodeError:
                raise self._not_utf8() from None
            finally:
                text.detach()

    @contextmanager
    def _bytes(self) -> Iterator[io.BufferedReader[_Bounded]]:
        try:
            with self._unpacked() as source, io.BufferedReader(_Bounded(source, self)) as raw:
                yield raw
        except (zipfile.BadZipFile, RuntimeError) as error:
            raise self._broken(error) from None
        except OSError as error:
            raise (self._broken(error) if self.packed else BenchError(f"{self.name}: cannot be read ({error.strerror})")) from None

    @contextmanager
    def _unpacked(self) -> Iterator[IO[bytes]]:
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

    def _broken(self, error: Exception) -> BenchError:
        return BenchError(f"{self.name}: cannot be unpacked ({first_line(error)}). Is it whole, and what its extension says?")

    def _not_utf8(self) -> BenchError:
        """Looks for the byte: the decoder that met it knows neither its offset nor its line."""
        decoder = codecs.getincrementaldecoder("utf-8")()
        offset, line = 0, 1
        with self._bytes() as raw:
            while True:
                chunk = raw.read(2**20)
                try:
                    decoder.decode(chunk, final=not chunk)
                except UnicodeDecodeError as error:
                    # what the decoder had kept of the chunk before stands in front of this one
                    offset += error.start - (len(error.object) - len(chunk))
                    line += error.object.count(b"\n", 0, error.start)
                    return BenchError(
                        f"{self.name}:{line}: not UTF-8 at byte offset {offset} (byte 0x{error.object[error.start]:02x}). "
                        + self._convert("WINDOWS-1252")
                    )
                offset += len(chunk)
                line += chunk.count(b"\n")

    def _convert(self, encoding: str) -> str:
        older = "" if encoding == "UTF-16" else ", if it is from an older Windows with"
        if self.packed:
            return f"Unpack and convert it{older}: iconv -f {encoding} -t UTF-8"
        return f"Convert it{older}: iconv -f {encoding} -t UTF-8 {self.name} > utf8-{self.name}"


class _Bounded(io.RawIOBase):
    """A source of bytes that stops with an error where an archive is broken, or unpacks to what no archive of text does."""

    def __init__(self, source: Any, file: TextFile) -> None:
        self._source, self._file, self._read = source, file, 0
        self._most = max(FREE_BYTES, HIGHEST_RATIO * file.path.stat().st_size) if file.packed else None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._source.read(len(buffer))
        except (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError, ValueError) as error:
            raise self._file._broken(error) from None
        self._read += len(data)
        if self._most is not None and self._read > self._most:
            raise BenchError(
                f"{self._file.name}: unpacks to more than {self._most >> 20} MiB, over {HIGHEST_RATIO} times its size, which no text does. "
                "If that is meant, unpack it and name the file"
            )
        buffer[: len(data)] = data
        return len(data)
