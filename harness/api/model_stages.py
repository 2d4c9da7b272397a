"""Stages of the models in a registry: candidate, shadow, challenger, champion, retired."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.api.arguments import PathLike
from harness.api.gates import split_model_name
from harness.api.loaded_run import load_results
from harness.api.model_history import REGISTRY, history
from harness.errors import BenchError, setting
from harness.gate import (
    Contender,
    Event,
    Registry,
    Stage,
    StagedModel,
    Verdict,
    check_stage,
    find_contender,
    load_verdicts,
    select_standing,
)


def set_stage(
    task: str,
    model: str,
    stage: Stage,
    *,
    share: float | None = None,
    reason: str = "",
    force: bool = False,
    registry: PathLike = REGISTRY,
    new_registry: bool = False,
    base_model: str | None = None,
    train_size: int | None = None,
    seed: int | None = None,
    runs_dir: PathLike = "runs",
) -> Event:
    """Put a model in a stage other than champion; `promote` and `rollback` set the champion.

    A challenger answers real requests, so the gate must have judged it, on this machine, and no verdict on it may be FAIL; an INCONCLUSIVE
    one is enough, because an experiment is how it can be decided. `force` with a reason overrides this, and stays in the history.

    Args:
        model: the digest of a model in the registry, or the beginning of it; or "RUN:STRATEGY", which is copied into the registry.
        stage: "candidate", "shadow" (answers the same inputs as the champion, and its outputs are only kept), "challenger" or "retired".
        share: of the traffic, for a challenger: more than 0, less than 1.
        reason: for the history; required with `force`.
        new_registry: start a registry there. Otherwise it must exist.
        base_model, train_size, seed: of a run's model; required if the run has several, except the seed, by default the lowest.

    Raises:
        BenchError: no such model or stage; the model is the champion; a share that does not fit; a challenger that the gate has not judged
            or has failed; the registry cannot be used.
    """
    check_stage(stage)
    if force and not reason.strip():
        raise BenchError(f"{setting('force')} needs {setting('reason', 'TEXT')}: the history records why the gate was overridden")
    models = Registry(Path(registry), new=new_registry)
    models.journal.check()
    if ":" not in model:
        return models.move(task, model, stage, reason=reason, share=share, force=force)
    run, strategy = split_model_name(model, "model")
    results = load_results(run, runs_dir, task=task)
    candidate = find_contender(results, strategy, task=task, model=base_model, train_size=train_size, seed=seed)
    verdict = _find_verdict(candidate)
    return models.add_to_stage(
        candidate.artifact,
        stage,
        outcome="" if verdict is None else verdict.outcome,
        policy_digest="" if verdict is None else verdict.policy_digest,
        verdict={} if verdict is None else verdict.to_json(),
        reason=reason,
        share=share,
        force=force,
    )


def list_models(task: str, *, registry: PathLike = REGISTRY) -> list[StagedModel]:
    """Every model of a task with its stage: the champion first, retired models last.

    Raises:
        BenchError: the registry has no model of this task, or is damaged.
    """
    history(task, registry=registry)  # raises where there is none, with the names of the tasks that are known
    return Registry(Path(registry)).models(task)


def _find_verdict(candidate: Contender) -> Verdict | None:
    """The newest verdict that counts on this model; a FAIL before all others, as in the report. None for a model of another machine, whose
    verdicts may have been written by anyone."""
    artifact = candidate.artifact
    if not artifact.run.folder.was_made_here():
        return None
    standing = select_standing(load_verdicts(artifact.run.path), candidate.task_results)
    own: Sequence[Verdict] = [verdict for verdict in standing.current if verdict.candidate.cell == artifact.cell.id]
    return next((verdict for verdict in own if verdict.outcome == "FAIL"), next(iter(own), None))
