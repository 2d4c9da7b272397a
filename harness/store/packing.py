"""A run as one ZIP file for mailing: checked beforehand, without what others must not have, and sealed again."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from harness.errors import BenchError, setting
from harness.store.added_files import ADDED
from harness.store.atomic import make_private_folder, write_atomically, write_text
from harness.store.folder_names import remove_folders
from harness.store.parquet_tables import read_examples, write_examples
from harness.store.run_folder import RunFolder
from harness.store.run_plan import RunPlan
from harness.store.seals import LeftOut, PackNote
from harness.store.verification import verify_run
from harness.types import CellResult, Example, Prediction

CONTENTS = "CONTENTS.txt"
_REMOVED = "left out when the run was packed"
_DATE = (1980, 1, 1, 0, 0, 0)  # the same run gives the same archive


@dataclass(frozen=True)
class PackedFile:
    """A file of a packed run."""

    path: str
    """In the run, with slashes."""
    size: int
    """In bytes."""


@dataclass(frozen=True)
class PackedRun:
    """A run that was packed."""

    archive: Path
    run: str
    note: PackNote
    files: tuple[PackedFile, ...]


def pack_run(
    folder: RunFolder,
    archive: Path,
    *,
    with_text: bool,
    with_key: bool,
    pages: Mapping[str, str],
    describe: Callable[[PackedRun], str],
    force: bool = False,
) -> PackedRun:
    """Write a run as a ZIP file. Nothing is written if a file of the run is damaged.

    Args:
        with_text: whether inputs, references, outputs, ids and trained weights are in it.
        with_key: whether the salt is in it, with which training inputs can be recognized.
        pages: the pages for people, by name.
        describe: writes the text that says what is inside.
        force: replace an existing file.

    Raises:
        BenchError: the run is damaged or already packed, the file exists or cannot be written.
    """
    if archive.exists() and not force:
        raise BenchError(f"{archive}: already exists. Name another file, or replace it with {setting('force')}.")
    checked = verify_run(folder)
    if not checked.is_intact:
        first = checked.problems[0]
        raise BenchError(f"{folder.path / first.path}: {first.problem}. A damaged run is not packed: `bench verify` lists all problems.")
    if checked.packed is not None:
        raise BenchError(f"{folder.path}: was packed already. Send its archive, or pack the original run.")
    try:
        with tempfile.TemporaryDirectory(dir=archive.resolve().parent, prefix=".pack-") as place:
            copy = RunFolder(Path(place) / folder.path.resolve().name)
            left_out = (_copy_all if with_text else _copy_without_text)(folder, copy, with_key=with_key)
            for name, text in pages.items():
                write_text(copy.path / name, text, private=True)
            note = PackNote(checked.digest, with_text, tuple(each for each in left_out if each.files))
            copy.seal(note)
            files = [PackedFile(path.relative_to(copy.path).as_posix(), path.stat().st_size) for path in _list_files(copy.path)]
            packed = PackedRun(archive, copy.path.name, note, tuple(files))
            write_text(copy.path / CONTENTS, describe(packed), private=True)
            write_atomically(archive, lambda partial: _write_zip(copy.path, partial), private=True)
    except OSError as error:
        raise BenchError(f"{archive}: cannot be written: {error.strerror}") from None
    return packed


def _copy_all(folder: RunFolder, copy: RunFolder, *, with_key: bool) -> list[LeftOut]:
    """The run with its texts and weights."""
    plan = folder.plan()
    for task in plan.tasks:
        folder.copy_data_to(copy, task)
    if not with_key:
        copy.salt_file.unlink(missing_ok=True)
    copy.write_plan(plan)
    logs = 0
    for cell in plan.all_cells:
        source = folder.cell(cell.id)
        if source.is_finished():
            logs += source.log.is_file()
            ignored = shutil.ignore_patterns("checkpoint", source.log.name, ".*")
            shutil.copytree(source.path, copy.cell(cell.id).path, ignore=ignored)
    raters_files = sum(path.is_file() for path in folder.path.glob("review/*/send/*"))
    for name in ("review", "gates", "approvals", "judges"):
        if (folder.path / name).is_dir():
            shutil.copytree(folder.path / name, copy.path / name, ignore=shutil.ignore_patterns("send", ".*"))
    if (folder.path / ADDED).is_file():
        shutil.copy2(folder.path / ADDED, copy.path)
    return [
        *([] if with_key else [_key_left_out()]),
        LeftOut("logs of cells", logs, "they name folders and users of your machine"),
        LeftOut("files for raters", raters_files, "they can be exported again"),
    ]


def _copy_without_text(folder: RunFolder, copy: RunFolder, *, with_key: bool) -> list[LeftOut]:
    """The run with scores, costs and curves, but without what its examples, raters and models say. Ids and groups are replaced."""
    plan, salt = folder.plan(), secrets.token_bytes(32)  # which is not kept
    make_private_folder(copy.path / "data")
    for task in plan.tasks:
        examples = (("test", _without_text(example, salt)) for example in read_examples(folder.data_file(task), "test"))
        write_examples(copy.data_file(task), examples)
    copy.write_plan(_redact_plan(plan))
    weights = shots = logs = records = 0
    for cell in plan.all_cells:
        source, target = folder.cell(cell.id), copy.cell(cell.id)
        if not source.is_finished():
            continue
        weights += sum(path.is_file() for path in source.artifact.rglob("*"))
        shots, logs = shots + source.shots.is_file(), logs + source.log.is_file()
        records += source.answer_records.is_file()
        make_private_folder(target.path)
        if source.curve.is_file():
            shutil.copy2(source.curve, target.path)
        predictions = [_redact_prediction(prediction, salt) for prediction in source.predictions()]
        target.write_result(_redact_result(source.result()), predictions if predictions else None)
    reviews = sum(path.is_file() for path in (folder.path / "review").rglob("*"))
    verdicts = sum(path.is_file() for path in folder.path.glob("gates/*.json"))
    approvals = sum(path.is_file() for path in folder.path.glob("approvals/*.json"))
    judges = sum(path.is_file() for path in folder.path.glob("judges/*.json"))
    return [
        LeftOut("inputs, references and outputs", len(plan.tasks), "they may be what patients or customers said"),
        LeftOut("trained weights", weights, "a model can repeat texts that it was trained on"),
        LeftOut("examples of few-shot prompts", shots, "they are training examples"),
        LeftOut("records of hosted answers", records, "they have the ids of examples"),
        LeftOut("packets and ratings of reviews", reviews, "they quote outputs, and name raters; the report has their results"),
        LeftOut("verdicts of the gate", verdicts, "they quote outputs; the report has their results"),
        LeftOut("approvals of verdicts", approvals, "they name people"),
        LeftOut("verdicts of judges", judges, "their prompts quote inputs and outputs; the report has their results"),
        _key_left_out(),
        LeftOut("logs of cells", logs, "they name folders and users of your machine"),
    ]


def _key_left_out() -> LeftOut:
    why = "with it, one can test whether a text was among the training inputs; without it, the gate cannot check for leakage"
    return LeftOut("key of the digests of training inputs", 1, why)


def _pseudonym(text: str, salt: bytes) -> str:
    return sha256(salt + text.encode("utf-8", "replace")).hexdigest()[:16]


def _without_text(example: Example, salt: bytes) -> Example:
    group = None if example.group is None else _pseudonym(f"group {example.group}", salt)
    return Example(_pseudonym(example.id, salt), {}, (), (), group, {})


def _redact_prediction(prediction: Prediction, salt: bytes) -> Prediction:
    return replace(
        prediction, example_id=_pseudonym(prediction.example_id, salt), output="", extracted=None, label_logprobs=(), mean_logprob=None
    )


def _redact_result(result: CellResult) -> CellResult:
    notes = tuple(replace(note, texts=()) for note in result.notes)
    return replace(result, notes=notes, error=_REMOVED if result.error else None)


def _redact_plan(plan: RunPlan) -> RunPlan:
    """Without what reading the data quotes (skipped rows, warnings, the most frequent answer) and without the folders of this machine."""
    data = {name: replace(report, skipped=(), warnings=(), training_answers={}) for name, report in plan.data.items()}
    return remove_folders(replace(plan, data=data))


def _list_files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _write_zip(folder: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in _list_files(folder):
            entry = zipfile.ZipInfo(path.relative_to(folder.parent).as_posix(), _DATE)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o100600 << 16
            with path.open("rb") as source, archive.open(entry, "w", force_zip64=True) as stream:
                shutil.copyfileobj(source, stream, 1 << 20)
