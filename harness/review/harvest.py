"""What people corrected and preferred, as training rows. They come from test rows, which are then no longer test rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.catalog import render_prompt
from harness.errors import BenchError, setting
from harness.review.findings import outcome
from harness.review.ratings import Judged, Judgements, Review, reviews_of
from harness.store import StoredRun, retire_rows, retired_rows, write_text
from harness.types import Example, Task


@dataclass(frozen=True)
class Harvest:
    """What there is to take: a record a line. `retired` are the ids of the test rows that are in them."""

    task: str
    corrections: tuple[dict[str, Any], ...]
    preferences: tuple[dict[str, Any], ...]
    retired: tuple[str, ...]


def harvest_of(run: StoredRun, task_name: str | None) -> Harvest:
    """The corrected texts (`{"prompt", "completion", "inputs", …}`) and preferences (`{"prompt", "chosen", "rejected", …}`) of a task.

    Of several raters who corrected the same output, each correction is a row. A preference is what most raters of a pair preferred;
    ties and pairs that were both bad give none.

    Raises:
        BenchError: no packet, or packets of several tasks and none is named; nothing to take.
    """
    every = reviews_of(run)
    tasks = list(dict.fromkeys(review.packet.task for review in every))
    if not tasks:
        raise BenchError(f"{run.path}: nothing was exported from this run. Begin with `bench review export`")
    if task_name is None and len(tasks) > 1:
        raise BenchError(f"{run.path}: several tasks were reviewed: {', '.join(tasks)}. Choose one with {setting('task', 'TASK')}.")
    name = task_name or tasks[0]
    if name not in tasks:
        raise BenchError(f"{run.path}: has no review of '{name}'; there are reviews of {', '.join(tasks)}")
    task, examples = run.plan.tasks[name], {e.id: e for e in run.examples(name)}
    corrections: dict[tuple[str, str], dict[str, Any]] = {}
    votes: dict[tuple[str, tuple[str, ...]], list[_Vote]] = {}
    for review in (r for r in every if r.packet.task == name):
        judgements = Judgements(review, list(examples.values()))
        _add_corrections(corrections, run, review, judgements, task, examples)
        for each in judgements.first if review.packet.mode == "pairwise" else ():
            cells = [judgements.key.cells[side] for side in each.sides]
            pair = (each.example, tuple(sorted(cells)))
            votes.setdefault(pair, []).append(_Vote(review, each, dict(zip(each.sides, cells, strict=True))))
    preferences = _preferences(run, votes, task, examples)
    if not corrections and not preferences:
        raise BenchError(f"{run.path}: nobody has corrected or preferred anything on '{name}' yet")
    retired = dict.fromkeys(row["provenance"]["example"] for row in (*corrections.values(), *preferences))
    return Harvest(name, tuple(corrections.values()), tuple(preferences), tuple(retired))


def write_harvest(run: StoredRun, harvest: Harvest, out: Path) -> list[Path]:
    """Put the test rows that are in the harvest on record as retired, then write the files: no training file holds a row that counts as
    a test row, whenever this is killed.

    Raises:
        BenchError: a file cannot be written.

    Returns:
        The files: corrections in `out`; preferences beside it, as `….preferences.jsonl`. A file of an earlier harvest that would now be
        empty is deleted.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    retire_rows(run.path, [{"task": harvest.task, "example": row, "file": out.name, "at": now} for row in harvest.retired])
    files = dict(zip(files_of(out), (harvest.corrections, harvest.preferences), strict=True))
    try:
        for path, rows in files.items():
            if rows:
                write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
            else:
                path.unlink(missing_ok=True)
    except OSError as error:
        raise BenchError(f"{out}: cannot be written: {error.strerror}. The test rows are on record as retired; harvest again.") from None
    return [path for path, rows in files.items() if rows]


def files_of(out: Path) -> tuple[Path, Path]:
    """Where corrections go, and where preferences."""
    return out, out.with_name(f"{out.stem}.preferences{out.suffix}")


@dataclass(frozen=True)
class _Vote:
    """One judgement of a pair; `cells` are those of its sides."""

    review: Review
    judged: Judged
    cells: dict[str, str]

    @property
    def winner(self) -> str | None:
        """The cell that won; None for a tie, or where both were bad."""
        return self.cells.get(outcome(self.judged))


def _add_corrections(
    found: dict[tuple[str, str], dict[str, Any]],
    run: StoredRun,
    review: Review,
    judgements: Judgements,
    task: Task,
    examples: dict[str, Example],
) -> None:
    for each in judgements.every:
        text = each.rating.corrected
        if text is None:
            continue
        example = examples[each.example]
        row = found.setdefault(
            (each.example, text),
            {
                "prompt": render_prompt(task.prompt, example.inputs, example.choices),
                "completion": text,
                "inputs": dict(example.inputs),
                **({"group": example.group} if example.group is not None else {}),
                "provenance": _provenance(run, review, each),
            },
        )
        raters = row["provenance"]["raters"]
        raters += [each.rating.rater] if each.rating.rater not in raters else []


def _preferences(
    run: StoredRun, votes: dict[tuple[str, tuple[str, ...]], list[_Vote]], task: Task, examples: dict[str, Example]
) -> list[dict[str, Any]]:
    """What most votes of a pair prefer, over all packets; nothing where one of the two said nothing, or both the same."""
    cells = dict.fromkeys(cell for _, pair in votes for cell in pair)
    outputs = {cell: {p.example_id: p.output for p in run.predictions(cell)} for cell in cells}
    found = []
    for (row, pair), own in votes.items():
        counts = [sum(vote.winner == cell for vote in own) for cell in pair]
        texts = [outputs[cell].get(row, "") for cell in pair]
        if counts[0] == counts[1] or texts[0] == texts[1] or not all(text.strip() for text in texts):
            continue
        best = 0 if counts[0] > counts[1] else 1
        if 2 * counts[best] <= len(own):  # the others called it a tie, or both bad
            continue
        names = {cell: name for name, cell in own[0].cells.items()}
        example = examples[row]
        provenance = _provenance(run, own[0].review, own[0].judged) | {
            "packet": ", ".join(dict.fromkeys(vote.review.packet.id for vote in own)),
            "raters": list(dict.fromkeys(vote.judged.rating.rater for vote in own)),
            "strategies": [names[pair[best]], names[pair[1 - best]]],
            "votes": [counts[best], len(own)],
        }
        found.append(
            {
                "prompt": render_prompt(task.prompt, example.inputs, example.choices),
                "chosen": texts[best],
                "rejected": texts[1 - best],
                "inputs": dict(example.inputs),
                "provenance": provenance,
            }
        )
    return found


def _provenance(run: StoredRun, review: Review, each: Judged) -> dict[str, Any]:
    return {
        "run": run.name,
        "packet": review.packet.id,
        "task": review.packet.task,
        "example": each.example,
        "split": "test",
        "strategies": list(each.sides),
        "raters": [each.rating.rater],
    }


def retired_of(run: StoredRun, task: str) -> Sequence[str]:
    """The test rows of a task that were given to training."""
    return [row["example"] for row in retired_rows(run.path) if row.get("task") == task]
