"""Exporting what a finished cell has trained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, get_args

from harness.api.arguments import Dtype, ModelFormat, PathLike, RunLike
from harness.api.loaded_run import load_results
from harness.errors import BenchError, did_you_mean, setting
from harness.results import FinishedCell, find_cell

if TYPE_CHECKING:  # imported where a model is loaded
    from harness.engine.artifacts import Exported


class FinishedListener(Protocol):
    """Receives the progress of a finished cell that is used."""

    def chosen(self, finished: FinishedCell) -> None:
        """The cell is selected, and its model is about to be loaded."""

    def progress(self, done: int, total: int | None) -> None:
        """So many of the examples are answered; the total of a stream is not known."""


def export(
    run: RunLike,
    strategy: str,
    out: PathLike,
    *,
    merge: bool = False,
    format: ModelFormat = "safetensors",
    dtype: Dtype = "auto",
    with_base: bool | None = None,
    force: bool = False,
    anonymize: bool = False,
    task: str | None = None,
    model: str | None = None,
    seed: int | None = None,
    train_size: int | None = None,
    model_path: PathLike | None = None,
    trust_remote_code: bool = False,
    runs_dir: PathLike = "runs",
    listener: FinishedListener | None = None,
) -> Exported:
    """Write the adapter or the model of a finished cell to a folder that other programs can load.

    Args:
        out: a new or empty folder.
        merge: merge the adapter into its base model.
        format: "gguf" writes the whole model as a GGUF file, an adapter merged into its base model; it needs llama.cpp's converter.
        dtype: number format of a whole model; "auto" is the one that the cell computed in.
        with_base: write the base model beside an adapter; None: if it is not on the Hub and smaller than 2 GB.
        force: replace an earlier export.
        anonymize: replace the identifiers of people that patterns find in the prompt, in prompt.json and on the card. The model was
            trained with the original prompt, so its outputs may differ where something was replaced.
        run, strategy, task, model, seed, train_size, model_path, trust_remote_code, runs_dir, listener: as for `predict`.

    Raises:
        BenchError: as `predict`; a folder that is not empty; a method that cannot be merged; labels with identifiers, if they are replaced.
    """
    from harness.engine.artifacts import (
        check_target,
        device_for,
        export_adapter,
        export_model,
        find_base,
        find_converter,
        make_export_guard,
        needs_base,
    )

    if format not in (known := get_args(ModelFormat)):
        raise BenchError(f"unknown format '{format}'.{did_you_mean(format, known)}")
    converter = find_converter(setting("format", "gguf")) if format == "gguf" else None
    target = Path(out)
    check_target(target, force=force)
    finished = find_cell(load_results(run, runs_dir, task=task), strategy, task=task, model=model, seed=seed, train_size=train_size)
    if listener is not None:
        listener.chosen(finished)
    if not finished.strategy.stores_weights:
        raise BenchError(f"'{strategy}' trains nothing: it is the base model with a prompt, so there is nothing to export")
    guard = make_export_guard(finished) if anonymize else None
    is_whole = finished.strategy.has_whole_model or merge or format == "gguf"
    if not is_whole:
        if dtype != "auto":
            raise BenchError(
                f"{setting('dtype', dtype)} needs {setting('merge')}: only a whole model is converted. "
                "An adapter keeps the number format that it was trained in."
            )
        source = None
        if needs_base(finished, with_base):
            try:
                source = find_base(finished, _text(model_path), with_code=trust_remote_code)
            except BenchError as error:
                raise BenchError([*error.problems, f"{setting('with_base', 'False')} exports the adapter alone."]) from None
        return export_adapter(finished, target, source, with_base=with_base, trust_remote_code=trust_remote_code, guard=guard)
    if with_base is not None:
        value = None if with_base else "False"
        raise BenchError(f"{setting('with_base', value)} is for adapters, and this export is a whole model. Leave it out.")
    source = find_base(finished, _text(model_path), with_code=trust_remote_code)
    return export_model(
        finished,
        source,
        device_for(finished.run),
        target,
        dtype=dtype,
        converter=converter,
        trust_remote_code=trust_remote_code,
        guard=guard,
    )


def _text(path: PathLike | None) -> str | None:
    return None if path is None else str(path)
