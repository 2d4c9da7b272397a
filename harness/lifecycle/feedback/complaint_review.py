"""Open complaints as review packets, and the ratings as decisions.

A packet belongs to a run. So the complaints become a small run of the model in service, whose test examples are the inputs that users
complained about, and whose outputs are those of the complaints. Raters see the reason as one more input, and mark the errors of the output.

feedback/<task>/reviews/<digest>/    that run; its name is a hash of the complaints
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.errors import BenchError, setting
from harness.lifecycle.feedback.feedback_log import Complaint
from harness.lifecycle.feedback.log_part import ComplaintDecision, ComplaintOutcome
from harness.results import StrategyResult
from harness.review import ExportedPacket, Format, PacketRequest, export_packet, import_files, load_reviews
from harness.review.ratings import UnblindedRatings
from harness.store import RunFolder, StoredRun, make_private_folder
from harness.types import DataReport, Example, Prediction, Splits

REASON_INPUT = "complaint"
_DIGITS = 12
_HALF = 0.5  # of the raters, from which an error counts, as in `harness.review.findings`


@dataclass(frozen=True)
class ReviewedComplaints:
    """What an import has decided.

    Attributes:
        ratings: that are new or replace earlier ones.
        rejected: why rows were rejected.
        waiting: complaints of packets that some rater has not answered yet.
    """

    ratings: int
    rejected: tuple[str, ...]
    decisions: tuple[ComplaintDecision, ...]
    waiting: int


def export_complaints(
    folder: Path,
    model: StrategyResult,
    complaints: Sequence[Complaint],
    raters: tuple[str, ...],
    formats: Sequence[Format],
    out: Path | None,
) -> ExportedPacket:
    """Write a packet for each rater. The same complaints give the same packet.

    Args:
        folder: of the feedback on the task.
        model: the one in service, whose task the packet asks about.
        out: folder of the raters' files; None for the folder of the packet.

    Raises:
        BenchError: no open complaint with its inputs and output, or a folder that cannot be written.
    """
    usable = [each for each in complaints if each.state == "open" and each.inputs and (each.output or "").strip()]
    if not usable:
        raise BenchError(
            f"{model.task.name}: no open complaint has its inputs and output, so there is nothing to review. Add them with "
            f"{setting('answers', 'FILE')}"
        )
    identity = json.dumps([[each.id, sorted(each.inputs.items()), each.output] for each in usable])
    run = RunFolder(folder / "reviews" / hashlib.sha256(identity.encode()).hexdigest()[:_DIGITS])
    try:
        if not run.seal_file.is_file():
            make_private_folder(run.path)
            _write_run(run, model, usable)
    except OSError as error:
        raise BenchError(f"{run.path}: cannot be written: {error.strerror}") from None
    request = PacketRequest(model.task.name, (model.strategy,), len(usable), "errors", raters, repeats=0)
    return export_packet(StoredRun(run), request, formats, out)


def import_complaint_ratings(folder: Path, files: Sequence[Path], complaints: Sequence[Complaint]) -> ReviewedComplaints:
    """Record the ratings of returned files, and decide the complaints that all raters of their packet have answered: confirmed where at
    least half of them see an error.

    Args:
        folder: of the feedback on the task.
        complaints: as the log has them; those that are decided already stay as they are.

    Raises:
        BenchError: no packet was exported, or one is damaged.
    """
    runs = [StoredRun(RunFolder(path)) for path in sorted((folder / "reviews").glob("*")) if (path / "seal.json").is_file()]
    if not runs:
        raise BenchError(f"{folder}: no packet of complaints was exported. Start with `bench feedback review`")
    ratings, rejected = 0, []
    for file in files:
        summaries = [import_files(run, [file])[0] for run in runs]
        own = [each for each in summaries if each.new or each.replaced or each.unchanged or each.outdated or each.already_imported]
        ratings += sum(each.new + each.replaced for each in own)
        rejected += [f"{file.name}: {reason}" for reason in (own or summaries)[0].rejected]
    is_open = {each.id for each in complaints if each.state == "open"}
    decisions, waiting = [], 0
    for run in runs:
        decided, left = _decide(run, is_open)
        decisions += decided
        waiting += left
    return ReviewedComplaints(ratings, tuple(rejected), tuple(decisions), waiting)


def _write_run(folder: RunFolder, model: StrategyResult, complaints: Sequence[Complaint]) -> None:
    """The complaints as a finished run of the model."""
    task, cell = model.task.name, model.cell
    examples = tuple(
        Example(each.id, {**each.inputs, **_read_reasons(each)}, (each.corrected,) if each.corrected else (), model.examples[0].choices)
        for each in complaints
    )
    counts = {"train": 0, "validation": 0, "test": len(examples)}
    report = DataReport({"feedback": task}, counts, counts)
    digest = hashlib.sha256(json.dumps([each.id for each in complaints]).encode()).hexdigest()
    folder.write_data(task, Splits((), (), examples, report, digest), {})
    plan = model.run.plan.restrict_to((cell,))
    folder.write_plan(replace(plan, data={task: report}, data_digests={task: digest}))
    predictions = [Prediction(each.id, each.output or "") for each in complaints]
    folder.cell(cell.id).write_result(replace(model.run.results[cell.id], signatures={}), predictions)
    folder.remove_working_files()
    folder.seal()


def _read_reasons(complaint: Complaint) -> dict[str, str]:
    reasons = dict.fromkeys(each.reason.strip() for each in complaint.voices if each.reason.strip())
    return {REASON_INPUT: "\n".join(reasons)} if reasons else {}


def _decide(run: StoredRun, is_open: set[str]) -> tuple[list[ComplaintDecision], int]:
    """The decisions on the open complaints of a packet, and how many of them wait for a rater."""
    decisions, waiting = [], 0
    for review in load_reviews(run):
        ratings = UnblindedRatings(review, run.examples(review.packet.task)).first_ratings
        for id_ in review.key.inclusion_probabilities:
            own = [rating for rating in ratings if rating.example == id_]
            asked = {item.rater for item in review.packet.items if item.example == id_}
            if id_ not in is_open:
                continue
            if {rating.rater for rating in own} != asked:
                waiting += 1
                continue
            errors = sum(rating.answers["severity"] != "none" for rating in own)
            corrected = next((rating.corrected for rating in own if rating.corrected), None)
            reason = f"{errors} of {len(own)} raters see an error (packet {review.packet.id})"
            outcome: ComplaintOutcome = "confirmed" if errors >= _HALF * len(own) else "dismissed"
            decisions.append(ComplaintDecision(id_, outcome, corrected if outcome == "confirmed" else None, reason))
    return decisions, waiting
