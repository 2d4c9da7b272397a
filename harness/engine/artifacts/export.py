"""A finished cell's adapter or model as a folder of its own, for transformers, PEFT, vLLM and llama.cpp's converter.

The folder is made beside its place and renamed when it is whole. A merged model must compute what base and adapter compute, to the
precision of float32. Whatever was written is loaded once more, and must behave as what was measured.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.engine.artifacts.checks import check_artifact
from harness.engine.artifacts.equivalence import TOLERANCE, distributions, furthest_apart
from harness.engine.artifacts.loading import FinishedModel, load_finished
from harness.engine.artifacts.merge import dtype_of, merged_with_base, require_mergeable
from harness.engine.artifacts.model_card import CARD_TAGS, model_card
from harness.engine.artifacts.transformers4 import add_older_names
from harness.engine.models import DTYPES, Device, ModelSource, decoder_start, load_model
from harness.errors import BenchError, did_you_mean, first_line
from harness.metrics import metrics_for
from harness.results import FinishedCell
from harness.statistics import score_rows
from harness.store import write_text
from harness.types import Score

# What an encoder-decoder must or must not write: part of how it was trained, and respected in the run.
_KEPT_RULES = ("forced_bos_token_id", "forced_eos_token_id", "bad_words_ids", "suppress_tokens")


@dataclass(frozen=True)
class Exported:
    """What was written. `notes` say what was done and checked, as sentences."""

    folder: Path
    finished: FinishedCell
    notes: tuple[str, ...] = ()


def check_target(folder: Path, *, force: bool) -> None:
    """Find out before any work whether the folder can be written.

    Raises:
        BenchError: it is a file, holds something, lies in a run, or its parent is not there. With `force`, a former export is replaced,
            and nothing else: a mistyped path must not cost a folder of other things.
    """
    place = Path(os.path.abspath(folder))
    if not place.parent.is_dir():
        raise BenchError(f"there is no folder {place.parent} to put {place.name} into")
    run = next((parent for parent in (place, *place.parents) if (parent / "run.json").is_file()), None)
    if run is not None:
        raise BenchError(f"{folder}: lies in the run {run.name}, which stays as it is. Name a folder outside.")
    if not os.path.lexists(place):
        return
    if not place.is_dir() or place.is_symlink():
        raise BenchError(f"{folder}: is there already and is no folder. Name another one.")
    held = sorted(entry.name for entry in place.iterdir())
    if held and not force:
        raise BenchError(f"{folder}: is not empty (it has {held[0]}). Name a new folder, or say --force to replace a former export.")
    if held and not _is_export(place):
        raise BenchError(f"{folder}: was not made by bench export, so that --force does not replace it. Name another folder.")


def _is_export(folder: Path) -> bool:
    try:
        return CARD_TAGS in (folder / "README.md").read_text(encoding="utf-8").splitlines()[:8]
    except (OSError, UnicodeDecodeError):
        return False


def export_adapter(finished: FinishedCell, target: Path) -> Exported:
    """The adapter in PEFT's format with its tokenizer and card; the base model is not needed.

    Raises:
        BenchError: the cell has no adapter, or it is damaged.
    """
    check_artifact(finished)
    scores = _scores(finished)
    with _new_folder(target) as part:
        shutil.copytree(finished.files.artifact, part, dirs_exist_ok=True, ignore=shutil.ignore_patterns("README.md"))
        add_older_names(part)
        write_text(part / "README.md", _card(finished, scores))
    return Exported(target, finished)


def export_model(
    finished: FinishedCell, source: ModelSource, device: Device, target: Path, *, dtype: str = "auto", trust_remote_code: bool = False
) -> Exported:
    """The whole model: the one that was tuned, or the adapter merged into its base.

    Args:
        source: the base model.
        device: where the check computes.
        dtype: what the weights are stored in; "auto" is what the cell computed in.

    Raises:
        BenchError: the method cannot be merged, something is damaged, or the result does not behave as what was measured.
    """
    if dtype not in DTYPES:
        raise BenchError(f"unknown dtype '{dtype}'.{did_you_mean(dtype, DTYPES)}")
    full = finished.strategy.method == "full"
    check_artifact(finished)
    if not full:
        require_mergeable(finished)
    scores = _scores(finished)
    measured = load_finished(finished, source, device, trust_remote_code=trust_remote_code)
    expected = distributions(measured)
    stored = dtype_of(finished) if dtype == "auto" else dtype
    model: Any = measured.loaded.model
    done: list[str] = []
    if not full:
        measured.loaded.model = None  # room for the next one
        model, done = merged_with_base(measured, source, device, trust_remote_code)
        done = [*done, f"Its weights are in {stored}."]
    with _new_folder(target) as part:
        _write_model(finished, measured, model, source, part, stored)
        measured.loaded.model = model = None
        check = _check(finished, measured, part, replace(device, dtype=stored), expected, trust_remote_code)
        write_text(part / "README.md", _card(finished, scores, merge=" ".join([*done, check])))
    return Exported(target, finished, (*done, check))


def _write_model(finished: FinishedCell, measured: FinishedModel, model: Any, source: ModelSource, folder: Path, dtype: str) -> None:
    import torch

    model.to(getattr(torch, dtype))
    model.config._name_or_path = finished.run.plan.models[finished.cell.model].origin
    if finished.shape != "encoder":
        model.generation_config = _generation_config(finished, measured, model)
    model.save_pretrained(folder, safe_serialization=True)
    (folder / "README.md").unlink(missing_ok=True)
    measured.loaded.tokenizer.save_pretrained(folder)
    for pattern in ("*.model", "LICENSE*", "NOTICE*"):  # SentencePiece, which llama.cpp reads; and what the base model's owner asks for
        for file in source.folder.glob(pattern):
            if file.is_file() and not (folder / file.name).exists():
                shutil.copyfile(file, folder / file.name)
    add_older_names(folder)


def _generation_config(finished: FinishedCell, measured: FinishedModel, model: Any) -> Any:
    """Generation as it was measured: greedy, ended by the tokens that end a turn, without the search or the penalties that the base
    model's own file may ask for."""
    from transformers import GenerationConfig

    encoder, task = measured.encoder, finished.task
    answer = max(map(len, encoder.completions(finished.example.choices))) if task.chooses else task.decode.max_new_tokens
    config = GenerationConfig(
        do_sample=False, max_new_tokens=answer, eos_token_id=sorted(encoder.stop_ids), pad_token_id=encoder.pad_id, use_cache=True
    )
    config.bos_token_id = model.generation_config.bos_token_id
    if finished.shape == "encoder-decoder":
        config.decoder_start_token_id = decoder_start(model)
        for name in _KEPT_RULES:
            setattr(config, name, getattr(model.generation_config, name))
    return config


