"""Is it fixed? A model answers the confirmed complaints of users again, and people judge what a comparison cannot."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from harness.api.arguments import PathLike, RunLike
from harness.api.loaded_run import load_results
from harness.api.model_history import REGISTRY
from harness.errors import BenchError, did_you_mean
from harness.gate import CaseResult


def check_complaints(
    run: RunLike,
    strategy: str,
    *,
    task: str | None = None,
    fixed: Sequence[str] = (),
    broken: Sequence[str] = (),
    registry: PathLike = REGISTRY,
    model: str | None = None,
    train_size: int | None = None,
    seed: int | None = None,
    model_path: PathLike | None = None,
    runs_dir: PathLike = "runs",
) -> tuple[CaseResult, ...]:
    """Let a model of a run answer the confirmed complaints of users again: which of them does it get right?

    Args:
        fixed, broken: ids for which a person has looked at the output that this model gives, and found it right or wrong. This is kept in
            the log, and counts wherever a model gives the same output.
        run, strategy, task, registry, model, train_size, seed, model_path, runs_dir: as for `gate`.

    Raises:
        BenchError: no such run or strategy; its model is not here; an id without a confirmed complaint, or one that the model could not
            answer; a damaged log.
    """
    from harness.gate import digest_output, find_contender, run_complaints
    from harness.lifecycle.feedback import FeedbackStore, LogPart, OutputJudgement

    results = load_results(run, runs_dir, task=task)
    artifact = find_contender(results, strategy, task=task, model=model, train_size=train_size, seed=seed).artifact
    store = FeedbackStore(Path(registry), artifact.task.name)
    cases = store.read().cases
    known = [case.id for case in cases]
    unknown = next((id_ for id_ in (*fixed, *broken) if id_ not in known), None)
    if unknown is not None:
        raise BenchError(f"'{unknown[:80]}' is not the id of a confirmed complaint.{did_you_mean(unknown[:80], known)}")
    answered = run_complaints(artifact, cases, None if model_path is None else os.fspath(model_path))
    decided: dict[str, Literal["fixed", "broken"]] = {**dict.fromkeys(fixed, "fixed"), **dict.fromkeys(broken, "broken")}
    judgements = []
    for each in answered:
        if each.case.id in decided:
            if each.output is None:
                raise BenchError(f"'{each.case.id[:80]}': the model could not answer this complaint, so there is nothing to look at")
            judgements.append(OutputJudgement(each.case.id, digest_output(each.output), decided[each.case.id]))
    if judgements:
        part = LogPart(0, datetime.now(UTC).date().isoformat(), "", judgements=tuple(judgements))
        store.add(lambda log, hash_user: part)
    return tuple(replace(each, outcome=decided.get(each.case.id, each.outcome)) for each in answered)
