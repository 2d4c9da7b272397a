"""What the library `datasets` keeps: folders that it saved (`save_to_disk`), and data sets of the Hub. No code of theirs is run."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.data.formats.arrow import BATCH, WHERE, Convert, batch_rows, class_converter, readable
from harness.data.formats.records import Rows, Stream, listed
from harness.errors import BenchError, first_line, setting

_NAMES = {"train": ("train", "training"), "validation": ("validation", "valid", "dev", "val"), "test": ("test",)}
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


@dataclass(frozen=True)
class Saved:
    """A data set as it was found: its splits by the names that they have, and where it is from."""

    splits: Mapping[str, Stream]
    origin: Mapping[str, str]


def is_saved(folder: Path) -> bool:
    """Whether a folder was written by `save_to_disk`."""
    return (folder / "dataset_dict.json").is_file() or (folder / "state.json").is_file()


def saved_folder(folder: Path) -> Stream | Saved:
    """A folder that `datasets` saved: one table, or several by split.

    Raises:
        BenchError: the library cannot read it.
    """
    try:
        data = _datasets().load_from_disk(str(folder))
    except Exception as error:  # whatever pyarrow, json and the library itself raise on a broken folder
        raise BenchError(f"{folder.name}: cannot be read as a folder saved by datasets ({first_line(error)}). Is it whole?") from None
    if not isinstance(data, dict):
        return _stream(data, folder.name, [folder])
    splits = {split: _stream(rows, f"{folder.name}/{split}", [folder / split]) for split, rows in data.items()}
    return Saved(splits, {"folder": folder.name})


def hub_data(repository: str, revision: str | None, subset: str | None) -> Saved:
    """A data set of the Hub, from the cache of `datasets` if it is there.

    Raises:
        BenchError: no such data set, revision or subset; gated; needs code of its own; offline and not in the cache.
    """
    if not _HUB_NAME.fullmatch(repository):
        raise BenchError(
            f"hub: '{repository}' is no name of a data set; it looks like org/name, as in https://huggingface.co/datasets/org/name"
        )
    if Path(repository).is_dir():
        raise BenchError(f"hub: {repository}: there is a folder of that name here, which would be read instead. Run from another folder")
    try:
        data = _datasets().load_dataset(repository, name=subset, revision=revision)
    except Exception as error:  # connection, authorization, parsing: many libraries stand behind this one call
        raise BenchError(f"hub: {repository}: {_reason(error)}") from None
    if not isinstance(data, dict):
        data = {"train": data}
    found = _commit(data)
    if revision and found and re.fullmatch(r"[0-9a-f]{40}", revision) and found != revision:
        # offline, the library takes the newest copy that it has
        raise BenchError(f"hub: {repository}: revision {revision} is not in the cache (it holds {found}), and the Hub cannot be reached")
    origin = {"hub": repository, "revision": found or revision, "subset": subset}
    streams = {split: _stream(rows, f"{repository}[{split}]", None) for split, rows in data.items()}
    return Saved(streams, {key: value for key, value in origin.items() if value})


def given_splits(saved: Saved, name: str) -> tuple[dict[str, Stream], list[str]]:
    """The splits by our names, and warnings; under `file` where there is one only, whatever its name: it is still to be split.

    Without a test split, validation takes its place.

    Raises:
        BenchError: there are several splits and none to train on, or nothing beside train to test on.
    """
    if len(saved.splits) == 1:
        return {"file": next(iter(saved.splits.values()))}, []
    lower = {split.casefold(): split for split in reversed(list(saved.splits))}
    ours = {role: next((lower[n] for n in names if n in lower), None) for role, names in _NAMES.items()}
    found = {role: split for role, split in ours.items() if split is not None}
    unused = [split for split in saved.splits if split not in found.values()]
    warnings = [f"{name}: splits that are not used: {listed(unused)}"] if unused else []
    if "test" not in found and "validation" in found:
        found["test"] = found.pop("validation")
        warnings.append(f"{name} has no split 'test': '{found['test']}' is tested on, and a tenth of train is set aside as validation")
    if not {"train", "test"} <= found.keys():
        raise BenchError(
            f"{name}: its splits are {listed(saved.splits)}; there must be one called train and one called test (or validation), "
            "or one split only, which is then split by shares"
        )
    return {role: saved.splits[split] for role, split in found.items()}, warnings


def _datasets() -> Any:
    import datasets

    datasets.disable_progress_bars()
    datasets.logging.set_verbosity_error()
    return datasets


def _stream(data: Any, name: str, folders: Sequence[Path] | None) -> Stream:
    named = _class_columns(data.features)

    def rows() -> Rows:
        with readable(name, "Arrow"):
            yield from batch_rows(data.with_format("arrow").iter(batch_size=BATCH), name, named)

    return Stream(
        name=name,
        rows=rows,
        sha256=lambda: _digest(folders) if folders else "",
        where=WHERE,
    )


def _digest(folders: Sequence[Path]) -> str:
    """sha256 (hex) of the sha256 of each of the Arrow files, in the order of their names."""
    total = hashlib.sha256()
    for file in sorted(file for folder in folders for file in folder.glob("*.arrow")):
        with file.open("rb") as opened:
            total.update(hashlib.file_digest(opened, "sha256").digest())
    return total.hexdigest()


def _class_columns(features: Mapping[str, Any]) -> dict[str, Convert]:
    """Converters of the columns that hold classes, or lists of them."""
    found = {}
    for name, feature in features.items():
        inner = feature
        while hasattr(inner, "feature"):
            inner = inner.feature
        if type(inner).__name__ == "ClassLabel":
            found[name] = class_converter(list(inner.names))
    return found


def _commit(data: Mapping[str, Any]) -> str | None:
    """The Hub's commit that the rows are from: it stands in the addresses that they were downloaded from, and in the cache's folder."""
    for rows in data.values():
        addresses = list(rows.info.download_checksums or {})
        for text in [*addresses, *(str(file.get("filename", "")) for file in rows.cache_files)]:
            if found := re.search(r"(?<![0-9a-f])[0-9a-f]{40}(?![0-9a-f])", text):
                return found.group()
    return None


def _reason(error: Exception) -> str:
    said = first_line(error).rstrip(".")
    if isinstance(error, ConnectionError) or "offline" in said.casefold():
        return (
            f"the Hub cannot be reached and the dataset is not in the cache ({said}). Go online once, or save it on another machine "
            f"(datasets: save_to_disk) and load that folder with {setting('data', 'FOLDER')}"
        )
    if "gated" in said:
        return f"{said}. Accept its terms on its page, then: hf auth login"
    if "scripts are no longer supported" in said:
        return f"it needs code of its own to be read, which is never run ({said}). Look for a copy as Parquet files"
    if "onfig" in said:  # "Config name is missing", "BuilderConfig 'x' not found"
        options = " ".join(str(error).split())
        return f"{options[:300]}. Name one as 'subset' in the task's data"
    return f"{said}. Is the name right, and may you read it?"
