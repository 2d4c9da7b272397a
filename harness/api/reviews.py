"""What people say of a run's outputs: packets out, ratings back, and what to train on next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.api.runs import names_of, open_catalog
from harness.errors import BenchError, setting
from harness.reporting import rewrite_page
from harness.review import (
    FORMATS,
    MODES,
    Asked,
    Findings,
    Harvest,
    Imported,
    Key,
    Packet,
    export_packet,
    files_of,
    findings_of,
    harvest_of,
    import_files,
    rater_names,
    reviews_of,
    write_harvest,
)
from harness.store import open_run
from harness.text import plural


@dataclass(frozen=True)
class ReviewPacket:
    """A packet with its key, where it lies, and the files for the raters."""

    packet: Packet
    key: Key
    folder: Path
    files: tuple[Path, ...]


def review_export(
    run: str | Path,
    strategies: str | Sequence[str],
    *,
    task: str | None = None,
    n: int = 50,
    mode: str = "pairwise",
    raters: str | int = 1,
    questions: str | Path | None = None,
    formats: Sequence[str] = ("html",),
    out: str | Path | None = None,
    runs_dir: str | Path = "runs",
    overlap: int | None = None,
    sample: str = "random",
    repeats: int | None = None,
    against: str | None = None,
    with_reference: bool = False,
    seed: int = 0,
    model: str | None = None,
    train_size: int | None = None,
) -> ReviewPacket:
    """Write a blind packet for each rater.

    Args:
        strategies: whose outputs are judged; two or more for "pairwise".
        task: needed where the run has several.
        n: test rows to judge.
        mode: "pairwise", "scales" or "errors".
        raters: how many, or names with commas between.
        questions: a task's YAML whose `review` is asked, instead of the run's.
        formats: of "html", "xlsx", "csv", "label-studio".
        out: a folder for the raters' files.
        overlap: raters of each row; None for all of them.
        sample: "random", "disagreement", "low-score", "hardest", or "slice:COLUMN=VALUE".
        repeats: judgements of each rater that come back; None for a tenth, 20 at most.
        against: with "pairwise", only pairs with this strategy.
        with_reference: whether raters see the references, too.
        model: needed where the run has several base models.
        train_size: needed where the run has several.

    Raises:
        BenchError: no such run, task or strategy; a sample that cannot be drawn; nothing is written then.
    """
    stored = open_run(Path(runs_dir), str(run))
    if task is None and len(stored.plan.tasks) > 1:
        raise BenchError(f"{stored.path}: has several tasks: {', '.join(stored.plan.tasks)}. Choose one with {setting('task', 'TASK')}.")
    wrong = [f for f in formats if f not in FORMATS] + [m for m in (mode,) if m not in MODES]
    if wrong:
        raise BenchError(f"'{wrong[0]}' is neither a format ({', '.join(FORMATS)}) nor a mode ({', '.join(MODES)})")
    asked = Asked(
        task=task or next(iter(stored.plan.tasks)),
        strategies=names_of(strategies),
        n=n,
        mode=next(m for m in MODES if m == mode),
        raters=rater_names(str(raters)),
        questions=open_catalog().task(str(questions)).value.review if questions is not None else None,
        sample=sample,
        overlap=overlap,
        repeats=repeats,
        against=against,
        with_reference=with_reference,
        seed=seed,
        model=model,
        train_size=train_size,
    )
    wanted = [f for f in FORMATS if f in formats]
    packet, key, folder, files = export_packet(stored, asked, wanted, Path(out) if out is not None else None)
    return ReviewPacket(packet, key, folder.path, tuple(files))


def review_import(run: str | Path, files: Sequence[str | Path], *, runs_dir: str | Path = "runs") -> list[Imported]:
    """Put ratings that came back on record; what was refused, and why, is in the answer.

    Raises:
        BenchError: no such run, or nothing was exported from it.
    """
    stored = open_run(Path(runs_dir), str(run))
    imported = import_files(stored, [Path(file) for file in files])
    if any(one.new or one.replaced for one in imported):
        rewrite_page(stored)
    return imported


def review_status(run: str | Path, *, runs_dir: str | Path = "runs") -> list[Findings]:
    """What the ratings of every packet of a run say, the oldest packet first.

    Raises:
        BenchError: no such run, or a damaged packet.
    """
    stored = open_run(Path(runs_dir), str(run))
    return [findings_of(stored, review) for review in reviews_of(stored)]


def review_harvest(
    run: str | Path,
    out: str | Path,
    *,
    task: str | None = None,
    retire_test_rows: bool = False,
    force: bool = False,
    runs_dir: str | Path = "runs",
) -> tuple[Harvest, list[Path]]:
    """Write corrected texts and preferences as training rows; their test rows are on record as retired from then on.

    Args:
        retire_test_rows: without it nothing is written: what was judged were test rows.

    Raises:
        BenchError: nothing to take, no agreement, or a file that is there.
    """
    stored, target = open_run(Path(runs_dir), str(run)), Path(out)
    found = harvest_of(stored, task)
    if not retire_test_rows:
        what = f"{plural(len(found.corrections), 'correction')} and {plural(len(found.preferences), 'preference')}"
        raise BenchError(
            f"{stored.path}: {what} can be harvested, all from the test set. A model that is trained on them can no longer be tested on "
            f"these examples. Set {setting('retire_test_rows')} to remove them from the test set."
        )
    if target.suffix != ".jsonl":
        raise BenchError(f"{setting('out', str(target))}: must end in .jsonl.")
    if not target.parent.is_dir():
        raise BenchError(f"{setting('out', str(target))}: there is no folder {target.parent}.")
    folders = [path for path in files_of(target) if path.is_dir()]
    if folders:
        raise BenchError(f"{setting('out', str(folders[0]))}: is a folder. Name a file.")
    there = [path for path in files_of(target) if path.exists()]
    if there and not force:
        raise BenchError(f"{there[0]}: already exists. Name another file, or set {setting('force')} to replace it.")
    return found, write_harvest(stored, found, target)
