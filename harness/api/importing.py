"""Importing the results of other evaluation tools."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from harness.api.arguments import PathLike, as_texts
from harness.api.loaded_run import Run
from harness.errors import BenchError, setting
from harness.reporting import write_page
from harness.results import RunResults


def import_results(
    files: PathLike | Sequence[PathLike],
    *,
    base: str | None = None,
    primary: str | None = None,
    higher_is_better: str | Sequence[str] = (),
    lower_is_better: str | Sequence[str] = (),
    margin: float | None = None,
    runs_dir: PathLike = "runs",
    command: str = "harness.import_results",
) -> Run:
    """Read results of other evaluation tools as a run like every other, with one strategy for each system.

    The tools are lm-evaluation-harness, Inspect AI, promptfoo and PEFT's method comparison.

    Scores are taken over as the files state them. Where a file has the scores of single examples, systems are compared example by example;
    where it has only totals, the run has totals, and says what cannot be concluded from them.

    Args:
        files: files, or folders that hold them.
        base: the system that the others are compared with.
        primary: the score that decides; by default, the first that all systems have.
        higher_is_better, lower_is_better: scores of which the files do not say which values are better.
        margin: Δ, the accepted loss on the primary score, in its unit.
        runs_dir, command: as for `run`.

    Raises:
        BenchError: a file cannot be read, or the systems cannot be compared; nothing was written.
    """
    from harness.interchange import assemble, read_results, write_imported_run

    if margin is not None and not (math.isfinite(margin) and margin > 0):
        raise BenchError(f"{setting('margin', str(margin))}: must be a number above 0")
    named = as_texts(files)
    if not named:
        raise BenchError("no file was named. Name the results of an evaluation, or the folder that they are in.")
    tasks = assemble(
        read_results([Path(name) for name in named]),
        base=base,
        primary=primary,
        higher_is_better=as_texts(higher_is_better),
        lower_is_better=as_texts(lower_is_better),
    )
    folder = write_imported_run(tasks, Path(runs_dir), margin=margin, command=command)
    results = RunResults(folder)
    write_page(results, folder.report)
    return Run(results)
