"""What a reader of the campaign is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from hypothesis import strategies as st

from harness.errors import BenchError
from harness.types import Task
from tests.foreign import write_sealed_json
from tests.fuzz.inputs import altered, damaged

Read = Callable[[bytes, Path], None]


@dataclass(frozen=True)
class Reader:
    """A reader of one kind of file.

    Attributes:
        read: reads this content; the folder is empty.
        seeds: valid files.
        documents: valid JSON documents, whose values are exchanged.
        share: how many inputs of a campaign it gets, relative to the others: fewer where one input takes long.
    """

    read: Read
    seeds: Callable[[], Sequence[bytes]]
    documents: Callable[[], Sequence[Any]] = field(default=lambda: ())
    share: float = 1.0

    def inputs(self) -> st.SearchStrategy[bytes]:
        """Hostile inputs for this reader."""
        bytes_ = damaged(self.seeds())
        documents = self.documents()
        return st.one_of(altered(documents), altered(documents), bytes_) if documents else bytes_


@contextmanager
def refusals() -> Iterator[None]:
    """A file may be refused, with a message that can be printed."""
    message = "none"
    try:
        yield
    except BenchError as error:
        message = str(error)
    except click.BadParameter:
        pass
    assert message.strip(), "a refusal needs a message"
    assert len(message) < 20_000, "a message must not repeat the file"


TASK = Task(
    name="fuzz", kind="summarization", data={"path": "a.csv"}, prompt="{{ input }}\n", metrics=("rouge", "length"), primary="rougeL",
    margin=0.01,
)  # fmt: skip


_FOLDERS: dict[str, Path] = {}


def use_folder(folder: Path) -> None:
    """Keep the run, the registry and the model that inputs are made from here."""
    _FOLDERS["folder"] = folder


def get_folder() -> Path:
    """Where they are kept."""
    return _FOLDERS["folder"]


def write_as_stranger(file: Path, content: bytes) -> None:
    """Write the content; a JSON object gets the digest that belongs to it, so that the checks behind the digest are tried, too."""
    file.write_bytes(content)
    with suppress(ValueError, RecursionError):
        value = json.loads(content)
        if isinstance(value, dict):
            value.pop("seal", None)
            write_sealed_json(file, value)


def file_seeds(root: Callable[[], Path], place: str) -> Callable[[], Sequence[bytes]]:
    """A file of a folder that is made on first use."""
    return lambda: [next(root().glob(place)).read_bytes()]


def document_seeds(root: Callable[[], Path], place: str) -> Callable[[], Sequence[Any]]:
    """A JSON file of a folder that is made on first use."""
    return lambda: [json.loads(next(root().glob(place)).read_bytes())]
