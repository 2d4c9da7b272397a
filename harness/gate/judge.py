"""One gate: the policy's rules on a candidate and a baseline, the rows that got worse, and the look at the test set that it is."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from harness.gate.case import Case
from harness.gate.fitting import asked_of, pair_of, trained_on
from harness.gate.policy import Policy, as_plain
from harness.gate.registry import Registry
from harness.gate.rules import rulings_of
from harness.gate.verdict import Ruling, Side, Verdict, together
from harness.gate.worse import rows_that_got_worse
from harness.results import Chosen, cells_of
from harness.store import Run
from harness.types import Metric

MOST_SHOWN = 20


def judge(
    candidate: Chosen,
    baseline: Chosen | None,
    policy: Policy,
    registry: Registry,
    *,
    baseline_run: str | None = None,
    model_path: str | None = None,
) -> Verdict:
    """The verdict, which is put on record as a look at the test set.

    Args:
        baseline_run: what the baseline's run is called, where its folder has another name.

    Raises:
        BenchError: the baseline does not fit and cannot be made to; a damaged run or registry.
    """
    with tempfile.TemporaryDirectory() as place:
        pair, notes = None, _unfinished(candidate)
        metrics: Sequence[Metric] = candidate.rows.metrics
        if baseline is not None:
            pair, said = pair_of(candidate, baseline, Path(place) / "again", model_path=model_path)
            notes += [*_unfinished(baseline), *said]
        task, examples = candidate.rows.task, candidate.rows.examples
        identity = _identity(candidate, baseline)
        asked = [json.dumps(asked_of(e)) for e in examples]
        tests = hashlib.sha256("\n".join(sorted(asked)).encode()).hexdigest()
        alpha = policy.alpha / (policy.looks or 1)
        look, spent = registry.journal.look(task.name, asked, identity, policy.digest, alpha)  # on record before anything is judged
        if policy.looks is not None and spent > policy.alpha * (1 + 1e-9):
            plan = f"and the policy has {policy.alpha:g}: earlier looks had other plans"
            notes.append(f"With this look, α = {spent:g} is spent at this test set, {plan}.")
        case = Case(candidate, baseline, pair, {m.name: m for m in metrics}, policy, alpha)
        if baseline is not None and side_of(baseline).digest == side_of(candidate).digest:
            notes.append("The candidate answers every test row exactly as the baseline does.")
        rulings = [*_spent(policy, look), *_leaks(candidate, baseline), *rulings_of(case)]
        outcome = together(ruling.outcome for ruling in rulings)
        worse = rows_that_got_worse(pair, metrics) if pair is not None else []
        return Verdict(
            outcome=outcome,
            task=task.name,
            score=task.primary,
            rows=len(examples),
            candidate=side_of(candidate),
            baseline=replace(side_of(baseline), run=baseline_run or baseline.run.name) if baseline is not None else None,
            rulings=tuple(rulings),
            worse=tuple(worse[:MOST_SHOWN]),
            worse_rows=len(worse),
            critical_rows=sum(row.critical for row in worse),
            alpha=alpha,
            look=look,
            planned=policy.looks,
            policy=as_plain(policy),
            policy_digest=policy.digest,
            test_digest=tests,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            notes=tuple(notes),
        )


def side_of(chosen: Chosen) -> Side:
    """Who is judged, for the record."""
    cells = tuple(cell.id for cell in chosen.cells)
    return Side(
        run=chosen.run.name,
        strategy=chosen.cell.strategy,
        model=chosen.cell.model,
        label=chosen.label,
        seeds=tuple(cell.seed for cell in chosen.cells if cell.seed is not None),
        cells=cells,
        digest=_results_digest(chosen.run, cells),
    )


def _unfinished(chosen: Chosen) -> list[str]:
    """Seeds that are not there: whoever is judged by those that ended well is judged kindly."""
    planned = cells_of(chosen.run, chosen.rows.task.name, chosen.cell)
    lost = [cell for cell in planned if cell.id not in {own.id for own in chosen.cells}]
    if not lost:
        return []
    seeds = ", ".join(f"{cell.seed} ({chosen.run.status(cell.id)})" for cell in lost)
    return [f"{chosen.label} is judged by {len(chosen.cells)} of {len(planned)} seeds; without a result: {seeds}."]


def _identity(candidate: Chosen, baseline: Chosen | None) -> str:
    """Who is asked about: the same candidate against the same baseline is the same question."""
    return json.dumps([side_of(candidate).digest, side_of(baseline).digest if baseline is not None else None])


def _results_digest(run: Run, cells: Sequence[str]) -> str:
    """sha256 (hex) of what these cells answered: a training that was repeated is another candidate."""
    total = hashlib.sha256()
    for cell in cells:
        for p in run.predictions(cell):
            total.update(json.dumps([p.example_id, p.output, p.extracted]).encode() + b"\n")
    return total.hexdigest()


def _spent(policy: Policy, look: int) -> list[Ruling]:
    """A plan for so many looks is spent after them."""
    if policy.looks is None or look <= policy.looks:
        return []
    reason = f"this is look {look} at this test set, and the policy planned {policy.looks}: take fresh test rows, or plan more looks"
    return [Ruling(f"{policy.looks} looks at this test set", "INCONCLUSIVE", reason)]


def _leaks(candidate: Chosen, baseline: Chosen | None) -> list[Ruling]:
    """No side may have been trained on a row that is tested."""
    found = []
    for side, name in ((candidate, "the candidate"), (baseline, "the baseline")):
        rows = trained_on(side, candidate) if side is not None else []
        if rows:
            shown = ", ".join(rows[:3]) + ("" if len(rows) <= 3 else ", …")
            found.append(
                Ruling(
                    "no test row was trained on",
                    "FAIL",
                    f"{len(rows)} test rows are among the training rows of {name}: {shown}",
                    n=len(rows),
                )
            )
    return found or [Ruling("no test row was trained on", "PASS", "no test row is among the training rows of either side")]
