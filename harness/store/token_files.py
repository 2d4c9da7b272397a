"""Token ids of long lists of texts, kept while a run is in progress: the first cell of a model tokenizes them, and the others read the ids.

A file is named by a digest of its texts, the model and the settings of the tokenizer. One that is damaged counts for nothing and is written
anew. Where none can be written, each cell tokenizes the texts itself.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from harness.store.atomic import PRIVATE_FOLDER, write_atomically

FEWEST_CHARACTERS = 100_000  # of all texts together; fewer are tokenized in less than 0.15 s


class TokenFiles:
    """
    Args:
        folder: for the files of one run; it need not exist yet.
        model: the digest of the model whose tokenizer is used.
    """

    def __init__(self, folder: Path, model: str) -> None:
        self._folder, self._model = folder, model

    def __call__(self, texts: Sequence[str], settings: str, tokenize: Callable[[], list[list[int]]]) -> list[list[int]]:
        """The ids of each text: those that are kept, or those of `tokenize`, which are then kept.

        Args:
            settings: what decides besides the model's files which ids a text has.
        """
        if sum(map(len, texts)) < FEWEST_CHARACTERS:
            return tokenize()
        file = self._folder / f"{self._name(texts, settings)}.safetensors"
        rows = read_token_file(file, len(texts))
        if rows is None:
            rows = tokenize()
            with suppress(OSError, SafetensorError):
                # Not its parent: a process that was given up must not bring back the working folder of a run that has ended.
                self._folder.mkdir(PRIVATE_FOLDER, exist_ok=True)
                write_atomically(file, lambda partial: _write(partial, rows), private=True)
        return rows

    def _name(self, texts: Sequence[str], settings: str) -> str:
        digest = hashlib.sha256(json.dumps([self._model, settings]).encode())
        for text in texts:
            content = text.encode("utf-8", "surrogatepass")
            digest.update(len(content).to_bytes(8, "big") + content)
        return digest.hexdigest()


def read_token_file(file: Path, count: int) -> list[list[int]] | None:
    """The ids of so many texts; None if there is no such file, or it is damaged."""
    from safetensors.numpy import load_file

    try:
        tensors = load_file(file)
        ids, ends, check = (tensors[name] for name in ("ids", "ends", "check"))
    except (OSError, SafetensorError, KeyError, ValueError, TypeError):  # a type that numpy does not have is one of the last two
        return None
    shapes = [(str(each.dtype), each.ndim) for each in (ids, ends, check)]
    if shapes != [("int32", 1), ("int64", 1), ("int64", 1)] or len(ends) != count or check.tolist() != [_sum_of(ids, ends)]:
        return None
    starts = [0, *ends.tolist()]
    if starts != sorted(starts) or starts[-1] != len(ids) or (ids < 0).any():
        return None
    return [ids[start:end].tolist() for start, end in pairwise(starts)]


def _write(file: Path, rows: Sequence[Sequence[int]]) -> None:
    import numpy as np
    from safetensors.numpy import save_file

    ends = np.cumsum([len(row) for row in rows], dtype=np.int64)
    ids = np.fromiter((token for row in rows for token in row), np.int32, count=int(ends[-1]))
    save_file({"ids": ids, "ends": ends, "check": np.array([_sum_of(ids, ends)], np.int64)}, file)


def _sum_of(ids: Any, ends: Any) -> int:
    """A checksum of both arrays."""
    return zlib.crc32(ends.tobytes(), zlib.crc32(ids.tobytes()))
