"""The files of a run: are they intact, and how are they sent to others?"""

from __future__ import annotations

import json
import os
from pathlib import Path

from harness.api.arguments import PathLike, RunLike
from harness.api.loaded_run import load_results
from harness.results import RunResults
from harness.store import PackedRun, Verification, find_run, forget_missing_files, pack_run, remove_folders, verify_run


def verify(run: RunLike, *, forget_missing: bool = False, runs_dir: PathLike = "runs") -> Verification:
    """Check every file of a run against the digest that was recorded when it was written. Damage is part of the result.

    Digests reveal damage, not forgery: a person who edits a run can write new digests.

    Args:
        run: a run, its folder, its name in `runs_dir`, or "latest".
        forget_missing: accept that reviews and verdicts are missing, so that the run can be used again. The loss stays recorded.

    Raises:
        BenchError: there is no such run; with `forget_missing`, its list of reviews and verdicts is damaged or cannot be written.
    """
    folder = find_run(Path(runs_dir), os.fspath(run))
    if forget_missing:
        forget_missing_files(folder.path)
    return verify_run(folder)


def pack(
    run: RunLike,
    out: PathLike | None = None,
    *,
    with_text: bool = True,
    with_key: bool = False,
    force: bool = False,
    runs_dir: PathLike = "runs",
) -> PackedRun:
    """Write a run as a ZIP file that can be sent to others. What is in it, and what is not, is in its CONTENTS.txt.

    Args:
        run: a run, its folder, its name in `runs_dir`, or "latest".
        out: the file; by default NAME.zip in the working directory.
        with_text: include inputs, references, outputs and trained weights. Without them, only the report can be read.
        with_key: include the key that recognizes training inputs, so that the recipient's gate can check for leakage.
        force: replace an existing file.

    Raises:
        BenchError: there is no such run, a file of it is damaged, or the archive cannot be written.
    """
    from harness.reporting import describe_pack, render, to_csv, to_json, to_markdown

    results = load_results(run, runs_dir)
    if not with_text:
        results = RunResults(results.folder)  # not the caller's, whose plan stays as it is
        results.plan = remove_folders(results.plan)
    pages = {
        "report.html": render(results, with_text=with_text),
        "report.md": to_markdown(results),
        "report.json": json.dumps(to_json(results), indent=1, ensure_ascii=False, allow_nan=False) + "\n",
        "report.csv": to_csv(results),
    }
    archive = Path(f"{results.path.resolve().name}.zip") if out is None else Path(out)
    return pack_run(
        results.folder, archive, with_text=with_text, with_key=with_key and with_text, pages=pages, describe=describe_pack, force=force
    )
