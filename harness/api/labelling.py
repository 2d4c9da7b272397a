"""Which unlabelled rows to label next, as a file whose rows become training examples once their answers are filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.api.arguments import PathLike, RunLike, as_texts, check_counts
from harness.api.exporting import FinishedListener
from harness.api.loaded_run import load_results
from harness.api.predicting import predict
from harness.api.reviews import choose_strategies
from harness.errors import BenchError, setting
from harness.review import choose_to_label, measure_disagreement
from harness.store import write_text

_SUFFIXES = (".csv", ".jsonl")


@dataclass(frozen=True)
class LabelFile:
    """The rows to label.

    Attributes:
        rows: how many were chosen.
        pool: how many were answered to choose from.
        target: the column to fill in.
        strategies: whose answers were compared.
        differing: rows of the pool on which these differ.
    """

    path: Path
    rows: int
    pool: int
    target: str
    strategies: tuple[str, ...]
    differing: int


def choose_rows_to_label(
    run: RunLike,
    data: PathLike,
    out: PathLike,
    *,
    n: int = 50,
    pool: int = 500,
    strategies: str | Sequence[str] = (),
    task: str | None = None,
    with_suggestions: bool = False,
    fields: Mapping[str, str] | None = None,
    force: bool = False,
    runs_dir: PathLike = "runs",
    listener: FinishedListener | None = None,
) -> LabelFile:
    """Choose the rows of an unlabelled file that are most worth a label, and write them with an empty column for it.

    Two strategies answer the first `pool` rows. Rows on which they differ come first, and rows that resemble neither the test examples nor
    the rows chosen before. They are no random sample, so train on them, and never test on them.

    Args:
        run: a run, its folder, its name in `runs_dir`, or "latest".
        data: the file with the rows; they need no target.
        out: the file to write, .csv or .jsonl. It has the columns of the rows.
        n: how many rows to choose.
        pool: how many rows to answer.
        strategies: two names; by default, the strategy that the decision names, or the best, and the untuned model.
        with_suggestions: also write the answers. They save typing, but labels lean towards them.
        fields: columns by role, if they are named otherwise than in the run's data.
        force: replace an existing file.
        listener: receives progress.

    Raises:
        BenchError: no such run, task or strategy; invalid rows; `out` exists, is the data, or cannot be written.
    """
    from harness.engine.artifacts import row_to_json_line, rows_to_csv

    check_counts(n=n, pool=pool)
    target = Path(out)
    if target.suffix.lower() not in _SUFFIXES:
        raise BenchError(f"{setting('out', str(target))}: the name must end in {' or '.join(_SUFFIXES)}")
    if target.exists() and (not force or target.samefile(data)):
        reason = "is the data" if Path(data).exists() and target.samefile(data) else f"exists. Replace it with {setting('force')}"
        raise BenchError(f"{setting('out', str(target))}: {reason}")
    stored = load_results(run, runs_dir, task=task)
    if task is None and len(stored.plan.tasks) > 1:
        raise BenchError(f"{stored.path}: has several tasks: {', '.join(stored.plan.tasks)}. Choose one with {setting('task', 'TASK')}.")
    name = task or next(iter(stored.plan.tasks))
    if name not in stored.plan.tasks:
        raise BenchError(f"{stored.path}: has no task '{name}'. It has: {', '.join(stored.plan.tasks)}")
    chosen = tuple(as_texts(strategies)) or choose_strategies(stored.by_task[name], 2)
    if len(set(chosen)) != 2:
        raise BenchError(f"{setting('strategies', ','.join(chosen))}: two strategies are compared. Name two that are in the run")
    tables = [predict(stored.path, strategy, data, limit=pool, task=name, fields=fields, listener=listener) for strategy in chosen]
    chooses = stored.plan.tasks[name].chooses
    answers = [[row.prediction.output for row in table.answered] for table in tables]
    doubts = [measure_disagreement(one, other, chooses=chooses) for one, other in zip(*answers, strict=True)]
    texts = ["\n".join(row.example.inputs.values()) for row in tables[0].answered]
    known = ["\n".join(example.inputs.values()) for example in stored.examples(name)]
    column = stored.plan.tasks[name].data.fields.get("target") or "target"
    rows = []
    for place in choose_to_label(texts, known, doubts, n):
        row: dict[str, Any] = {**tables[0].answered[place].columns, column: ""}
        if with_suggestions:
            row |= {f"suggestion {number + 1}": own[place] for number, own in enumerate(answers)}
        rows.append(row)
    content = rows_to_csv(rows) if target.suffix.lower() == ".csv" else "".join(map(row_to_json_line, rows))
    try:
        write_text(target, content, private=True)
    except OSError as error:
        raise BenchError(f"{target}: cannot be written: {error.strerror}") from None
    return LabelFile(target, len(rows), len(texts), column, chosen, sum(doubt > 0 for doubt in doubts))
