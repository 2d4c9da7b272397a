"""Imported results as a run like every other: the plan, the examples, and a finished cell for each system and repeat."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from harness.data.identity import splits_digest
from harness.interchange.assemble import ImportedTask
from harness.interchange.imported import ImportedResult
from harness.measure import environment
from harness.store import EXTERNAL, ModelInfo, RunFolder, RunLock, RunPlan, create_run
from harness.text import one_line
from harness.types import (
    Cell,
    CellResult,
    DataReport,
    DataSpec,
    OutputsSpec,
    ReportSpec,
    Splits,
    Strategy,
    Task,
)

_LONGEST_LABEL = 60


def write_imported_run(tasks: Sequence[ImportedTask], runs: Path, *, margin: float | None, command: str) -> RunFolder:
    """Write a finished run of these results.

    Args:
        margin: Δ, in the unit of the primary score; None: that of tasks which declare none.

    Raises:
        BenchError: the folder of runs cannot be written.
    """
    cells = {task.name: list(_cells(task)) for task in tasks}
    splits = {task.name: _splits(task) for task in tasks}
    strategies = {result.system: _strategy(result) for task in tasks for result in task.results}
    own = {cell.id: _strategy(result) for each in cells.values() for cell, result, _ in each}
    plan = RunPlan(
        digest=_hash([cell.id for own in cells.values() for cell, _, _ in own]),
        created=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        command=command,
        tasks={task.name: _task(task, margin) for task in tasks},
        strategies=strategies,
        models={EXTERNAL: ModelInfo(EXTERNAL, "unknown", "")},
        cells=tuple(cell for own in cells.values() for cell, _, _ in own),
        data={name: each.report for name, each in splits.items()},
        data_digests={name: each.digest for name, each in splits.items()},
        environment=environment(),
        options={
            "price": {"per_hour": None, "currency": "USD", "source": "not known: the results were imported"},
            "device": "",
            "device_name": "",
            "dtype": "",
            "limit": None,
            "trust_remote_code": False,
        },
        cell_strategies={id_: each for id_, each in own.items() if each != strategies[each.name]},  # of other files
        plugin_scores={_family(task): task.scores for task in tasks},
    )
    folder = create_run(runs, plan)
    with RunLock(folder.path):
        folder.write_plan(plan)
        for name, each in splits.items():
            folder.write_data(name, each, {})
        for task in tasks:
            for cell, result, repeat in cells[task.name]:
                _write_cell(folder, task, cell, result, repeat)
        folder.remove_working_files()
        folder.seal()
    return folder


def _cells(task: ImportedTask) -> Iterator[tuple[Cell, ImportedResult, int]]:
    """Each cell with its result, and which of its repeats it is."""
    for result in task.results:
        repeats = max(1, len(result.repeats))
        for repeat in range(repeats):
            seed = repeat if repeats > 1 else result.seed
            identity = [result.sha256, result.tool, task.name, result.system, seed, [score.signature for score in task.scores]]
            yield Cell(_hash(identity)[:16], task.name, EXTERNAL, result.system, 0, seed), result, repeat


def _write_cell(folder: RunFolder, task: ImportedTask, cell: Cell, result: ImportedResult, repeat: int) -> None:
    names = [score.name for score in task.scores]
    stored = CellResult(
        cell,
        "done",
        result.costs,
        {"imported_from": result.tool, "imported_sha256": result.sha256},
        trainable_parameters=result.trainable_parameters,
        total_parameters=result.total_parameters,
        artifact_bytes=result.artifact_bytes,
        signatures={score.name: score.signature for score in task.scores},
        totals={name: result.totals[name] for name in names} if not task.has_examples else {},
    )
    predictions = None
    if task.has_examples:
        predictions = [replace(each, scores={name: each.scores.get(name) for name in names}) for each in result.repeats[repeat]]
    folder.cell(cell.id).write_result(stored, predictions)


def _task(task: ImportedTask, margin: float | None) -> Task:
    first = task.results[0]
    files = tuple(dict.fromkeys(result.file for result in task.results))
    spec = {} if margin is None else {"margin": margin}
    return Task(
        name=task.name,
        kind="generation",
        description=f"Imported from {one_line(first.tool, 80)}",
        data=DataSpec(path=files),
        prompt="{{ input }}",
        metrics=(_family(task),),
        primary=task.scores[0].name,
        report=ReportSpec(labels={score.name: one_line(first.labels[score.name], _LONGEST_LABEL) for score in task.scores}),
        **spec,
    )


def _family(task: ImportedTask) -> str:
    """The name under which the plan holds the scores of the task."""
    return f"imported:{task.name}"


def _strategy(result: ImportedResult) -> Strategy:
    return Strategy(
        name=result.system,
        method="outputs",
        description=one_line(f"{result.description} ({result.tool})", 200),
        outputs=OutputsSpec(path=result.file, sha256=result.sha256, imported_from=one_line(result.tool, 80), trained=result.trained),
    )


def _splits(task: ImportedTask) -> Splits:
    examples = task.results[0].examples
    sizes = {"train": 0, "validation": 0, "test": len(examples)}
    tools = ", ".join(dict.fromkeys(one_line(result.tool, 80) for result in task.results))
    taken_over = f"The scores were imported as {tools} computed them, and not computed again."
    warnings = dict.fromkeys((taken_over, *(warning for result in task.results for warning in result.warnings)))
    origin = {result.file: result.sha256 for result in task.results}
    report = DataReport(origin, sizes, sizes, warnings=tuple(warnings))
    return Splits((), (), examples, report, splits_digest({"train": (), "validation": (), "test": examples}))


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()
