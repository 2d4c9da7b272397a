"""Which unlabelled rows to label next, as a page or a table; and the training examples that the answers to a page make."""

from __future__ import annotations

import json
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
from harness.reporting import render_row_page
from harness.review import RowPage, RowToLabel, choose_to_label, measure_disagreement, read_answers, read_row_page
from harness.store import write_text

_PAGE = ".html"
_TABLES = (".csv", ".jsonl")


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


@dataclass(frozen=True)
class LabelledRows:
    """The training examples that answers have made.

    Attributes:
        rows: how many have a label.
        unanswered, unanswerable: rows that were left out: without an answer, and marked as such that cannot be answered.
        target: the column with the labels.
    """

    path: Path
    rows: int
    unanswered: int
    unanswerable: int
    target: str


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
    """Choose the rows of an unlabelled file that are most worth a label, and write them as a page, or with an empty column for it.

    Two strategies answer the first `pool` rows. Rows on which they differ come first, and rows that resemble neither the test examples nor
    the rows chosen before. They are no random sample, so train on them, and never test on them.

    Args:
        run: a run, its folder, its name in `runs_dir`, or "latest".
        data: the file with the rows; they need no target.
        out: the file to write: a page (.html) whose answers `save_labelled_rows` reads, or a table (.csv or .jsonl) to fill in. All have
            every column of the rows, and only the user can read them.
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
    check_counts(n=n, pool=pool)
    target = Path(out)
    _check_target(target, (_PAGE, *_TABLES), "data", Path(data), force=force)
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
    places = choose_to_label(texts, known, doubts, n)
    suggested = [tuple(own[place] for own in answers) if with_suggestions else () for place in places]
    answered = [tables[0].answered[place] for place in places]
    columns = [{**row.columns, column: ""} for row in answered]
    if target.suffix.lower() == _PAGE:
        labels = answered[0].example.choices if chooses and answered else ()
        rows = [
            RowToLabel(_to_json(values), row.example.inputs, suggestions)
            for row, values, suggestions in zip(answered, columns, suggested, strict=True)
        ]
        content = render_row_page(
            RowPage(column, labels, tuple(rows)),
            task=name,
            instructions=stored.plan.tasks[name].description,
            answers_file=f"{target.stem}.answers.json",
        )
    else:
        content = _to_table(
            target,
            [
                values | {f"suggestion {number + 1}": text for number, text in enumerate(suggestions)}
                for values, suggestions in zip(columns, suggested, strict=True)
            ],
        )
    _write(target, content)
    return LabelFile(target, len(places), len(texts), column, chosen, sum(doubt > 0 for doubt in doubts))


def save_labelled_rows(page: PathLike, answers: PathLike, out: PathLike, *, force: bool = False) -> LabelledRows:
    """Write the rows that a person labelled on a page, with every column of the source and the label, as training examples.

    Args:
        page: the page that `choose_rows_to_label` wrote.
        answers: the file that the page saved.
        out: the file to write, .csv or .jsonl, which only the user can read.
        force: replace an existing file.

    Raises:
        BenchError: a damaged page or damaged answers, the answers of another page, an answer that does not fit, no label at all; `out`
            exists, or cannot be written.
    """
    source, target = Path(page), Path(out)
    _check_target(target, _TABLES, "page", source, force=force)
    rows = read_row_page(source)
    given = read_answers(Path(answers), rows)
    if not given.labels:
        raise BenchError(
            f"{Path(answers)}: has no label, so there are no rows to write. Label rows on the page, and save the answers again"
        )
    labelled = [{**row.columns, rows.target: given.labels[place]} for place, row in enumerate(rows.rows) if place in given.labels]
    _write(target, _to_table(target, labelled))
    cannot = len(given.unanswerable)
    return LabelledRows(target, len(labelled), len(rows.rows) - len(labelled) - cannot, cannot, rows.target)


def _check_target(target: Path, suffixes: Sequence[str], kind: str, source: Path, *, force: bool) -> None:
    option = setting("out", str(target))
    if target.suffix.lower() not in suffixes:
        raise BenchError(f"{option}: the name must end in {', '.join(suffixes[:-1])} or {suffixes[-1]}")
    if target.exists() and source.exists() and target.samefile(source):
        raise BenchError(f"{option}: is the {kind}. Name another file")
    if target.exists() and not force:
        raise BenchError(f"{option}: exists. Replace it with {setting('force')}")


def _to_json(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row in the values that a table in JSON Lines would have."""
    from harness.engine.artifacts import row_to_json_line

    values: dict[str, Any] = json.loads(row_to_json_line(row))
    return values


def _to_table(target: Path, rows: Sequence[Mapping[str, Any]]) -> str:
    from harness.engine.artifacts import row_to_json_line, rows_to_csv

    return rows_to_csv(rows) if target.suffix.lower() == ".csv" else "".join(map(row_to_json_line, rows))


def _write(target: Path, content: str) -> None:
    try:
        write_text(target, content, private=True)
    except OSError as error:
        raise BenchError(f"{target}: cannot be written: {error.strerror}") from None
