"""The list of the files that were added to a run: reviews, verdicts, approvals and what judges said.

added.json holds their sha256, so that a file that was deleted or replaced is noticed. A file is listed as being written before it is
written: a process that is killed meanwhile leaves an entry that says nothing about the file. The list is written before the first file
and carries its own digest. That it was deleted together with every file that it lists is not noticed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from harness.errors import BenchError, setting
from harness.store.atomic import remove_abandoned
from harness.store.lock import file_lock
from harness.store.seals import check_sealed, describe_damage, hash_file, read_sealed, require_inside, write_sealed

ADDED = "added.json"
_PATTERNS = (
    "review/retired.json",
    "review/*/packet.json",
    "review/*/key.json",
    "review/*/imports/*.json",
    "gates/*.json",
    "approvals/*.json",
    "judges/*.json",
)
_RESTORE = "Restore it from a backup"


@dataclass(frozen=True)
class AddedFiles:
    """What `added.json` holds."""

    files: Mapping[str, str | None] = field(default_factory=dict)
    """sha256 (hex) by path in the run; None while the file is being written, or if that was interrupted."""
    lost: Mapping[str, str] = field(default_factory=dict)
    """When the loss of a file was accepted (ISO 8601), by path in the run."""


def read_added(run: Path) -> AddedFiles:
    """The files that were added to a run.

    Raises:
        BenchError: the list is damaged, or it is missing although there are such files.
    """
    file = run / ADDED
    if file.is_file():
        added = read_sealed(file, AddedFiles, place=ADDED, advice=f"{_RESTORE}.")
        require_inside(run, {place: digest or "" for place, digest in added.files.items()})
        return added
    present = list_added(run)
    if present:
        raise BenchError(f"{file}: is missing, and it lists the reviews and verdicts of the run, such as {present[0]}. {_RESTORE}.")
    return AddedFiles()


def list_added(run: Path) -> list[str]:
    """The files of this kind that are in the folder, by path in the run."""
    return sorted(file.relative_to(run).as_posix() for pattern in _PATTERNS for file in run.glob(pattern) if file.is_file())


def check_added(run: Path, under: str, *, except_for: tuple[str, ...] = ()) -> None:
    """Check that no added file is missing.

    Args:
        under: only the files whose path in the run begins with this.
        except_for: the names of files that will be written again.

    Raises:
        BenchError: one is missing, or the list is damaged.
    """
    files = read_added(run).files
    missing = [place for place, digest in files.items() if digest is not None and not (run / place).is_file()]
    problems = [f"{run / place}: is missing" for place in missing if place.startswith(under) and not place.endswith(except_for)]
    if problems:
        accept = f"accept the loss: `bench verify` with {setting('forget_missing')}"
        raise BenchError([*problems[:-1], f"{problems[-1]}, but {ADDED} lists it. {_RESTORE}, or {accept}."])


def check_listed(run: Path, file: Path) -> None:
    """Check an added file against the list.

    Raises:
        BenchError: it is not the file that was added, or the list is damaged.
    """
    problem = find_added_problem(run, read_added(run), file.relative_to(run).as_posix())
    if problem:
        raise BenchError(f"{file}: {problem}. {_RESTORE}, or move it away and run `bench verify` with {setting('forget_missing')}.")


def find_added_problem(run: Path, added: AddedFiles, place: str) -> str:
    """Why an added file is not as it was written, as the end of a sentence; empty if it is."""
    if place not in added.files:
        return f"does not belong to the run: {ADDED} does not list it"
    digest = added.files[place]
    if digest is None:  # interrupted: the file is complete or absent
        return check_sealed(run / place, place=place) if (run / place).is_file() else ""
    return describe_damage(run / place, digest, ADDED)


@contextmanager
def adding(run: Path) -> Iterator[AddingFiles]:
    """Add files to a run, while no other process does.

    Raises:
        OSError: the folder cannot be written.
        BenchError: the list is damaged, or cannot be locked.
    """
    with file_lock(run / ".added.lock"):
        yield AddingFiles(run, _settle(run))


def settle_added_files(run: Path) -> None:
    """List what interrupted processes have written, and delete what they have left; raises as `adding` does."""
    with adding(run):
        pass


class AddingFiles:
    """Announces files before they are written, and lists them afterwards."""

    def __init__(self, run: Path, added: AddedFiles) -> None:
        self._run, self._added = run, added

    def announce(self, *files: Path) -> None:
        """List files as being written."""
        self._update({self._place(file): None for file in files})

    def record(self, *files: Path) -> None:
        """List files as they are now."""
        self._update({self._place(file): hash_file(file) for file in files})

    def _update(self, files: Mapping[str, str | None]) -> None:
        lost = {place: at for place, at in self._added.lost.items() if place not in files}
        self._added = AddedFiles({**self._added.files, **files}, lost)
        _write(self._run, self._added)

    def _place(self, file: Path) -> str:
        return file.relative_to(self._run).as_posix()


def forget_missing_files(run: Path) -> list[str]:
    """Accept that added files are missing. They stay in the list as lost.

    Returns:
        The files that were accepted as lost by this call.

    Raises:
        BenchError: the list is damaged, or the folder cannot be written.
    """
    try:
        with file_lock(run / ".added.lock"):
            added = _settle(run)
            missing = [place for place in added.files if not (run / place).is_file()]
            if missing:
                now = datetime.now(UTC).isoformat(timespec="seconds")
                files = {place: digest for place, digest in added.files.items() if place not in missing}
                _write(run, AddedFiles(files, {**added.lost, **dict.fromkeys(missing, now)}))
    except OSError as error:
        raise BenchError(f"{run}: cannot be written: {error.strerror}") from None
    return missing


def _settle(run: Path) -> AddedFiles:
    """The list with what interrupted processes have written, or not; what they have left of the list itself is deleted."""
    remove_abandoned(run, f".{ADDED}.*.part")
    added = read_added(run)
    interrupted = [place for place, digest in added.files.items() if digest is None]
    if not interrupted:
        return added
    written = {place: hash_file(run / place) for place in interrupted if (run / place).is_file()}
    settled = replace(added, files={place: digest for place, digest in added.files.items() if digest is not None} | written)
    _write(run, settled)
    return settled


def _write(run: Path, added: AddedFiles) -> None:
    write_sealed(run / ADDED, AddedFiles, added, place=ADDED)