def _check(
    finished: FinishedCell, measured: FinishedModel, folder: Path, device: Device, expected: Sequence[Any], trust_remote_code: bool
) -> str:
    """Load what was written as anybody will, and compare it with what was measured; returns what was found, as a sentence.

    Raises:
        BenchError: when it answers otherwise than rounding explains.
    """
    source = ModelSource(finished.cell.model, finished.cell.model, folder, "")
    loaded = load_model(source, device, trust_remote_code=trust_remote_code, labels=finished.example.choices)
    found = distributions(FinishedModel(finished, device, loaded, measured.encoder))
    apart = furthest_apart(expected, found)
    of = "the labels" if finished.shape == "encoder" else "the next token"
    tolerance = max(TOLERANCE[device.dtype], TOLERANCE[measured.device.dtype])
    if not apart <= tolerance:  # nan is no agreement
        raise BenchError(
            f"the exported model does not behave as what was measured: on {len(found)} of the run's prompts, the probabilities of {of} "
            f"are up to {apart:.2g} apart (total variation; {tolerance:g} would be rounding). Nothing was written."
        )
    return (
        f"Checked on {len(found)} prompts of the run: the probabilities of {of} are at most {apart:.1g} away (total variation) "
        "from those that were measured."
    )


def _scores(finished: FinishedCell) -> dict[str, Score]:
    metrics = metrics_for(finished.task.metrics, finished.example.choices)
    return score_rows(metrics, finished.run.examples(finished.task.name), finished.run.predictions(finished.cell.id))


def _card(finished: FinishedCell, scores: Mapping[str, Score], merge: str = "") -> str:
    plan, result = finished.run.plan, finished.run.results[finished.cell.id]
    return model_card(finished.task, finished.strategy, plan, result, scores, labels=finished.example.choices, merge=merge)


@contextlib.contextmanager
def _new_folder(target: Path) -> Iterator[Path]:
    """A folder to fill, beside `target`; it takes its place when all went well, and is gone when not."""
    target = Path(os.path.abspath(target))
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    former = target.with_name(f".{target.name}.{os.getpid()}.former")
    try:
        part.mkdir()
        yield part
        if target.is_dir():
            target.rename(former)
        part.rename(target)
    except OSError as error:
        raise BenchError(f"{target}: cannot be written: {error.strerror or first_line(error)}") from None
    finally:
        if former.is_dir() and not target.exists():
            former.rename(target)
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(former, ignore_errors=True)
