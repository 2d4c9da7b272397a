"""May a model replace the one in service? Verdicts, promotions, and the way back."""

from __future__ import annotations

import os
from pathlib import Path

from harness.api.runs import open_catalog
from harness.errors import BenchError, did_you_mean
from harness.gate import Event, Policy, Registry, Verdict, default_policy, draft, judge, read_policy
from harness.reporting import write_page
from harness.reporting.gate_text import verdict_to_json, verdict_to_markdown
from harness.results import Chosen, TaskRows, choose
from harness.store import open_run
from harness.store.gates import add_verdict

REGISTRY = "registry"


class NotPassedError(BenchError):
    """A model that does not pass is not promoted; the exit code is that of the verdict."""

    def __init__(self, verdict: Verdict, message: str) -> None:
        super().__init__(message)
        self.verdict = verdict
        self.exit_code = verdict.exit_code


def gate(
    run: str | Path,
    strategy: str,
    *,
    task: str | None = None,
    policy: str | Path | None = None,
    baseline: str | None = None,
    registry: str | Path = REGISTRY,
    model: str | None = None,
    train_size: int | None = None,
    model_path: str | None = None,
    runs_dir: str | Path = "runs",
) -> Verdict:
    """The verdict on a strategy of a run, which is put on record: as a look at the test set in the registry, and beside the run.

    Args:
        task: needed where the run has several.
        policy: a YAML file; without it, not worse than the baseline by the task's margin, and no more critical errors.
        baseline: `RUN:strategy`; without it the champion of the registry.
        model_path: where the baseline's base model lies, if it has to answer again and its name alone does not tell.

    Raises:
        BenchError: no such run or strategy, a policy with problems, a baseline that does not fit, a damaged registry.
    """
    candidate = _candidate(run, strategy, task, model, train_size, runs_dir)
    book = Registry(Path(registry))
    against, name = _baseline(baseline, candidate, book, runs_dir)
    return _judged(candidate, against, name, _policy(policy, candidate, against), book, model_path)


def draft_policy(task: str, *, tasks_dirs: tuple[str, ...] = ()) -> str:
    """A commented policy for a task, by name or file."""
    from harness.metrics import metrics_for

    found = open_catalog(tasks_dirs).task(task).value
    return draft(found, metrics_for(found.metrics, found.labels or (("a", "b") if found.chooses else ())))


def promote(
    run: str | Path,
    strategy: str,
    *,
    task: str | None = None,
    policy: str | Path | None = None,
    baseline: str | None = None,
    registry: str | Path = REGISTRY,
    force: bool = False,
    reason: str = "",
    model: str | None = None,
    train_size: int | None = None,
    model_path: str | None = None,
    runs_dir: str | Path = "runs",
) -> tuple[Event, Verdict]:
    """Put a model in service, if the gate says PASS, or by force, which is on record for ever.

    Raises:
        NotPassedError: the verdict is another, and nobody forces it.
        BenchError: as `gate` does; force without a reason.
    """
    if force and not reason.strip():
        raise BenchError("--force needs --reason: whoever reads the history later must know why")
    candidate = _candidate(run, strategy, task, model, train_size, runs_dir)
    book = Registry(Path(registry))
    against, name = _baseline(baseline, candidate, book, runs_dir)
    verdict = _judged(candidate, against, name, _policy(policy, candidate, against), book, model_path)
    if verdict.outcome != "PASS" and not force:
        raise NotPassedError(verdict, f"{verdict.outcome}: not promoted. bench gate says why; --force --reason TEXT does it all the same.")
    forced = verdict.outcome != "PASS"
    event = book.add(
        candidate,
        "force" if forced else "promote",
        outcome=verdict.outcome,
        policy_digest=verdict.policy_digest,
        verdict=verdict_to_json(verdict),
        reason=reason,
    )
    return event, verdict


def history(task: str | None = None, *, registry: str | Path = REGISTRY) -> list[Event]:
    """What was promoted and rolled back, the oldest first."""
    book = Registry(Path(registry))
    found = book.events(task)
    if task is not None and not found:
        known = list(dict.fromkeys(event.task for event in book.events()))
        raise BenchError(f"{registry}: nothing was promoted for '{task}'.{did_you_mean(task, known)}")
    return found


def rollback(task: str, *, registry: str | Path = REGISTRY, reason: str = "") -> Event:
    """Put the model before the one in service back in service."""
    return Registry(Path(registry)).rollback(task, reason)


def _candidate(run: str | Path, strategy: str, task: str | None, model: str | None, train_size: int | None, runs_dir: str | Path) -> Chosen:
    return choose(open_run(Path(runs_dir), str(run)), strategy, task=task, model=model, train_size=train_size)


def _baseline(named: str | None, candidate: Chosen, book: Registry, runs_dir: str | Path) -> tuple[Chosen | None, str | None]:
    """Whom to compare with, and what its run is called."""
    task = candidate.rows.task.name
    if named is None:
        champion = book.champion(task)
        return (book.load(champion), f"{champion.run} (in service since {champion.at[:10]})") if champion is not None else (None, None)
    run, colon, strategy = named.rpartition(":")
    if not colon or not run or not strategy:
        raise BenchError(f"--baseline {named}: write it as RUN:strategy, such as latest:base")
    other = open_run(Path(runs_dir), run)
    return choose(other, strategy, task=task if task in other.plan.tasks else None), None


def _policy(given: str | Path | None, candidate: Chosen, baseline: Chosen | None) -> Policy:
    rows: TaskRows = candidate.rows
    if given is None:
        return default_policy(rows.task, rows.metrics, baseline=baseline is not None)
    return read_policy(Path(given), rows.task, rows.metrics)


def _judged(
    candidate: Chosen, baseline: Chosen | None, name: str | None, policy: Policy, book: Registry, model_path: str | None
) -> Verdict:
    verdict = judge(candidate, baseline, policy, book, baseline_run=name, model_path=model_path)
    add_verdict(candidate.run.path, verdict_to_json(verdict))
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(verdict_to_markdown(verdict))
    if candidate.run.folder.report.is_file():
        write_page(candidate.run, candidate.run.folder.report)
    return verdict
