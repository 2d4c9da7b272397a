"""Checking every file of a run against the digest that was recorded when it was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import BenchError
from harness.store.added_files import ADDED, AddedFiles, find_added_problem, list_added, read_added
from harness.store.cell_folder import CellFolder
from harness.store.removed_weights import REMOVED, RemovedWeights
from harness.store.run_folder import RunFolder
from harness.store.seals import PackNote, check_sealed, describe_damage
from harness.webpage import is_page_intact

_PAGES = ("report.html", "audit.html")


@dataclass(frozen=True)
class FileProblem:
    """A file that is not as it was written."""

    path: str
    """In the run, with slashes."""
    problem: str
    """The end of a sentence that begins with the path."""


@dataclass(frozen=True)
class Verification:
    """What checking a run has shown."""

    run: Path
    digest: str | None
    """Of the whole run; None if the run is not finished, or its seal is damaged."""
    is_finished: bool
    """Whether the run has a seal, so that files that are missing are noticed."""
    made_here: bool
    """Whether this machine finished the run, see `RunFolder.was_made_here`."""
    packed: PackNote | None
    """What was left out, if the run was packed."""
    files: int
    """How many files were checked."""
    size: int
    """Their size in bytes."""
    problems: tuple[FileProblem, ...]
    lost: Mapping[str, str]
    """Reviews and verdicts whose loss was accepted, with the time of that in ISO 8601, by path in the run."""
    removed: Mapping[str, RemovedWeights]
    """Trained weights that were removed to free disk space, by cell id."""
    unchecked: tuple[str, ...]
    """Files that have no digest: exports, which can be written again, and what people have put there."""

    @property
    def is_intact(self) -> bool:
        """Whether no file is damaged or missing."""
        return not self.problems


def verify_run(folder: RunFolder) -> Verification:
    """Check every file of a run. Damage is part of the result and raises nothing."""
    return _Check(folder).run()


class _Check:
    """One check of a run; `checked` are the paths that have a digest."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._problems: dict[str, str] = {}
        self._checked: set[str] = set()
        self._removed: dict[str, RemovedWeights] = {}
        self._excused: dict[str, str] = {}  # digests of files that may be missing, by path in the run

    def run(self) -> Verification:
        folder = self._folder
        seal, recorded = None, dict[str, str]()
        try:
            seal = folder.read_seal()
        except BenchError as error:
            self._note("seal.json", error.problems[0].removeprefix(f"{folder.seal_file}: "))
        if seal is not None:
            self._checked.add("seal.json")
            recorded = dict(seal.files)
        self._read_removed()
        for place, digest in recorded.items():
            if self._excused.get(place) != digest:
                self._note(place, describe_damage(folder.path / place, digest, "seal.json", fresh=True))
        self._check_plan()
        self._check_cells(recorded)
        added = self._check_added()
        for name in _PAGES:
            page = folder.path / name
            if page.is_file() and name not in recorded:
                damage = "is damaged: its content does not fit the sha256 in its last line. Write it again: `bench report`"
                self._note(name, "" if is_page_intact(page.read_bytes()) else damage)
        files = sorted(self._place(file) for file in folder.path.rglob("*") if file.is_file() and not file.name.startswith("."))
        sizes = [(folder.path / place).stat().st_size for place in self._checked if (folder.path / place).is_file()]
        return Verification(
            run=folder.path,
            digest=None if seal is None else seal.digest,
            is_finished=folder.seal_file.is_file(),
            made_here=seal is not None and not self._problems and folder.was_made_here(),
            packed=None if seal is None else seal.packed,
            files=len(self._checked),
            size=sum(sizes),
            problems=tuple(FileProblem(place, problem) for place, problem in sorted(self._problems.items())),
            lost=added.lost,
            removed=self._removed,
            unchecked=tuple(place for place in files if place not in self._checked and not place.startswith("work/")),
        )

    def _note(self, place: str, problem: str) -> None:
        self._checked.add(place)
        if problem:
            self._problems.setdefault(place, problem.removesuffix("."))

    def _place(self, file: Path) -> str:
        return file.relative_to(self._folder.path).as_posix()

    def _read_removed(self) -> None:
        """The notes about weights that were removed on purpose."""
        for path in sorted((self._folder.path / "cells").glob(f"*/{REMOVED}")):
            cell = CellFolder(path.parent)
            self._checked.add(self._place(path))
            try:
                note = cell.removed_weights() if cell.is_finished() else None
                missing = cell.list_removed() if note is not None else {}
            except BenchError as error:
                self._note(self._place(path), error.problems[0].removeprefix(f"{path}: "))
                continue
            if note is not None:
                self._removed[path.parent.name] = note
                self._excused |= {f"cells/{path.parent.name}/{name}": digest for name, digest in missing.items()}

    def _check_plan(self) -> None:
        """The plan, and the files in data/ that it lists."""
        problem = check_sealed(self._folder.plan_file, place="run.json")
        self._note("run.json", problem)
        if problem:
            return
        try:
            self._folder.plan()
            recorded = self._folder.data_digests()
        except BenchError as error:
            self._note("run.json", error.problems[0].removeprefix(f"{self._folder.plan_file}: "))
            return
        for place, digest in recorded.items():
            self._note(place, describe_damage(self._folder.path / place, digest, "run.json", fresh=True))

    def _check_cells(self, recorded: dict[str, str]) -> None:
        """The result of each cell, the files that it lists, and files that it does not list."""
        for path in sorted((self._folder.path / "cells").glob("*")):
            cell = CellFolder(path)
            if not cell.is_finished():
                continue
            if recorded and cell.place not in recorded:
                self._note(cell.place, "does not belong to the run: seal.json does not list it")
            self._checked.add(cell.place)
            try:
                cell.result()
                digests = cell.file_digests()
            except BenchError as error:
                self._note(cell.place, error.problems[0].removeprefix(f"{cell.result_file}: "))
                continue
            self._checked |= {f"cells/{path.name}/{name}" for name in digests} - self._excused.keys()
            for problem in cell.list_damage(fresh=f"cells/{path.name}/{next(iter(digests), '')}" not in recorded):
                file, _, text = problem.partition(": ")
                self._note(self._place(Path(file)), text)

    def _check_added(self) -> AddedFiles:
        """Reviews and verdicts, which are added to a run after it was finished, and their list."""
        run = self._folder.path
        present, added = list_added(run), AddedFiles()
        for place in present:
            self._note(place, check_sealed(run / place, place=place))
        try:
            added = read_added(run)
        except BenchError as error:
            self._note(ADDED, error.problems[0].removeprefix(f"{run / ADDED}: "))
            return added
        if (run / ADDED).is_file():
            self._checked.add(ADDED)
        for place in (*added.files, *present):
            self._note(place, find_added_problem(run, added, place))
        return added
