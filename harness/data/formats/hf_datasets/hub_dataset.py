"""Datasets of the Hugging Face Hub."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.data.formats.hf_datasets.dataset_splits import DatasetSplits, build_table, import_datasets
from harness.errors import BenchError, first_line, setting

_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_COMMIT = re.compile(r"(?<![0-9a-f])[0-9a-f]{40}(?![0-9a-f])")


def load_hub_dataset(repository: str, revision: str | None, subset: str | None) -> DatasetSplits:
    """Load a dataset of the Hub, from the cache of `datasets` if it is there.

    Args:
        repository: its name, as org/name.
        revision: a branch, tag or commit; None for the default branch.
        subset: its configuration; None if it has only one.

    Raises:
        BenchError: the dataset, revision or subset does not exist, is gated, or needs its own code to load; or the machine is offline and
            the dataset is not in the cache.
    """
    if not _HUB_NAME.fullmatch(repository):
        raise BenchError(
            f"hub: '{repository}' is not the name of a dataset. Names look like org/name, as in https://huggingface.co/datasets/org/name"
        )
    if Path(repository).is_dir():
        raise BenchError(f"hub: {repository}: a local folder has this name and would be read instead. Run from another folder")
    try:
        data = import_datasets().load_dataset(repository, name=subset, revision=revision)
    except Exception as error:  # many libraries are involved: connection, authorization, parsing
        raise BenchError(f"hub: {repository}: {_explain(error)}") from None
    if not isinstance(data, dict):
        data = {"train": data}
    commit = _find_commit(data)
    if revision and commit and _COMMIT.fullmatch(revision) and commit != revision:
        # offline, the library takes the newest copy that it has
        raise BenchError(
            f"hub: {repository}: revision {revision} is not in the cache (which has {commit}) and the Hub cannot be reached. Go online once"
        )
    origin = {"hub": repository, "revision": commit or revision, "subset": subset}
    tables = {split: build_table(part, f"{repository}[{split}]", []) for split, part in data.items()}
    return DatasetSplits(tables, {key: value for key, value in origin.items() if value})


def _find_commit(data: Mapping[str, Any]) -> str | None:
    """The commit that a dataset was loaded from: its hash is in the download addresses and in the paths of the cache."""
    for part in data.values():
        addresses = list(part.info.download_checksums or {})
        for text in [*addresses, *(str(file.get("filename", "")) for file in part.cache_files)]:
            if match := _COMMIT.search(text):
                return match.group()
    return None


def _explain(error: Exception) -> str:
    """An error of the library in one line, with what to do."""
    message = first_line(error).rstrip(".")
    if isinstance(error, ConnectionError) or "offline" in message.casefold():
        return (
            f"the Hub cannot be reached and the dataset is not in the cache ({message}). Go online once, or save it on another machine "
            f"(datasets: save_to_disk) and load that folder with {setting('data', 'FOLDER')}"
        )
    if "gated" in message:
        return f"{message}. Accept the terms on its page, then run: hf auth login"
    if "scripts are no longer supported" in message:
        return f"loading it needs its own code, which is never run ({message}). Look for a copy as Parquet files"
    if "onfig" in message:  # "Config name is missing", "BuilderConfig 'x' not found"
        full_message = " ".join(str(error).split())
        return f"{full_message[:300]}. Name one as 'subset' in the task's data"
    return f"{message}. Check the name and your access"
