"""The layout of a run folder, in one place.

    run.json                  the plan, and the sha256 of the files in data/
    data/<task>.parquet       the test examples, and salted digests of the inputs of the others
    data/salt.key             the salt: who has it can check whether a text was among the training inputs
    cells/<cell id>/          cell.json (the result, and the sha256 of the other files), predictions.parquet, training.jsonl, shots.json,
                              artifact/ (or removed.json, if it was deleted to free disk space), log.txt
    seal.json                 written when the run is finished: the sha256 of every file above, and one digest over them
    review/, gates/, approvals/, judges/   see `review_files` and `verdict_files`
    added.json                the sha256 of the files in review/, gates/, approvals/ and judges/, see `added_files`
    report.html, audit.html   pages for people

run.json, cell.json, removed.json, seal.json, added.json and the files in review/, gates/, approvals/ and judges/ carry their own digest. A
run that is not finished also has `work/` with its training examples, its cells may have `checkpoint/`, a search keeps the states of its
trials in `trials/`, and `served/` has what a server has answered so far. All are deleted at the end, so that a run can be shared without
its training data. While a judge is being asked, its answers so far are in `work/judges/`. Only the user can read the files.
"""

from __future__ import annotations

import hmac
import re
import secrets
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from itertools import islice
from pathlib import Path

from harness.errors import BenchError
from harness.store.atomic import PARTIAL_FILES, make_private_folder, write_text
from harness.store.cell_folder import CellFolder
from harness.store.foreign_paths import refuse_links
from harness.store.json_files import read_json
from harness.store.parquet_tables import (
    StoredExamples,
    read_columns,
    read_digests,
    read_examples,
    read_predictions,
    write_examples,
    write_predictions,
)
from harness.store.plan_checks import find_plan_problem
from harness.store.run_plan import FORMAT, RunPlan
from harness.store.seals import (
    RESTORE,
    PackNote,
    RunSeal,
    combine_hashes,
    describe_damage,
    hash_file,
    is_signed_here,
    read_sealed,
    read_sealed_json,
    require_inside,
    sign,
    walk_files,
    write_sealed,
)
from harness.store.token_files import TokenFiles
from harness.types import Example, Prediction, Splits

_USED_SPLITS = ("train", "validation", "calibration")  # whatever is learned or chosen is learned or chosen on these
_SALT = re.compile(rb"[0-9a-f]{64}\n")


@dataclass(frozen=True)
class _StoredPlan(RunPlan):
    """`files` is the sha256 (hex) of each file in data/, by path in the run."""

    files: Mapping[str, str] = field(default_factory=dict)


