"""Corrections and preferences as training examples. They come from the test set, and must then leave it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from harness.catalog import render_prompt
from harness.errors import BenchError, setting
from harness.review.ratings import Review, UnblindedRating, UnblindedRatings, get_winner, load_reviews
from harness.store import RetiredExample, StoredRun, read_retired_examples, retire_examples, write_text
from harness.text import plural
from harness.types import Example

TrainingRecord: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Harvest:
    """Training examples from a review, one JSON object each.

    Attributes:
        retired: the ids of the test examples that they come from.
        withheld: corrections that were left out, because they were made in a packet with surrogates.
    """

    task: str
    corrections: tuple[TrainingRecord, ...]
    preferences: tuple[TrainingRecord, ...]
    retired: tuple[str, ...]
    withheld: int = 0


def collect_harvest(run: StoredRun, task: str | None) -> Harvest:
    """A task's corrections (`{"prompt", "completion", "inputs", …}`) and preferences (`{"prompt", "chosen", "rejected", …}`).

    Every distinct correction of an output becomes a record. A preference is what more than half of a pair's ratings prefer, over all
    packets; ties, and pairs whose outputs are equal or empty, give none. What an adjudicator has settled replaces what the raters
    said about it. Corrections of an anonymized packet contain surrogates that the
    prompt does not, and would teach a model to invent names and dates: they are left out and counted.

    Raises:
        BenchError: no packet, packets of several tasks where none is named, or nothing to harvest.
    """
    reviews = load_reviews(run)
    name = _choose_task(run, [review.packet.task for review in reviews], task)
    if run.plan.tasks[name].data.locked_test is not None:
        raise BenchError(
            f"{run.path}: the test set of '{name}' is locked (data.locked_test), so its examples never become training examples."
        )
    source = _Source(run, name)
    corrections: dict[tuple[str, str], TrainingRecord] = {}
    votes: dict[tuple[str, tuple[str, ...]], list[_Vote]] = {}
    withheld = 0
    for review in (review for review in reviews if review.packet.task == name):
        ratings = UnblindedRatings(review, list(source.examples.values()))
        if review.packet.anonymized:
            withheld += len(ratings.corrections)
        else:
            _add_corrections(corrections, source, review, ratings)
        for rating in ratings.settled_ratings if review.packet.mode == "pairwise" else ():
            vote = _Vote(review, rating, {strategy: review.key.cells[strategy] for strategy in rating.strategies})
            votes.setdefault((rating.example, tuple(sorted(vote.cells.values()))), []).append(vote)
    preferences = list(_list_preferences(source, votes))
    if not corrections and not preferences and withheld:
        raise BenchError(
            f"{run.path}: {plural(withheld, 'correction')} of task '{name}' cannot be harvested: the packet was exported with "
            f"{setting('anonymize')}, so they contain invented names and dates. Collect corrections with a packet exported without it."
        )
    if not corrections and not preferences:
        raise BenchError(f"{run.path}: no rater has corrected an output or preferred one of a pair on task '{name}' yet.")
    retired = dict.fromkeys(record["provenance"]["example"] for record in (*corrections.values(), *preferences))
    return Harvest(name, tuple(corrections.values()), tuple(preferences), tuple(retired), withheld)


def write_harvest(run: StoredRun, harvest: Harvest, out: Path) -> list[Path]:
    """Record the test examples as retired, then write the files, and delete an old file that would now be empty.

    In this order no training file holds an example that still counts as a test example, even if the process is killed.

    Raises:
        BenchError: a file cannot be written.

    Returns:
        The files written, see `get_harvest_paths`.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    retire_examples(run.path, [RetiredExample(harvest.task, example, out.name, now) for example in harvest.retired])
    files = dict(zip(get_harvest_paths(out), (harvest.corrections, harvest.preferences), strict=True))
    try:
        for path, records in files.items():
            if records:
                write_text(path, "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))
            else:
                path.unlink(missing_ok=True)
    except OSError as error:
        raise BenchError(
            f"{out}: cannot be written: {error.strerror}. The test examples are already recorded as retired; run the harvest again."
        ) from None
    return [path for path, records in files.items() if records]


def get_harvest_paths(out: Path) -> tuple[Path, Path]:
    """The file of corrections, and the file of preferences beside it (`NAME.preferences.jsonl`)."""
    return out, out.with_name(f"{out.stem}.preferences{out.suffix}")


def list_retired_examples(run: StoredRun, task: str) -> Sequence[str]:
    """The ids of a task's test examples that have become training examples."""
    return [each.example for each in read_retired_examples(run.path) if each.task == task]


class _Source:
    """The task whose outputs were rated."""

    def __init__(self, run: StoredRun, task: str) -> None:
        self.run, self.task = run, run.plan.tasks[task]
        self.examples: Mapping[str, Example] = {example.id: example for example in run.examples(task)}

    def render_prompt(self, example: str) -> str:
        return render_prompt(self.task.prompt, self.examples[example].inputs, self.examples[example].choices)

    def group_of(self, example: str) -> dict[str, str]:
        """The group of an example as a field of a record; empty if it has none."""
        group = self.examples[example].group
        return {} if group is None else {"group": group}

    def describe(self, review: Review, rating: UnblindedRating) -> TrainingRecord:
        """Where a record comes from."""
        return {
            "run": self.run.name,
            "packet": review.packet.id,
            "task": self.task.name,
            "example": rating.example,
            "split": "test",
            "strategies": list(rating.strategies),
            "raters": [rating.rater],
        }


@dataclass(frozen=True)
class _Vote:
    """One rating of a pair. `cells` are the ids of the two cells, by strategy."""

    review: Review
    rating: UnblindedRating
    cells: Mapping[str, str]

    @property
    def winner(self) -> str | None:
        """The cell whose output won; None for a tie, or where both were bad."""
        return self.cells.get(get_winner(self.rating))


def _choose_task(run: StoredRun, reviewed: Sequence[str], task: str | None) -> str:
    tasks = list(dict.fromkeys(reviewed))
    if not tasks:
        raise BenchError(f"{run.path}: no packet was exported from this run. Start with `bench review export`.")
    if task is None and len(tasks) > 1:
        raise BenchError(f"{run.path}: several tasks were reviewed: {', '.join(tasks)}. Choose one with {setting('task', 'TASK')}.")
    if task is not None and task not in tasks:
        raise BenchError(f"{run.path}: task '{task}' was not reviewed. Reviewed tasks: {', '.join(tasks)}.")
    return task or tasks[0]


def _add_corrections(
    corrections: dict[tuple[str, str], TrainingRecord], source: _Source, review: Review, ratings: UnblindedRatings
) -> None:
    for rating in ratings.corrections:
        text = rating.corrected
        assert text is not None  # as all of these have
        example = source.examples[rating.example]
        record = corrections.setdefault(
            (rating.example, text),
            {
                "prompt": source.render_prompt(rating.example),
                "completion": text,
                "inputs": dict(example.inputs),
                **source.group_of(rating.example),
                "provenance": source.describe(review, rating),
            },
        )
        raters = record["provenance"]["raters"]
        if rating.rater not in raters:
            raters.append(rating.rater)


def _list_preferences(source: _Source, votes: Mapping[tuple[str, tuple[str, ...]], Sequence[_Vote]]) -> Iterator[TrainingRecord]:
    """The preference of each pair of outputs with a clear majority; none where an output is empty, or both are the same."""
    cells = dict.fromkeys(cell for _, pair in votes for cell in pair)
    outputs = {cell: {p.example_id: p.output for p in source.run.predictions(cell)} for cell in cells}
    for (example, pair), pair_votes in votes.items():
        counts = [sum(vote.winner == cell for vote in pair_votes) for cell in pair]
        texts = [outputs[cell].get(example, "") for cell in pair]
        stripped = [text.strip() for text in texts]
        if counts[0] == counts[1] or stripped[0] == stripped[1] or not all(stripped):
            continue
        best = 0 if counts[0] > counts[1] else 1
        if 2 * counts[best] <= len(pair_votes):  # the other raters chose a tie, or both bad
            continue
        strategies = {cell: strategy for strategy, cell in pair_votes[0].cells.items()}
        provenance = source.describe(pair_votes[0].review, pair_votes[0].rating) | {
            "packet": ", ".join(dict.fromkeys(vote.review.packet.id for vote in pair_votes)),
            "raters": list(dict.fromkeys(vote.rating.rater for vote in pair_votes)),
            "strategies": [strategies[pair[best]], strategies[pair[1 - best]]],
            "votes": [counts[best], len(pair_votes)],
        }
        yield {
            "prompt": source.render_prompt(example),
            "chosen": texts[best],
            "rejected": texts[1 - best],
            "inputs": dict(source.examples[example].inputs),
            **source.group_of(example),
            "provenance": provenance,
        }
