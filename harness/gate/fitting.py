"""A baseline that fits: tested on the candidate's rows, by the same scores. Where it was not, its stored model answers them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from harness.analysis import per_example_scores
from harness.data.digests import example_digest, inputs_digest
from harness.errors import BenchError
from harness.grid.finished import FinishedCell, device_for, find_base, load_finished
from harness.results import Chosen, Pairing, choose, same_metrics, same_rows
from harness.store import Run, RunFolder
from harness.store.rows import read_table
from harness.types import Metric


def pair_of(
    candidate: Chosen, baseline: Chosen, workspace: Path, *, model_path: str | None = None
) -> tuple[Pairing, list[Metric], list[str]]:
    """Candidate (A) and baseline (B) on the candidate's rows, the scores of both, and what is to be said of it.

    Stored outputs of another version of a score are scored anew. A baseline that was tested on other rows predicts again, from its stored
    artifact, in `workspace`.

    Raises:
        BenchError: the baseline's model cannot be had, or the two tasks do not fit.
    """
    notes: list[str] = []
    if not _on_the_same_rows(candidate, baseline):
        notes.append(f"{baseline.label} was tested on other rows: its model has answered those of {candidate.run.name}.")
        baseline = _predicted_again(candidate, baseline, workspace, model_path)
    same_rows(candidate, baseline)
    metrics, said = same_metrics(candidate, baseline)
    order = [baseline.place[example.id] for example in candidate.rows.examples]
    return Pairing(candidate, baseline, order), metrics, [*notes, *said]


def trained_on(chosen: Chosen, rows: Chosen) -> list[str]:
    """The ids of the test rows of `rows` whose inputs are among the training rows of `chosen`."""
    file = chosen.run.path / "data" / f"{chosen.rows.task.name}.parquet"
    if not chosen.trained or not file.is_file():
        return []
    seen = {row["inputs_digest"] for row in read_table(file) if row["split"] in ("train", "validation")}
    return [example.id for example in rows.rows.examples if inputs_digest(example) in seen]


def _on_the_same_rows(one: Chosen, other: Chosen) -> bool:
    digests = [{e.id: example_digest(e) for e in side.rows.examples} for side in (one, other)]
    return digests[0] == digests[1]


def _predicted_again(candidate: Chosen, baseline: Chosen, workspace: Path, model_path: str | None) -> Chosen:
    """A run in the workspace: the baseline's cells, on the candidate's rows."""
    task, source = candidate.rows.task, baseline.run
    if baseline.rows.task.kind != task.kind:
        raise BenchError(f"{source.name} is a run of the kind {baseline.rows.task.kind}, and {candidate.run.name} of {task.kind}")
    if source.plan.strategy_of(baseline.cell).outputs is not None:
        raise BenchError(
            f"{baseline.label} in {source.name} was not tested on the rows of {candidate.run.name}, and its outputs were made elsewhere: "
            "no model here could answer them. Score its outputs on these rows first (bench score)."
        )
    target = RunFolder(workspace)
    (workspace / "data").mkdir(parents=True)
    shutil.copy2(candidate.run.path / "data" / f"{task.name}.parquet", workspace / "data")
    cells = tuple(replace(cell, task=task.name) for cell in baseline.cells)
    plan = source.plan.only(baseline.cells)
    own = plan.tasks[baseline.rows.task.name].model_copy(
        update={"name": task.name, "metrics": task.metrics, "primary": task.primary, "margin": task.margin, "labels": task.labels}
    )
    ours = candidate.run.plan
    target.write_plan(
        replace(
            plan,
            cells=cells,
            tasks={task.name: own},
            data={task.name: ours.data[task.name]},
            data_digests={task.name: ours.data_digests[task.name]},
        )
    )
    for old, new in zip(baseline.cells, cells, strict=True):
        finished = FinishedCell(source, old)
        base = find_base(finished, model_path)
        loaded = load_finished(finished, base, device_for(source))
        examples = candidate.rows.examples
        predictions = loaded.predict(examples, loaded.prompts(examples), lambda batch: None)
        scored = [replace(p, scores=per_example_scores(candidate.rows.metrics, e, p)) for e, p in zip(examples, predictions, strict=True)]
        signatures = {metric.name: metric.signature for metric in candidate.rows.metrics}
        result = replace(source.results[old.id], cell=new, signatures=signatures)
        target.cell(new.id).finish(result, scored)
    return choose(Run(target), baseline.cell.strategy, task=task.name)
