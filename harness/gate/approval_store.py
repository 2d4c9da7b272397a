"""Approvals as signed JSON files in a run's folder, and which of them are about a verdict.

An approval names the digest of a verdict: of its model, baseline, policy, test set and results. If one of these changes, it no longer
counts.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.errors import BenchError, setting
from harness.gate.approval import Approval, plain_fingerprint
from harness.gate.verdict import Verdict, VerdictNote
from harness.results import StrategyResult
from harness.store import APPROVALS, add_verdict_file, check_signature, list_verdict_files, read_verdict_file, sign_document
from harness.types import Cell

FORMAT = 1
_TEXTS = ("verdict", "name", "reason", "at")
_DIGITS = 6  # significant, of the results in a digest: machines round the last digits differently
_MODEL_FILES = ("artifact/", "shots.json")
_ADVICE = f"Move the file away, run `bench verify` with {setting('forget_missing')}, and approve again."


@dataclass(frozen=True)
class _StoredApproval:
    """What a file holds."""

    document: dict[str, Any]


def digest_verdict(verdict: Verdict, model: StrategyResult, cell: Cell) -> str:
    """sha256 (hex) of what an approval is about: the model, what it was compared with, the policy, the test set and the results.

    Args:
        model, cell: the candidate as it is stored.
    """
    files = model.run.folder.cell(cell.id).file_digests()
    content = {
        "task": verdict.task,
        "candidate": [cell.id, verdict.candidate.digest, {name: files[name] for name in files if name.startswith(_MODEL_FILES)}],
        "baseline": None if verdict.baseline is None else verdict.baseline.digest,
        "policy": [verdict.policy, verdict.policy_digest],
        "test_set": verdict.test_digest,
        "outcome": verdict.outcome,
        "rules": [[asdict(rule.rule), rule.outcome, rule.measured, rule.low, rule.high, rule.n] for rule in verdict.rules],
    }
    return hashlib.sha256(json.dumps(_rounded(content), sort_keys=True).encode()).hexdigest()


def _rounded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _rounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(each) for each in value]
    if isinstance(value, int | float) and not isinstance(value, bool):  # a stored number comes back as the other of the two
        return f"{value:.{_DIGITS}g}" if math.isfinite(value) else None
    return value


def add_approval(run: Path, verdict: Verdict, digest: str, *, name: str, reason: str, key: Path) -> Approval:
    """Sign an approval of a verdict, and store it in the folder of the run.

    Args:
        digest: of the verdict, see `digest_verdict`.
        name: who approves.
        key: their private key; a new file gets a new key.

    Raises:
        BenchError: the key cannot be read or written, is not on the policy's list, or has approved this verdict already, as has the name
            where the policy lists no keys; the folder cannot be written.
    """
    at = datetime.now(UTC).isoformat(timespec="seconds")
    about = {"task": verdict.task, "run": verdict.candidate.run, "strategy": verdict.candidate.strategy, "cell": verdict.candidate.cell}
    values = {"outcome": verdict.outcome, "policy": verdict.policy_digest, "verdict": digest, "name": name, "reason": reason, "at": at}
    document, signer = sign_document({"bench_approval": FORMAT, **about, **values}, key)
    known = verdict.approvers
    if known and plain_fingerprint(signer.fingerprint) not in {plain_fingerprint(each) for each in known}:
        where = setting("key", str(key))
        raise BenchError(f"{where}: its fingerprint {signer.fingerprint} is not among the approvers of the policy: {', '.join(known)}")
    for earlier in verdict.approvals:
        if plain_fingerprint(earlier.fingerprint) == plain_fingerprint(signer.fingerprint):
            own = f"Each person needs a key of their own: {setting('key', 'FILE')}."
            when = f"on {earlier.at[:10]} as {earlier.name}"
            raise BenchError(f"{setting('key', str(key))}: has approved this verdict already, {when}. {own}")
        if not known and earlier.name.casefold() == name.casefold():
            raise BenchError(f"{setting('name', name)}: has approved this verdict already, on {earlier.at[:10]}")
    try:
        add_verdict_file(run, _StoredApproval, _StoredApproval(document), at=at, folder=APPROVALS)
    except OSError as error:
        raise BenchError(f"{run / APPROVALS}: cannot be written: {error.strerror}") from None
    return Approval(name, signer.fingerprint, digest, reason, at, document)


def load_approvals(run: Path) -> list[Approval]:
    """The stored approvals of a run, oldest first.

    Raises:
        BenchError: a file is missing or damaged, or was not signed as it is.
    """
    return [_load_approval(file) for file in list_verdict_files(run, folder=APPROVALS)]


def _load_approval(file: Path) -> Approval:
    document = read_verdict_file(file, _StoredApproval, advice=_ADVICE).document
    signer = check_signature(document)
    if signer is None:
        raise BenchError(f"{file}: was changed after it was signed, or has no signature: it is no approval. {_ADVICE}")
    texts = {name: document.get(name) for name in _TEXTS}
    if document.get("bench_approval") != FORMAT or not all(isinstance(text, str) for text in texts.values()):
        raise BenchError(f"{file}: is not an approval that this version of bench can read. {_ADVICE}")
    verdict, name, reason, at = (str(texts[each]) for each in _TEXTS)
    return Approval(name, signer.fingerprint, verdict, reason, at, document)


def attach_approvals(verdict: Verdict, model: StrategyResult, cell: Cell) -> Verdict:
    """The verdict with its approvals, and a note on those of the same model that are about another verdict. Nothing is read where the
    policy requires none.

    Raises:
        BenchError: as `load_approvals`.
    """
    if not verdict.approvals_required:
        return verdict
    digest, stored = digest_verdict(verdict, model, cell), load_approvals(model.run.path)
    own = tuple(approval for approval in stored if approval.verdict == digest)
    others = sum(approval.verdict != digest and approval.document.get("cell") == cell.id for approval in stored)
    notes = (*verdict.notes, VerdictNote("approvals_outdated", {"count": others})) if others else verdict.notes
    return replace(verdict, approvals=own, notes=notes)
