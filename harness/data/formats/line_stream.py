"""Rows from a stream, such as standard input, in batches of the lines that have come: nothing waits for the end of the stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Protocol, runtime_checkable

from harness.data.formats.plain_lines import text_record
from harness.data.formats.strict_json import decode_object
from harness.data.formats.text_file import MAX_LINE_LENGTH
from harness.data.records import BadRow, BadRowError, Record
from harness.errors import BenchError

_READ_BYTES = 2**16
_Rows = list[Record | BadRow]


@runtime_checkable
class ByteStream(Protocol):
    """A binary stream, such as `sys.stdin.buffer`."""

    def read1(self, size: int, /) -> bytes:
        """The bytes that are there, at most `size`; waits while there are none. Empty at the end."""


def read_line_stream(stream: ByteStream, name: str, most: int, *, line_input: str | None = None) -> Iterator[_Rows]:
    """The rows of a stream in JSON Lines, in batches of at most `most`. Empty lines are skipped.

    Args:
        name: the stream's name in messages.
        line_input: the stream is plain text, of which each line is this input.

    Raises:
        BenchError: a line that is too long.
    """
    read = partial(text_record, line_input) if line_input is not None else _decode
    number = 0
    for lines in _lines_as_they_come(stream, name):
        batch: _Rows = []
        for line in lines:
            number += 1
            row = _read_line(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line, number, name, read)
            if row is None:
                continue
            batch.append(row)
            if len(batch) == most:
                yield batch
                batch = []
        if batch:
            yield batch


def _lines_as_they_come(stream: ByteStream, name: str) -> Iterator[list[bytes]]:
    lines = 0
    unfinished = bytearray()
    while received := stream.read1(_READ_BYTES):
        *finished, rest = received.split(b"\n")
        if finished:
            finished[0] = bytes(unfinished) + finished[0]
            unfinished.clear()
        unfinished += rest
        lines += len(finished)
        if len(unfinished) > MAX_LINE_LENGTH:
            raise BenchError(f"{name}:{lines + 1}: the line has more than {MAX_LINE_LENGTH} bytes. Put each row on its own line")
        if finished:
            yield finished
    if unfinished:
        yield [bytes(unfinished)]


def _read_line(line: bytes, number: int, name: str, read: Callable[[int, str], Record]) -> Record | BadRow | None:
    if not line.strip():
        return None
    try:
        return read(number, line.decode())
    except UnicodeDecodeError as error:
        return BadRow(f"{name}:{number}", f"not UTF-8 at byte {error.start + 1} of the line (0x{line[error.start]:02x})")
    except BadRowError as error:
        return BadRow(f"{name}:{number}", str(error), error.excerpt)


def _decode(number: int, text: str) -> Record:
    return Record(number, decode_object(text))
