"""Readers of the files that a run needs while it is in progress."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from harness.grid.execution.job import Job
from harness.grid.execution.memory_place import at_stored_place
from harness.store import CellFolder
from harness.store.token_files import FEWEST_CHARACTERS, TokenFiles, read_token_file
from harness.types import MEMORY_STEPS
from tests.fuzz.readers.reader import Reader, get_folder, refusals, write_as_stranger

_TOKENS = [[1, 2, 3], [], [2**31 - 1, 0]]


def read_memory_place(content: bytes, folder: Path) -> None:
    """Replace where a training was on the memory ladder, and begin it again."""
    files = CellFolder(folder / "cell")
    files.checkpoint.mkdir(parents=True)
    (files.checkpoint / "run.json").write_text("{}")  # its digest counts from this folder
    write_as_stranger(files.checkpoint / "memory.json", content)
    job = Job("run", "cell", "model", {"kind": "cpu", "name": "cpu", "dtype": "float32"}, "cache", 60.0, most_processes=4)
    with refusals():
        begun = at_stored_place(job, files)
        assert begun.place.step in MEMORY_STEPS and 1 <= begun.processes <= 4 and (begun.place.micro_batch_tokens or 1) >= 1


def _memory_place() -> dict[str, Any]:
    return {"device": "cpu", "place": {"step": "gradient-checkpointing", "micro_batch_tokens": 512}, "processes": 2}


def read_tokens(content: bytes, folder: Path) -> None:
    """Read token ids that another cell has kept."""
    (folder / "tokens.safetensors").write_bytes(content)
    rows = read_token_file(folder / "tokens.safetensors", len(_TOKENS))
    assert rows is None or (len(rows) == len(_TOKENS) and all(0 <= token < 2**31 for row in rows for token in row))


@lru_cache(maxsize=1)
def _tokens() -> bytes:
    kept = TokenFiles(get_folder() / "tokens", "a model")
    kept(["x" * FEWEST_CHARACTERS] * len(_TOKENS), "", lambda: _TOKENS)
    return next((get_folder() / "tokens").iterdir()).read_bytes()


WORKING_FILES: dict[str, Reader] = {
    "kept-tokens": Reader(read_tokens, lambda: [_tokens()], share=0.1),
    "memory-place": Reader(read_memory_place, lambda: [json.dumps(_memory_place()).encode()], lambda: [_memory_place()], share=0.2),
}
