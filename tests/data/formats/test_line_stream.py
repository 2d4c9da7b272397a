"""Rows from a stream: lines are used as they arrive, whatever pieces they arrive in."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.formats import line_stream, read_line_stream
from harness.data.records import BadRow, Record
from harness.errors import BenchError


class Pieces:
    """A stream that gives these pieces, one for each read."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces: Iterator[bytes] = iter([piece for piece in pieces if piece])

    def read1(self, size: int, /) -> bytes:
        return next(self._pieces, b"")


CONTENT = "first ü\n\nsecond 🩺\r\n  \nthird".encode()


@given(st.lists(st.integers(0, len(CONTENT)), max_size=6))
def test_pieces_do_not_matter(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(CONTENT)]
    pieces = [CONTENT[start:end] for start, end in pairwise(places)]
    rows = [row for batch in read_line_stream(Pieces(pieces), "in", 64, line_input="text") for row in batch]
    assert rows == [Record(1, {"text": "first ü"}), Record(3, {"text": "second 🩺"}), Record(5, {"text": "third"})]


def test_batches_end_with_what_has_arrived_and_at_their_size() -> None:
    pieces = [b"1\n2\n3\n", b"4\n5", b"\n"]
    batches = [[row.values["n"] for row in batch] for batch in read_line_stream(Pieces(pieces), "in", 2, line_input="n")]
    assert batches == [["1", "2"], ["3"], ["4"], ["5"]]


def test_bad_lines_are_named() -> None:
    (batch,) = read_line_stream(io.BytesIO(b'{"a": 1}\n{"a": 1, "a": 2}\n\xff\n{"a": "\\ud800"}\n3\n'), "in", 64)
    assert batch[0] == Record(1, {"a": 1})
    assert [str(row) for row in batch[1:]] == [
        "in:2: the key 'a' occurs twice in one object",
        "in:3: not UTF-8 at byte 1 of the line (0xff)",
        r"in:4: field 'a' contains a lone surrogate (\ud800), which is half of a character",
        'in:5: a number, not an object like {"input": …, "target": …}: \'3\'',
    ]
    assert all(isinstance(row, BadRow) for row in batch[1:])


def test_a_line_without_end_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_stream, "MAX_LINE_LENGTH", 100)
    endless = Pieces([b"x\n", *[b"y" * 60] * 5])
    with pytest.raises(BenchError, match=r"in:2: the line has more than 100 bytes"):
        list(read_line_stream(endless, "in", 64))
