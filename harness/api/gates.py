"""The release gate: verdicts, promotions and rollbacks."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.api.arguments import PathLike, RunLike, TaskLike, as_declared
from harness.api.catalogs import open_catalog
from harness.api.complaint_suites import read_complaint_cases, record_suite
from harness.api.loaded_run import load_results
from harness.api.model_history import REGISTRY
from harness.errors import BenchError, setting
from harness.gate import (
    Contender,
    Event,
    Policy,
    Registry,
    Verdict,
    VerdictNote,
    attach_approvals,
    check_origin,
    default_policy,
    find_contender,
    find_useless_rules,
    is_foreign,
    judge,
    read_policy,
    refuse_cascade,
    save_verdict,
)
from harness.gate import draft_policy as write_draft
from harness.reporting import rewrite_page
from harness.results import RunResults, TaskResults
from harness.types import Example, Task


class NotPassedError(BenchError):
    """The model did not pass, or its PASS is not approved, so it is not promoted. The exit code is that of the verdict."""

    def __init__(self, verdict: Verdict, message: str) -> None:
        super().__init__(message)
        self.verdict = verdict
        self.exit_code = verdict.exit_code


def gate(
    run: RunLike,
    strategy: str,
    *,
    task: str | None = None,
    policy: PathLike | None = None,
    baseline: str | None = None,
    registry: PathLike = REGISTRY,
    new_registry: bool = False,
    model: str | None = None,
    train_size: int | None = None,
    seed: int | None = None,
    model_path: PathLike | None = None,
    runs_dir: PathLike = "runs",
) -> Verdict:
    """Decide whether a model of a run may replace the current model.

    The verdict is about one model, the one that `promote` would put into service. It is stored in the run's folder, and counts as one
    evaluation on its test set in the registry.

    Args:
        run: a run, its folder, its name in `runs_dir`, or "latest".
        strategy: the candidate.
        task: required if the run has several.
        policy: a YAML file with the rules. By default: not worse than the baseline by more than the task's margin, and critical
            errors up by at most 2 percentage points. Required where there is no baseline. The task's guardrails apply to every policy.
        baseline: "RUN:STRATEGY"; by default the model in service.
        registry: the folder of the promoted models.
        new_registry: start a registry there. Otherwise it must exist.
        model, train_size: required if the run has several.
        seed: which trained model of the strategy is judged; by default the lowest seed with a result. α is divided by the number of seeds
            if you name one, because it may have been chosen by its result.
        model_path: folder of the baseline's base model, if it has to answer again and cannot be found by its name.

    Raises:
        BenchError: an unknown run or strategy, an invalid policy, nothing to judge the candidate by, a baseline that does not fit, or a
            registry that does not exist or is damaged.
    """
    results = load_results(run, runs_dir, task=task)
    candidate = find_contender(results, strategy, task=task, model=model, train_size=train_size, seed=seed)
    models = Registry(Path(registry), new=new_registry)
    opponent = _find_baseline(baseline, candidate, models, runs_dir)
    rules = _read_policy(policy, results.by_task[candidate.recipe.task.name], opponent, registry)
    return _judge(candidate, opponent, rules, models, model_path)


def draft_policy(task: TaskLike, *, tasks_dirs: PathLike | Sequence[PathLike] = ()) -> str:
    """A commented policy for a task, with the scores and subgroups that its data offers.

    Raises:
        BenchError: something about the task or its data is wrong.
    """
    from harness.grid import Request, keep_named_columns, read_tasks
    from harness.metrics import metrics_for
    from harness.results import candidate_slices

    ((read, splits),) = read_tasks(Request(tasks=as_declared(task), strategies=()), open_catalog(tasks_dirs))
    labels = splits.test[0].choices if read.chooses else ()
    stored = keep_named_columns(read, splits)  # a gate can divide the test examples by these columns only
    return write_draft(read, metrics_for(read.metrics, labels), list(candidate_slices(stored.test, classes=read.chooses)))


def promote(
    run: RunLike,
    strategy: str,
    *,
    task: str | None = None,
    policy: PathLike | None = None,
    baseline: str | None = None,
    registry: PathLike = REGISTRY,
    new_registry: bool = False,
    force: bool = False,
    reason: str = "",
    fingerprint: bool = True,
    model: str | None = None,
    train_size: int | None = None,
    seed: int | None = None,
    model_path: PathLike | None = None,
    runs_dir: PathLike = "runs",
) -> tuple[Event, Verdict]:
    """Put a model into service if it passes the gate, or by force, which stays in the history.

    A model whose run was not made on this machine first answers some test examples again: it must give the stored outputs. They are drawn
    from the local test set of the task, from `./tasks` or included; from the run's own only where the task is not known here.

    Args:
        force: promote it even if it does not pass, or if there is nothing to judge it by; requires `reason`.
        fingerprint: store the fingerprint of the model, too, with which `watch` compares new rows; the first `watch` does if this has not.
        run, strategy, task, policy, baseline, registry, new_registry, model, train_size, seed, model_path, runs_dir: as for `gate`.

    Raises:
        NotPassedError: the verdict is not PASS or waits for approval, and `force` is not set.
        BenchError: as `gate`; `force` without a reason; a run of another machine whose model or outputs cannot be confirmed.
    """
    if force and not reason.strip():
        raise BenchError(f"{setting('force')} needs {setting('reason', 'TEXT')}: the history records why the gate was overridden")
    results = load_results(run, runs_dir, task=task)
    candidate = find_contender(results, strategy, task=task, model=model, train_size=train_size, seed=seed)
    refuse_cascade(candidate.artifact)
    models = Registry(Path(registry), new=new_registry)
    opponent = _find_baseline(baseline, candidate, models, runs_dir)
    rules = _read_policy(policy, results.by_task[candidate.recipe.task.name], opponent, registry, force=force)
    verdict = _judge(candidate, opponent, rules, models, model_path)
    passed = verdict.outcome == "PASS" and not verdict.awaits_approval
    if not passed and not force:
        override = f"To promote it anyway, set {setting('force')} and {setting('reason', 'TEXT')}."
        if verdict.awaits_approval:
            given = f"{verdict.approvals_given} of {verdict.approvals_required} people have approved this verdict"
            raise NotPassedError(verdict, f"PASS, but not promoted: {given}. `bench approve` adds an approval. {override}")
        raise NotPassedError(verdict, f"{verdict.outcome}: not promoted. Run `bench gate` for details. {override}")
    if is_foreign(candidate.artifact):
        local = _read_local_test_set(candidate.artifact.task)
        note = check_origin(candidate.artifact, local, None if model_path is None else os.fspath(model_path))
        verdict = replace(verdict, notes=(*verdict.notes, note))
    event = models.add(
        candidate.artifact,
        "promote" if passed else "force",
        outcome=verdict.outcome,
        policy_digest=verdict.policy_digest,
        verdict=verdict.to_json(),
        reason=reason,
        judged_against=opponent.event,
    )
    if fingerprint:
        from harness.api.watching import store_fingerprint

        store_fingerprint(event.task, registry=registry, model_path=model_path)
    return event, verdict


def split_model_name(name: str, parameter: str) -> tuple[str, str]:
    """The run and the strategy of "RUN:STRATEGY". The strategy may be a variant, which has a colon of its own: `latest:lora:r=8`.

    Args:
        parameter: what the caller's parameter is called, for the message.

    Raises:
        BenchError: it is not written like that.
    """
    run, colon, strategy = name.rpartition(":")
    if "=" in strategy and ":" in run:
        run, _, base = run.rpartition(":")
        strategy = f"{base}:{strategy}"
    if not colon or not run or not strategy:
        raise BenchError(f"{setting(parameter, name)}: write it as RUN:STRATEGY, such as latest:base")
    return run, strategy


@dataclass(frozen=True)
class _Baseline:
    """What the candidate is compared with.

    `promoted` is the event that put it into service. It is None where nothing is in service, and where the caller named a baseline.
    """

    contender: Contender | None
    promoted: Event | None = None

    @property
    def event(self) -> int | None:
        """The number of that event: 0 where nothing is in service, None where the caller named a baseline."""
        if self.promoted is not None:
            return self.promoted.number
        return 0 if self.contender is None else None


def _find_baseline(name: str | None, candidate: Contender, models: Registry, runs_dir: PathLike) -> _Baseline:
    models.journal.check()
    task = candidate.recipe.task.name
    if name is None:
        current = models.current(task)
        if current is None:
            return _Baseline(None)
        try:
            in_service = models.load(current)
        except BenchError as error:
            raise BenchError(f"{error.problems[0]} Or name another baseline with {setting('baseline', 'RUN:STRATEGY')}.") from None
        return _Baseline(Contender(in_service, in_service), current)
    run, strategy = split_model_name(name, "baseline")
    other = load_results(run, runs_dir, task=task)
    same_task = task if task in other.plan.tasks else None
    cells = [c for c in other.cells if c.strategy == strategy and (same_task is None or c.task == same_task)]
    # of several models or training sizes, take that of the candidate
    names, sizes = {c.model for c in cells}, {c.train_size for c in cells}
    own = candidate.recipe
    model = own.model if len(names) > 1 and own.model in names else None
    size = own.train_size if len(sizes) > 1 and own.train_size in sizes else None
    return _Baseline(find_contender(other, strategy, task=same_task, model=model, train_size=size))


def _read_policy(path: PathLike | None, results: TaskResults, opponent: _Baseline, registry: PathLike, *, force: bool = False) -> Policy:
    """The policy, or the default one without a file.

    Raises:
        BenchError: it is not valid, or every model would pass it and `force` is not set.
    """
    task, metrics = results.task, results.metrics
    has_baseline = opponent.contender is not None
    policy = default_policy(task, metrics) if path is None else read_policy(Path(path), task, metrics)
    if not force:
        useless = find_useless_rules(policy, metrics, has_baseline=has_baseline, trivial=_score_trivial(results, policy))
        refuse_useless_policy(useless, task.name, path, registry, has_baseline=has_baseline)
    return policy


def refuse_useless_policy(useless: Sequence[str], task: str, path: PathLike | None, registry: PathLike, *, has_baseline: bool) -> None:
    """Refuse a policy of which no rule can show that a model is good enough.

    Args:
        useless: why, for each rule; empty if a rule can.
        path: of the policy; None for the default one.

    Raises:
        BenchError: every model would pass.
    """
    if not useless:
        return
    ways = (
        f"Name a baseline with {setting('baseline', 'RUN:STRATEGY')}, or a policy with a floor or a ceiling on a score with "
        f"{setting('policy', 'FILE')}. To put a first model into service without a verdict, promote it with {setting('force')} and "
        f"{setting('reason', 'TEXT')}."
    )
    if path is None:
        raise BenchError(f"{registry}: no model is in service for '{task}', and there is no policy to judge by. {ways}")
    ways = "Add a blocking rule on a score." if has_baseline else ways
    raise BenchError([*(f"{path}: {problem}" for problem in useless), f"{path}: no rule can show that a model is good enough. {ways}"])


def _score_trivial(results: TaskResults, policy: Policy) -> dict[str, float]:
    """What the trivial baseline scores, for each floor and ceiling of the policy."""
    trivial = results.trivial
    if trivial is None:
        return {}
    limited = {rule.score for rule in policy.rules if not rule.compares}
    values = {metric.name: trivial.score(metric) for metric in results.metrics if metric.name in limited and trivial.has_score(metric)}
    return {name: value for name, value in values.items() if value is not None}


def _read_local_test_set(task: Task) -> Sequence[Example] | None:
    """The test examples of a task as this machine knows it; None where it does not, or where its data cannot be read."""
    from harness.grid import Request, read_tasks

    try:
        ((local, splits),) = read_tasks(Request(tasks=(task.name,), strategies=()), open_catalog())
    except BenchError:
        return None
    return splits.test if local.kind == task.kind else None


def _judge(candidate: Contender, opponent: _Baseline, policy: Policy, models: Registry, model_path: PathLike | None) -> Verdict:
    """Judge, and store the verdict. If it cannot be stored with the run, a note says so: the evaluation is already counted."""
    base_folder = None if model_path is None else os.fspath(model_path)
    cases = read_complaint_cases(candidate.recipe.task.name, models.folder)
    verdict = judge(candidate, opponent.contender, policy, models, promoted=opponent.promoted, model_path=base_folder, complaints=cases)
    record_suite(verdict, cases, models.folder)
    run = candidate.recipe.run
    try:
        save_verdict(run.path, verdict)
        rewrite_page(RunResults(run.folder))
    except (OSError, BenchError) as error:
        note = VerdictNote("not_recorded", texts={"run": (run.name,), "error": (str(error),)})
        verdict = replace(verdict, notes=(*verdict.notes, note))
    return attach_approvals(verdict, candidate.artifact, candidate.artifact.cell)
