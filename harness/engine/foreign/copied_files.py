"""The files of a foreign folder that decide what its model answers, and their copy in the run.

A trainer leaves much else there: states of optimizers, pickled arguments, logs, cards. None of it is read or copied.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from harness.engine.foreign.adapter_config import ADAPTER_CONFIG, ADAPTER_WEIGHTS
from harness.engine.models import digest_of, model_files
from harness.errors import BenchError
from harness.store import hash_file, make_private_folder
from harness.types import ArtifactSpec

_TOKENIZER = ("tokenizer*.json", "tokenizer*.model", "special_tokens_map.json", "added_tokens.json", "chat_template*.jinja",
              "chat_template.json", "vocab*.json", "vocab*.txt", "merges.txt", "spiece.model")  # fmt: skip
_MAX_FILES = 1_000
_PART = ".part"


def list_adapter_files(folder: Path) -> list[Path]:
    """The adapter and the tokenizer beside it, if there is one.

    Raises:
        BenchError: one of them is a link, or there are too many.
    """
    others = {file for pattern in _TOKENIZER for file in folder.glob(pattern)}
    return _checked(folder, [folder / ADAPTER_CONFIG, folder / ADAPTER_WEIGHTS, *others])


def list_model_files(folder: Path) -> list[Path]:
    """The weights, the configuration and the tokenizer of a whole model, without Python code; raises as `list_adapter_files` does."""
    return _checked(folder, [file for file in model_files(folder) if file.suffix != ".py"])


def _checked(folder: Path, files: Sequence[Path]) -> list[Path]:
    if len(files) > _MAX_FILES:
        raise BenchError(f"{folder}: has {len(files):,} files of weights and a tokenizer, and bench accepts up to {_MAX_FILES:,}")
    for file in files:
        if file.is_symlink():
            raise BenchError(
                f"{file}: is a link, which could lead anywhere. Copy the folder with what its links point to (cp -rL), and name the copy."
            )
        if not file.is_file():
            raise BenchError(f"{file}: is not a file. Delete it, or name another folder.")
    return sorted(files)


def digest_files(files: Sequence[Path]) -> str:
    """sha256 over names and contents, in hex, wherever the folder is."""
    return digest_of(f"{file.name}:{hash_file(file)}" for file in files)


def copy_artifact(spec: ArtifactSpec, target: Path) -> None:
    """Copy the files into the run, which then no longer depends on the folder: completely, or not at all.

    Raises:
        BenchError: the folder has changed since it was examined.
    """
    kept = sorted(target.iterdir()) if target.is_dir() else []
    if kept and digest_files([file for file in kept if file.name != "README.md"]) == spec.sha256:
        return
    folder = Path(os.path.expanduser(spec.path))
    part = target.with_name(target.name + _PART)
    for old in (part, target):
        shutil.rmtree(old, ignore_errors=True)
    make_private_folder(part)
    files = list_model_files(folder) if spec.kind == "model" else list_adapter_files(folder)
    copies = [Path(shutil.copyfile(file, part / file.name)) for file in files]
    if digest_files(copies) != spec.sha256:
        shutil.rmtree(part)
        raise BenchError(f"{folder}: has changed since the run began. Run the command again when nothing writes to it.")
    part.rename(target)
