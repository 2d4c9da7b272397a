"""Which stored verdicts count for the models of a run as they are now."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.gate.approval_store import attach_approvals
from harness.gate.test_set import digest_test_set
from harness.gate.verdict import ReasonCode, Verdict
from harness.results import StrategyResult, TaskResults
from harness.types import Cell

_LACKS_EVIDENCE: tuple[ReasonCode, ...] = ("review_missing", "not_measured", "baseline_not_measured", "slice_missing")


@dataclass(frozen=True)
class StandingVerdicts:
    """The stored verdicts on one task of a run.

    Attributes:
        current: those that count, one for each question: trained model, policy and baseline. The newest first.
        outdated: those on models of this run whose outputs, or test examples, are no longer the ones that were judged.
        foreign: the number of those on models that are not in this run.
    """

    current: tuple[Verdict, ...] = ()
    outdated: tuple[Verdict, ...] = ()
    foreign: int = 0


def select_standing(verdicts: Iterable[Verdict], results: TaskResults) -> StandingVerdicts:
    """The verdicts that count, out of those that are stored with the run, oldest first.

    A newer verdict replaces an older one on the same question. A FAIL that rests on evidence is replaced by a PASS only, which then rests
    on newer evidence, such as ratings: an INCONCLUSIVE one says no more than that this evaluation of the test set shows less.
    Verdicts whose policy requires approvals have those that are stored with the run.

    Raises:
        BenchError: an approval is damaged or was forged.
    """
    models = {cell.id: (result, cell) for result in results.strategies for cell in result.done}
    cells = {cell.id: cell for _, cell in models.values()}
    about_task = [verdict for verdict in verdicts if verdict.task == results.task.name]
    own = [verdict for verdict in about_task if _is_of_run(verdict, cells)]
    fitting = [verdict for verdict in own if _fits(verdict, *models[verdict.candidate.cell])]
    current: dict[tuple[str, ...], Verdict] = {}
    for verdict in fitting:
        against = verdict.baseline.digest if verdict.baseline is not None else ""
        question = verdict.candidate.cell, verdict.policy_digest, against
        earlier = current.get(question)
        if earlier is None or verdict.outcome != "INCONCLUSIVE" or not _is_shown_to_fail(earlier):
            current.pop(question, None)  # so that the order is that of the newest
            current[question] = verdict
    outdated = tuple(verdict for verdict in own if verdict not in fitting)
    approved = [attach_approvals(verdict, *models[verdict.candidate.cell]) for verdict in current.values()]
    return StandingVerdicts(tuple(reversed(approved)), outdated, len(about_task) - len(own))


def digest_outputs(model: StrategyResult, cell: Cell) -> str:
    """sha256 (hex) of all outputs of one trained model: a training run that was repeated is another model."""
    total = hashlib.sha256()
    for p in model.predictions(cell):
        total.update(json.dumps([p.example_id, p.output, p.extracted]).encode() + b"\n")
    return total.hexdigest()


def _is_of_run(verdict: Verdict, cells: Mapping[str, Cell]) -> bool:
    cell = cells.get(verdict.candidate.cell)
    return cell is not None and (cell.strategy, cell.model) == (verdict.candidate.strategy, verdict.candidate.model)


def _fits(verdict: Verdict, result: StrategyResult, cell: Cell) -> bool:
    """Whether the outputs and the test examples are those that were judged."""
    return verdict.candidate.digest == digest_outputs(result, cell) and verdict.test_digest == digest_test_set(result.examples)


def _is_shown_to_fail(verdict: Verdict) -> bool:
    """Whether it failed by what was measured, not because something was not measured."""
    failed = [rule.reason.code for rule in verdict.rules if rule.outcome == "FAIL" and rule.rule.tier == "blocking"]
    return verdict.outcome == "FAIL" and any(code not in _LACKS_EVIDENCE for code in failed)
