"""May a model replace the one in service? Verdicts, promotions, and the way back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from harness.api.runs import open_catalog
from harness.errors import BenchError, did_you_mean, setting
from harness.gate import Event, Policy, Registry, Verdict, default_policy, draft, judge, read_policy
from harness.reporting import rewrite_page
from harness.results import RunResults, StrategyResult
from harness.store import add_verdict, open_run

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
        policy: a YAML file; without it, not worse than the baseline by the task's margin, and critical errors on at most 2 % more rows.
        baseline: `RUN:strategy`; without it the champion of the registry.
        model_path: where the baseline's base model lies, if it has to answer again and its name alone does not tell.

    Raises:
        BenchError: no such run or strategy, a policy with problems, a baseline that does not fit, a damaged registry.
    """
    candidate = _candidate(run, strategy, task, model, train_size, runs_dir)
    book = Registry(Path(registry))
    against = _baseline(baseline, candidate, book, runs_dir)
    return _judged(candidate, against, _policy(policy, candidate, against.chosen), book, model_path)


def draft_policy(task: str, *, tasks_dirs: tuple[str, ...] = ()) -> str:
    """A commented policy for a task, by name or file; its data tell which scores and slices there are.

    Raises:
        BenchError: anything wrong with the task or its data.
    """
    from harness.grid import Request, read_tasks
    from harness.metrics import metrics_for
    from harness.results import candidate_slices

    ((found, rows),) = read_tasks(Request(tasks=(task,), strategies=()), open_catalog(tasks_dirs))
    labels = rows.test[0].choices if found.chooses else ()
    return draft(found, metrics_for(found.metrics, labels), list(candidate_slices(rows.test, classes=found.chooses)))


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
        raise BenchError(f"{setting('force')} needs {setting('reason', 'TEXT')}: the history records why the gate was overridden")
    candidate = _candidate(run, strategy, task, model, train_size, runs_dir)
    book = Registry(Path(registry))
    against = _baseline(baseline, candidate, book, runs_dir)
    verdict = _judged(candidate, against, _policy(policy, candidate, against.chosen), book, model_path)
    if verdict.outcome != "PASS" and not force:
        override = f"set {setting('force')} and {setting('reason', 'TEXT')}"
        raise NotPassedError(verdict, f"{verdict.outcome}: not promoted. Run `bench gate` for details. To promote it anyway, {override}.")
    forced = verdict.outcome != "PASS"
    event = book.add(
        candidate,
        "force" if forced else "promote",
        outcome=verdict.outcome,
        policy_digest=verdict.policy_digest,
        verdict=verdict.to_json(),
        reason=reason,
        judged_against=against.event,
    )
    return event, verdict


def history(task: str | None = None, *, registry: str | Path = REGISTRY) -> list[Event]:
    """What was promoted and rolled back, the oldest first."""
    book = Registry(Path(registry))
    found = book.journal.events(task)
    if task is not None and not found:
        known = list(dict.fromkeys(event.task for event in book.journal.events()))
        raise BenchError(f"{registry}: nothing was promoted for '{task}'.{did_you_mean(task, known)}")
    return found


def verify_registry(*, registry: str | Path = REGISTRY) -> list[tuple[Event, str]]:
    """Every model in the registry with what is wrong with it: empty where it is as it was promoted.

    Raises:
        BenchError: the history itself is damaged.
    """
    return Registry(Path(registry)).verify()


def rollback(task: str, *, registry: str | Path = REGISTRY, reason: str = "") -> Event:
    """Put the model before the one in service back in service."""
    return Registry(Path(registry)).rollback(task, reason)


def _candidate(
    run: str | Path, strategy: str, task: str | None, model: str | None, train_size: int | None, runs_dir: str | Path
) -> StrategyResult:
    return RunResults(open_run(Path(runs_dir), str(run)).folder).find(strategy, task=task, model=model, train_size=train_size)


@dataclass(frozen=True)
class _Against:
    """Whom to compare with, what its run is called, and the event that it came into service by: 0 where nothing is in service, None where
    another was named."""

    chosen: StrategyResult | None
    run: str | None
    event: int | None


def _baseline(named: str | None, candidate: StrategyResult, book: Registry, runs_dir: str | Path) -> _Against:
    task = candidate.task.name
    if named is None:
        champion = book.champion(task)
        if champion is None:
            return _Against(None, None, 0)
        return _Against(book.load(champion), f"{champion.run} (in service since {champion.at[:10]})", champion.number)
    run, colon, strategy = named.rpartition(":")
    if not colon or not run or not strategy:
        raise BenchError(f"{setting('baseline', named)}: write it as RUN:STRATEGY, such as latest:base")
    other = RunResults(open_run(Path(runs_dir), run).folder)
    own = task if task in other.plan.tasks else None
    fitting = [c for c in other.cells if c.strategy == strategy and (own is None or c.task == own)]
    # of several models or sizes that of the candidate is meant
    models, sizes = {c.model for c in fitting}, {c.train_size for c in fitting}
    model = candidate.model if len(models) > 1 and candidate.model in models else None
    size = candidate.train_size if len(sizes) > 1 and candidate.train_size in sizes else None
    return _Against(other.find(strategy, task=own, model=model, train_size=size), None, None)


def _policy(given: str | Path | None, candidate: StrategyResult, baseline: StrategyResult | None) -> Policy:
    if given is None:
        return default_policy(candidate.task, candidate.task_scores.metrics, baseline=baseline is not None)
    return read_policy(Path(given), candidate.task, candidate.task_scores.metrics)


def _judged(candidate: StrategyResult, against: _Against, policy: Policy, book: Registry, model_path: str | None) -> Verdict:
    """The verdict, put on record; what cannot be written beside it is a note, since the look at the test set is spent."""
    verdict = judge(candidate, against.chosen, policy, book, baseline_run=against.run, model_path=model_path)
    notes = []
    try:
        add_verdict(candidate.run.path, verdict.to_json())
        rewrite_page(RunResults(candidate.run.folder))
    except (OSError, BenchError) as error:
        notes.append(f"The verdict could not be put into {candidate.run.name} and its report: {error}")
    return replace(verdict, notes=(*verdict.notes, *notes))
