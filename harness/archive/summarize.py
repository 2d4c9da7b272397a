"""Every run of a folder in a few values. Only stored files are read; what is wrong with a run becomes part of its summary."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from harness.archive.decision_cache import compute_key, read_decisions, write_decisions
from harness.archive.run_summary import DecidedTask, RunState, RunSummary, StrategyStanding
from harness.decision import CandidateStatus, decide_task
from harness.errors import BenchError
from harness.gate import digest_test_set
from harness.results import RunResults, StrategyResult, TaskResults
from harness.store import RunFolder, RunLock, list_run_folders
from harness.text import plural


def summarize_runs(runs: Path, *, progress: Callable[[str, int, int], None] = lambda *_: None) -> Iterator[RunSummary]:
    """The runs of a folder, the newest first.

    Args:
        progress: called before a decision is computed that is not stored yet: the run's name, its number from 1, the number of runs.
    """
    folders = list_run_folders(runs)
    for number, folder in enumerate(folders, start=1):
        yield summarize_run(folder, computing=partial(progress, folder.path.name, number, len(folders)))


def summarize_run(folder: RunFolder, *, computing: Callable[[], None] = lambda: None) -> RunSummary:
    """One run.

    Args:
        computing: called before its decisions are computed.
    """
    try:
        run = RunResults(folder)
        statuses = Counter(result.status for result in run.results.values())
        state, reason = _find_state(run)
        tasks = _decide(run, computing) if state == "finished" else ()
        spent = run.spent
    except BenchError as error:
        return _damaged(folder, error.problems[0])
    except OSError as error:
        return _damaged(folder, f"{error.filename or folder.path}: cannot be read: {error.strerror}")
    return RunSummary(
        name=folder.path.name,
        path=str(folder.path),
        state=state,
        created=run.plan.created,
        reason=reason,
        strategies=_list_strategies(run),
        planned=len(run.cells),
        finished=len(run.results),
        failed=len(run.results) - statuses["done"],
        seconds=spent.seconds,
        price=spent.price,
        currency=spent.currency,
        size=measure_size(folder.path),
        tasks=tasks,
    )


def measure_size(folder: Path) -> int:
    """Bytes of all files in a folder. Cells that several runs share count in each of them; what cannot be read counts as nothing."""
    total = 0
    for place, _, names in os.walk(folder, onerror=lambda _: None):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_size
            except OSError:
                continue
    return total


def measure_freed(files: Iterable[Path]) -> int:
    """Bytes that deleting these files frees: runs share files by hard links, and the space is free when no link is left."""
    left: dict[tuple[int, int], int] = {}
    freed = 0
    for file in files:
        with contextlib.suppress(OSError):
            stat = file.lstat()
            identity = stat.st_dev, stat.st_ino
            left[identity] = left.get(identity, stat.st_nlink) - 1
            freed += 0 if left[identity] else stat.st_size
    return freed


def _find_state(run: RunResults) -> tuple[RunState, str]:
    done = f"{len(run.all_results)} of {plural(len(run.plan.all_cells), 'cell')} done"
    if RunLock(run.path).is_held_by_other():
        return "in_progress", f"{done}."
    if not run.folder.is_finished() or not run.finished:
        return "unfinished", f"{done}. Run the same command to resume."
    return "finished", ""


def _damaged(folder: RunFolder, problem: str) -> RunSummary:
    return RunSummary(
        name=folder.path.name, path=str(folder.path), state="damaged", created="", reason=problem, strategies={}, planned=0, finished=0,
        failed=0, seconds=0.0, price=None, currency=None, size=measure_size(folder.path), tasks=(),
    )  # fmt: skip


def _list_strategies(run: RunResults) -> dict[str, tuple[str, ...]]:
    return {task: tuple(dict.fromkeys(cell.strategy for cell in run.cells if cell.task == task)) for task in run.plan.tasks}


def _decide(run: RunResults, computing: Callable[[], None]) -> tuple[DecidedTask, ...]:
    """The decisions of a finished run, as its report shows them."""
    key = compute_key(run.folder)
    stored = read_decisions(key)
    if stored is not None:
        return stored
    computing()
    tasks = tuple(_summarize_task(results) for results in run.by_task.values())
    if compute_key(run.folder) == key:  # otherwise files changed meanwhile
        write_decisions(key, tasks)
    return tasks


def _summarize_task(results: TaskResults) -> DecidedTask:
    decision, primary = decide_task(results), results.primary
    return DecidedTask(
        task=results.task.name,
        test_digest=digest_test_set(results.examples),
        test_size=results.test_size,
        score=results.task.primary,
        signature=primary.signature if primary else "",
        unit=primary.unit if primary else "",
        direction=primary.direction if primary else "higher",
        state=decision.state,
        headline=decision.headline,
        strategy=decision.strategy,
        leader=decision.leader,
        strategies=tuple(_stand(result, decision.standing(result.label).status) for result in results.strategies),
    )


def _stand(result: StrategyResult, status: CandidateStatus) -> StrategyStanding:
    score, costs = result.primary, result.costs
    return StrategyStanding(
        label=result.label,
        model=result.model,
        status=status,
        value=score.value if score else None,
        low=score.low if score else None,
        high=score.high if score else None,
        reliable=score.reliable if score else False,
        n=score.n if score else 0,
        seeds=len(result.done),
        thousand_price=costs.thousand_price if costs else None,
        currency=costs.currency if costs else "",
    )
