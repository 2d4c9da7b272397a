"""The base model of an exported adapter: a name on the Hub, or a folder beside the adapter."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from harness.engine.artifacts.exports.transformers4 import add_older_names
from harness.engine.models import ModelSource, folder_digest, model_files
from harness.errors import BenchError
from harness.results import FinishedCell
from harness.store import read_json, write_json

BASE_FOLDER = "base"
_TERMS = ("LICENSE*", "NOTICE*")


@dataclass(frozen=True)
class BasePlace:
    """Where the code of a card finds the base model.

    `hub` is its name on the Hub; None if it is in the folder `base`. `included` tells whether that folder was written: else it is for the
    user to fill.
    """

    hub: str | None
    revision: str | None
    included: bool = False

    @property
    def reference(self) -> str:
        """What libraries that start in the export's folder load it by."""
        return self.hub or f"./{BASE_FOLDER}"


def place_of(finished: FinishedCell, *, included: bool) -> BasePlace:
    """The place of a finished cell's base model.

    Args:
        included: whether the export contains it.
    """
    model = finished.run.plan.models[finished.cell.model]
    on_hub = is_on_hub(finished) and not included
    return BasePlace(model.origin if on_hub else None, model.revision if on_hub else None, included)


def is_on_hub(finished: FinishedCell) -> bool:
    """Whether another machine gets the very same base model from the Hub: only then does the run know a revision."""
    return finished.run.plan.models[finished.cell.model].revision is not None


def copy_base(source: ModelSource, folder: Path) -> None:
    """Copy the files of a base model, and its terms, to `base` in an export.

    Raises:
        BenchError: the copy differs from the model that was found.
        OSError: it cannot be written.
    """
    target = folder / BASE_FOLDER
    target.mkdir()
    for file in model_files(source.folder):
        shutil.copyfile(file, target / file.name)
    copy_terms(source.folder, target)
    if folder_digest(target) != source.digest:
        raise BenchError(f"{source.folder}: was changed while it was copied. Repeat the export.")
    add_older_names(target)


def copy_terms(source: Path, target: Path) -> None:
    """Copy the license of a model, and what it must be accompanied by."""
    for pattern in _TERMS:
        for file in source.glob(pattern):
            if file.is_file():
                shutil.copyfile(file, target / file.name)


def name_base(folder: Path, place: BasePlace) -> None:
    """Name the base model in an adapter's configuration."""
    file = folder / "adapter_config.json"
    config = read_json(file)
    config |= {"base_model_name_or_path": place.reference, "revision": place.revision}
    if config.get("tokenizer_name_or_path"):
        config["tokenizer_name_or_path"] = place.reference
    write_json(file, config)
