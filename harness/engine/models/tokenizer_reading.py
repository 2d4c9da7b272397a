"""The tokenizer of a model's folder, read once in a process and in those that are forked from it.

Its files take longer to read than weights that are mapped into memory: 0.1 to 0.5 s for SmolLM2, whose vocabulary is small.
"""

from __future__ import annotations

import copy
from functools import lru_cache
from pathlib import Path
from typing import Any

from harness.errors import BenchError

_KEPT = 4
_FileState = tuple[str, int, int, int, int]  # name, bytes, inode, and when its content and its state were changed, in nanoseconds
_TEMPLATES = "additional_chat_templates"  # the only folder inside that is read


def read_tokenizer(folder: Path, *, trust_remote_code: bool = False) -> Any:
    """The tokenizer in a folder.

    Callers may set its attributes. What tokenizers written in Rust hold is common to all callers: the vocabulary, which must not be
    changed, and how the last call has cut and padded texts, which each call sets anew.

    Raises:
        Exception: transformers cannot read the files.
    """
    if trust_remote_code:  # what the model's own code keeps is not known
        return _read(folder, trust_remote_code=True)
    tokenizer = copy.copy(_read_once(str(folder), _state_of(folder)))
    for name, value in vars(tokenizer).items():
        if isinstance(value, dict | list | set):
            setattr(tokenizer, name, copy.copy(value))
    return tokenizer


def try_tokenizer(tokenizer: Any) -> None:
    """Use a tokenizer once: its files are not checked when they are read, and it would fail in the middle of a run.

    Raises:
        Exception: it does not work.
    """
    limit = tokenizer.model_max_length
    if isinstance(limit, bool) or not isinstance(limit, int | float):
        raise BenchError(f"its tokenizer_config.json has a model_max_length that is not a number: {limit!r:.40}")
    (ids,) = tokenizer(["a b"], add_special_tokens=True, split_special_tokens=True)["input_ids"]
    tokenizer.decode(ids, skip_special_tokens=True)
    if any(not isinstance(special, int) for special in (*tokenizer.all_special_ids, *tokenizer.added_tokens_decoder)):
        raise BenchError("its tokenizer has a special token that is not in its vocabulary")


def _state_of(folder: Path) -> tuple[_FileState, ...]:
    """Which files the folder has, to notice that one was changed."""
    states = [(str(file), file.stat()) for file in (*folder.iterdir(), *(folder / _TEMPLATES).glob("*")) if file.is_file()]
    return tuple(sorted((name, each.st_size, each.st_ino, each.st_mtime_ns, each.st_ctime_ns) for name, each in states))


@lru_cache(maxsize=_KEPT)
def _read_once(folder: str, _files: tuple[_FileState, ...]) -> Any:
    return _read(Path(folder), trust_remote_code=False)


def _read(folder: Path, *, trust_remote_code: bool) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(str(folder), trust_remote_code=trust_remote_code)
