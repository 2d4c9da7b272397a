"""Approving a verdict of the gate: a person signs it before its model may be put into service."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from harness.api.arguments import PathLike, RunLike
from harness.api.loaded_run import load_results
from harness.errors import BenchError, setting
from harness.gate import (
    Approval,
    Verdict,
    add_approval,
    digest_verdict,
    find_contender,
    load_verdicts,
    policy_to_plain,
    read_policy,
    select_standing,
)
from harness.store import user_key_file
from harness.text import one_line

_MOST_CHARACTERS = 200  # of a name
_MOST_REASON = 2000


@dataclass(frozen=True)
class ApprovedVerdict:
    """A verdict that was approved.

    Attributes:
        verdict: with all its approvals.
        approval: the one that was added.
    """

    verdict: Verdict
    approval: Approval


def approve(
    run: RunLike,
    strategy: str,
    name: str,
    *,
    reason: str = "",
    policy: PathLike | None = None,
    key: PathLike | None = None,
    task: str | None = None,
    model: str | None = None,
    train_size: int | None = None,
    seed: int | None = None,
    runs_dir: PathLike = "runs",
) -> ApprovedVerdict:
    """Approve the newest verdict on a model of a run, and sign the approval.

    The approval is about exactly this verdict. After a change of the model, its baseline, the policy, the test set or the results, it no
    longer counts.

    Args:
        name: who approves. It is not authenticated; the key is.
        reason: for the record.
        policy: the policy file of the verdict, if the model was judged by several.
        key: a private ed25519 key in PEM; a new file gets a new key. By default one of this user.
        run, strategy, task, model, train_size, seed, runs_dir: as for `gate`.

    Raises:
        BenchError: there is no such verdict; it is not a PASS, or its policy requires no approval; the name or the key has approved it
            already; the key cannot be read, or is not among the approvers of the policy.
    """
    name, reason = one_line(name.strip()), one_line(reason.strip())
    if not name or len(name) > _MOST_CHARACTERS or len(reason) > _MOST_REASON:
        limits = f"a name of up to {_MOST_CHARACTERS} characters, and a reason of up to {_MOST_REASON:,}"
        raise BenchError(f"{setting('name', 'NAME')}: an approval needs {limits}")
    results = load_results(run, runs_dir, task=task)
    candidate = find_contender(results, strategy, task=task, model=model, train_size=train_size, seed=seed)
    artifact, of_task = candidate.artifact, candidate.task_results
    own = [each for each in select_standing(load_verdicts(results.path), of_task).current if each.candidate.cell == artifact.cell.id]
    if policy is not None:
        rules = policy_to_plain(read_policy(Path(policy), of_task.task, of_task.metrics))
        own = [verdict for verdict in own if verdict.policy == rules]
    if not own:
        by = f" by the policy {policy}" if policy is not None else ""
        raise BenchError(f"{results.path}: no verdict on {candidate.recipe.label}{by} counts as the run is now. Run `bench gate` first.")
    verdict = own[0]
    if verdict.outcome != "PASS":
        about = f"the verdict of {verdict.at} on {candidate.recipe.label} is {verdict.outcome}"
        raise BenchError(f"{results.path}: {about}: only a PASS can be approved")
    if not verdict.approvals_required:
        raise BenchError(f"{results.path}: the policy of the verdict of {verdict.at} requires no approval. Set 'approvals' in the policy.")
    digest = digest_verdict(verdict, artifact, artifact.cell)
    approval = add_approval(results.path, verdict, digest, name=name, reason=reason, key=user_key_file() if key is None else Path(key))
    return ApprovedVerdict(replace(verdict, approvals=(*verdict.approvals, approval)), approval)