class RunFolder:
    """The folder of one run: reads and writes the plan and the examples, and gives access to the folders of its cells."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def plan_file(self) -> Path:
        """The plan. It makes a folder a run."""
        return self.path / "run.json"

    @property
    def seal_file(self) -> Path:
        """The digests of a finished run."""
        return self.path / "seal.json"

    @property
    def report(self) -> Path:
        """The HTML report."""
        return self.path / "report.html"

    @property
    def audit(self) -> Path:
        """The audit of the report, as a page."""
        return self.path / "audit.html"

    @property
    def salt_file(self) -> Path:
        """The salt of the digests of training inputs."""
        return self.path / "data" / "salt.key"

    def cell(self, cell_id: str) -> CellFolder:
        """The folder of a cell; it need not exist yet."""
        return CellFolder(self.path / "cells" / cell_id)

    def data_file(self, task: str) -> Path:
        """The test examples of a task, and the digests of its training inputs."""
        return self.path / "data" / f"{task}.parquet"

    def write_plan(self, plan: RunPlan) -> None:
        """Write `run.json`, with the digests of the files in data/."""
        known = {each.name: getattr(plan, each.name) for each in fields(RunPlan)}
        files = {f"data/{name}": hash_file(self.path / "data" / name) for name, _ in sorted(walk_files(self.path / "data"))}
        write_sealed(self.plan_file, _StoredPlan, _StoredPlan(**known, files=files), place="run.json")

    def plan(self) -> RunPlan:
        """The plan of this run, which may have been made by a stranger.

        Raises:
            BenchError: the folder is not a run or holds links, or its plan is damaged, contradicts itself or is in another format.
        """
        file = self.plan_file
        if not file.is_file():
            raise BenchError(f"{self.path}: is not a run folder (it has no run.json)")
        self.refuse_links()
        stored = read_json(file)
        version = stored.get("format") if isinstance(stored, dict) else None
        if version != FORMAT:
            raise BenchError(
                f"{file}: is in format {version!r}; this version of bench reads format {FORMAT}. "
                "Repeat the run, or read it with the version that made it."
            )
        advice = "Restore the file from a backup, or repeat the run."
        stored = read_sealed(file, _StoredPlan, place="run.json", advice=advice)
        plan = RunPlan(**{each.name: getattr(stored, each.name) for each in fields(RunPlan)})
        if problem := find_plan_problem(plan):
            raise BenchError(f"{file}: is damaged: {problem}. {advice}")
        return plan

    def refuse_links(self) -> None:
        """Check that the folder holds only files and folders, so that nothing outside it is read, copied or written.

        Raises:
            BenchError: it holds a link, a pipe or a device, or cannot be read.
        """
        try:
            refuse_links(self.path)
        except OSError as error:
            raise BenchError(f"{error.filename or self.path}: cannot be read: {error.strerror}") from None

    def write_data(self, task: str, splits: Splits, digests: Mapping[str, str]) -> None:
        """Write the test examples and salted digests of the inputs of the others to `data/`, and all examples to `work/`.

        Args:
            digests: by example id, a hash of the inputs that ignores case and white space.
        """
        salt = self._read_salt() or self._write_salt()
        trained = [(name, _salted(salt, digests[e.id])) for name in _USED_SPLITS for e in getattr(splits, name)]
        make_private_folder(self.path / "data")
        make_private_folder(self.path / "work")
        with suppress(FileNotFoundError):
            shutil.rmtree(self._token_folder)  # a run uses what it has written itself
        # sorted: their order would tell in which order the examples were in their file
        write_examples(self.data_file(task), (("test", e) for e in splits.test), sorted(trained))
        rows = ((name, e) for name in _USED_SPLITS for e in getattr(splits, name))
        write_examples(self.path / "work" / f"{task}.parquet", rows)
        if self.plan_file.is_file():
            self.write_plan(self.plan())

    def examples(self, task: str, *, first: int | None = None) -> tuple[Example, ...]:
        """The test examples of a task.

        Args:
            first: only so many, from the beginning; None: all of them.

        Raises:
            BenchError: the file is missing or damaged, or the run was packed without texts.
        """
        return tuple(islice(read_examples(self._test_file(task), "test"), first))

    def columns(self, task: str) -> set[str]:
        """The columns that are stored with the test examples of a task, beside inputs and references.

        Raises:
            BenchError: as for `examples`.
        """
        return read_columns(self._test_file(task), "test")

    def _test_file(self, task: str) -> Path:
        """The checked file of the test examples."""
        seal = self.read_seal()
        if seal is not None and seal.packed is not None and not seal.packed.with_text:
            raise BenchError(f"{self.path}: was packed without texts, so nothing can be computed from it. Open {self.report}.")
        file = self.data_file(task)
        self.check_data(file)
        return file

    def find_trained_on(self, task: str, digests: Iterable[str]) -> set[str] | None:
        """Which of these inputs were among the training or validation examples of a task; None if this copy of the run cannot tell.

        Args:
            digests: hashes of inputs, as for `write_data`.

        Raises:
            BenchError: a file is missing or damaged.
        """
        if "data/salt.key" not in self.data_digests():  # a packed run
            return None
        self.check_data(self.salt_file)
        self.check_data(self.data_file(task))
        salt, trained = self._read_salt(), read_digests(self.data_file(task))
        return None if salt is None else {digest for digest in digests if _salted(salt, digest) in trained}

    def check_data(self, file: Path) -> None:
        """Check a file in data/.

        Raises:
            BenchError: it is missing or damaged.
        """
        place = file.relative_to(self.path).as_posix()
        recorded = self.data_digests().get(place)
        problem = "does not belong to the run: run.json does not list it"
        if recorded is not None or not file.exists():
            problem = describe_damage(file, recorded or "", "run.json")
        if problem:
            raise BenchError(f"{file}: {problem}. {RESTORE}.")

    def copy_data_to(self, target: RunFolder, task: str) -> None:
        """Copy the data of a task into another run folder, whose plan is written afterwards.

        Raises:
            BenchError: a file is missing or damaged.
        """
        make_private_folder(target.path / "data")
        for place, file in ((f"data/{task}.parquet", self.data_file(task)), ("data/salt.key", self.salt_file)):
            if place in self.data_digests() or file != self.salt_file:
                self.check_data(file)
                shutil.copy2(file, target.path / "data")

    def data_digests(self) -> dict[str, str]:
        """The recorded digests of the files in data/, by path in the run.

        Raises:
            BenchError: `run.json` is damaged.
        """
        advice = "Restore the file from a backup, or repeat the run."
        return require_inside(self.path, read_sealed_json(self.plan_file, place="run.json", advice=advice).get("files", {}))

    def training_examples(self, task: str, split: str) -> tuple[Example, ...]:
        """The examples of `train`, `validation` or `calibration`, which exist until the run is finished."""
        return tuple(read_examples(self.path / "work" / f"{task}.parquet", split))

    def token_files(self, model: str) -> TokenFiles:
        """Where the cells of a model, given by its digest, keep token ids for each other until the run is finished."""
        return TokenFiles(self._token_folder, model)

    @property
    def _token_folder(self) -> Path:
        return self.path / "work" / "tokens"

    def stored_splits(self, task: str, splits: Splits) -> Splits:
        """Splits as `write_data` wrote them, which are read from the files again wherever they are needed."""
        work = self.path / "work" / f"{task}.parquet"
        return replace(
            splits,
            train=StoredExamples(work, "train", len(splits.train)),
            validation=StoredExamples(work, "validation", len(splits.validation)),
            calibration=StoredExamples(work, "calibration", len(splits.calibration)),
            test=StoredExamples(self.data_file(task), "test", len(splits.test)),
        )

    def write_calibration_answers(self, cell_id: str, predictions: Sequence[Prediction]) -> None:
        """Keep what a cell of external outputs answers to the calibration examples; like these, until the run is finished."""
        make_private_folder(self._calibration_answers(cell_id).parent)
        write_predictions(self._calibration_answers(cell_id), predictions)

    def calibration_answers(self, cell_id: str) -> tuple[Prediction, ...]:
        """What `write_calibration_answers` has kept.

        Raises:
            BenchError: the file is missing or damaged.
        """
        return read_predictions(self._calibration_answers(cell_id))

    def _calibration_answers(self, cell_id: str) -> Path:
        return self.path / "work" / "calibration" / f"{cell_id}.parquet"

    def has_training_examples(self) -> bool:
        """Whether the training examples are still there, because the run is not finished."""
        return (self.path / "work").is_dir()

    def is_finished(self) -> bool:
        """Whether the run is sealed, which is its last step; a run that is resumed is not finished until then."""
        return self.seal_file.is_file()

    def keep_trial_state(self, cell_id: str) -> None:
        """Keep the checkpoint of a part of a trial, which `CellFolder.write_result` would delete: the next part resumes from it."""
        _move(self.cell(cell_id).checkpoint, self._trial_state(cell_id))

    def take_trial_state(self, cell_id: str, previous: str | None) -> None:
        """Give a part of a trial the state to resume from: its own, if it was interrupted after it had kept it, or that of the part before.

        Without either, it starts from the beginning, which changes what it costs and not what it measures.
        """
        checkpoint = self.cell(cell_id).checkpoint
        for owner in (cell_id, previous):
            if owner is not None and not checkpoint.exists():
                _move(self._trial_state(owner), checkpoint)

    def drop_trial_state(self, cell_id: str) -> None:
        """Delete the state of a part of a trial that does not go on."""
        shutil.rmtree(self._trial_state(cell_id), ignore_errors=True)

    def _trial_state(self, cell_id: str) -> Path:
        return self.path / "trials" / cell_id

    def remove_trial_states(self) -> None:
        """Delete the states of all trials, once the search has ended."""
        shutil.rmtree(self.path / "trials", ignore_errors=True)

    def served_answers(self, name: str) -> Path:
        """The file of what a server has answered so far, which exists until the run is finished."""
        make_private_folder(self.path / "served")
        return self.path / "served" / f"{name}.txt"

    def remove_served_answers(self) -> None:
        """Delete what servers have answered: the results of the cells hold what was measured of it."""
        shutil.rmtree(self.path / "served", ignore_errors=True)

    def remove_working_files(self) -> None:
        """Delete what a finished run does not keep: training examples, checkpoints of finished cells, files left half-written."""
        shutil.rmtree(self.path / "work", ignore_errors=True)
        for partial in list(self.path.rglob(PARTIAL_FILES)):
            if partial.is_dir():  # a checkpoint
                shutil.rmtree(partial, ignore_errors=True)
            else:
                partial.unlink(missing_ok=True)
        for path in (self.path / "cells").glob("*"):
            if CellFolder(path).is_finished():
                shutil.rmtree(CellFolder(path).checkpoint, ignore_errors=True)

    def seal(self, packed: PackNote | None = None) -> RunSeal:
        """Write `seal.json`: the digests of all files of the plan, the data and the cells.

        Args:
            packed: what was done to a run that is packed; its pages are sealed, too, as they are not written again.

        Raises:
            BenchError: a file is damaged.
        """
        files = {"run.json": hash_file(self.plan_file), **self.data_digests()}
        for path in sorted((self.path / "cells").glob("*/")):
            cell = CellFolder(path)
            if cell.is_finished():
                files |= {f"cells/{path.name}/{name}": digest for name, digest in cell.file_digests().items()}
                files |= {f"cells/{path.name}/{file.name}": hash_file(file) for file in (cell.result_file, cell.log) if file.is_file()}
        if packed is not None:
            files |= {page.name: hash_file(page) for page in sorted(self.path.glob("report.*"))}
        digest = combine_hashes(files)
        seal = RunSeal(digest, files, sign(digest) if packed is None else None, packed)
        write_sealed(self.seal_file, RunSeal, seal, place="seal.json")
        return seal

    def read_seal(self) -> RunSeal | None:
        """The digests of the run; None while it is not finished.

        Raises:
            BenchError: the file is damaged.
        """
        if not self.seal_file.is_file():
            return None
        advice = "Run the same command again: it checks every cell, repeats damaged ones and writes the file again."
        seal = read_sealed(self.seal_file, RunSeal, place="seal.json", advice=advice)
        if combine_hashes(seal.files) != seal.digest:
            raise BenchError(f"{self.seal_file}: is damaged: its digests do not fit the digest of the run. {advice}")
        require_inside(self.path, seal.files)
        return seal

    def was_made_here(self) -> bool:
        """Whether this machine finished the run, and nothing that its seal covers was changed and sealed again since."""
        seal = self.read_seal()
        return seal is not None and is_signed_here(seal.digest, seal.signature)

    def _read_salt(self) -> bytes | None:
        content = self.salt_file.read_bytes() if self.salt_file.is_file() else b""
        return content if _SALT.fullmatch(content) else None

    def _write_salt(self) -> bytes:
        make_private_folder(self.salt_file.parent)
        write_text(self.salt_file, f"{secrets.token_hex(32)}\n", private=True)
        return self.salt_file.read_bytes()


def _move(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        make_private_folder(target.parent)
        source.rename(target)


def _salted(salt: bytes, digest: str) -> str:
    return hmac.new(salt, digest.encode(), "sha256").hexdigest()
