"""A finished cell's adapter in PEFT's format, with its tokenizer, its prompt, and a base model that the reader can find."""

from __future__ import annotations

import shutil
from pathlib import Path

from harness.data.privacy import TextGuard
from harness.engine.artifacts.checks import check_artifact
from harness.engine.artifacts.exports.base_copy import BASE_FOLDER, copy_base, is_on_hub, name_base, place_of
from harness.engine.artifacts.exports.export_card import export_card
from harness.engine.artifacts.exports.export_folder import Completion, Exported, new_folder
from harness.engine.artifacts.exports.prompt_file import PromptParts, stored_tokenizer
from harness.engine.artifacts.exports.transformers4 import add_older_names
from harness.engine.models import ModelSource, size_of
from harness.errors import BenchError, setting
from harness.results import FinishedCell
from harness.store import write_text

ADDED_TOKENS = "added_tokens"  # in the provenance of a cell whose weights were trained elsewhere
_SMALL_BASE = 2_000_000_000  # bytes of a base model that is written without being asked for


def needs_base(finished: FinishedCell, with_base: bool | None) -> bool:
    """Whether the base model must be found on this machine: to be written, or to see how large it is."""
    return not is_on_hub(finished) if with_base is None else with_base


def export_adapter(
    finished: FinishedCell,
    target: Path,
    source: ModelSource | None,
    *,
    with_base: bool | None = None,
    trust_remote_code: bool = False,
    guard: TextGuard | None = None,
    complete: Completion | None = None,
) -> Exported:
    """Write the adapter.

    Args:
        source: the base model, where `needs_base`.
        with_base: write the base model beside the adapter; None: if it is not on the Hub and smaller than 2 GB.
        guard: what replaces identifiers of people in the prompt and the card.
        complete: adds files before the folder appears in its place.

    Raises:
        BenchError: the cell has no adapter, a file is damaged, or the folder cannot be written.
    """
    check_artifact(finished)
    _refuse_new_tokens(finished)
    parts = PromptParts.of(finished, stored_tokenizer(finished, trust_remote_code=trust_remote_code), guard)
    included = source is not None and (with_base or size_of(source.folder) <= _SMALL_BASE)
    place = place_of(finished, included=included)
    with new_folder(target) as part:
        for file in finished.files.artifact.iterdir():
            if file.is_file() and file.name != "README.md":
                shutil.copyfile(file, part / file.name)
        if source is not None and included:
            copy_base(source, part)
        name_base(part, place)
        add_older_names(part)
        parts.write(part)
        write_text(part / "README.md", export_card(finished, parts, base=place, guard=guard))
        if complete is not None:
            complete(part, parts)
    return Exported(target, finished, _notes(finished, source, included))


def _refuse_new_tokens(finished: FinishedCell) -> None:
    """
    Raises:
        BenchError: the adapter has embeddings for more tokens than its base model, which nothing adds by itself when both are loaded.
    """
    if added := finished.run.results[finished.cell.id].provenance.get(ADDED_TOKENS):
        raise BenchError(
            f"'{finished.strategy.name}' comes with embeddings of {added} tokens that its base model does not have, so that the two "
            f"cannot be loaded together without code of their own. Export the whole model with {setting('merge')}."
        )


def _notes(finished: FinishedCell, source: ModelSource | None, included: bool) -> tuple[str, ...]:
    name = finished.run.plan.models[finished.cell.model].name
    if included:
        return (f"The base model '{name}' is in the folder '{BASE_FOLDER}'.",)
    if is_on_hub(finished):
        return ()
    size = f" ({size_of(source.folder) / 1e9:.1f} GB)" if source is not None else ""
    return (f"The base model '{name}'{size} is not part of the export. The card says where to put it; {setting('with_base')} writes it.",)
