"""A packet made from a run: which rows, which outputs, which raters see what."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

import numpy as np

from harness.errors import BenchError, did_you_mean, setting
from harness.results import TaskResults, find_cell, slices_of
from harness.review.packets.design import assign, sides_of
from harness.review.packets.packet import Key, Mode, Packet
from harness.review.packets.row_sampling import Sample, favoured_sample, hardest, random_sample
from harness.review.packets.row_scores import row_metrics, row_scores
from harness.store import StoredRun
from harness.text import plural
from harness.types import Cell, Example, Prediction, ReviewSpec, Task

SAMPLINGS = ("random", "disagreement", "low-score", "hardest")  # and slice:COLUMN=VALUE
_MOST_RATERS = 100
_REPEATED = 0.1  # of a rater's judgements, where nobody said how many


@dataclass(frozen=True)
class Asked:
    """What a packet should be. `raters` are their names; `overlap` is how many of them see each row (None: all)."""

    task: str
    strategies: tuple[str, ...]
    n: int
    mode: Mode
    raters: tuple[str, ...]
    sample: str = "random"
    overlap: int | None = None
    repeats: int | None = None
    against: str | None = None
    with_reference: bool = False
    seed: int = 0
    model: str | None = None
    train_size: int | None = None
    questions: ReviewSpec | None = None


@dataclass(frozen=True)
class Item:
    """One judgement as a rater sees it: the inputs by name, the references (empty where they are hidden), and the outputs in order."""

    id: str
    inputs: tuple[tuple[str, str], ...]
    references: tuple[str, ...]
    outputs: tuple[str, ...]


def make_packet(run: StoredRun, asked: Asked) -> tuple[Packet, Key]:
    """Draw the rows and deal out the judgements. The same call gives the same packet.

    Raises:
        BenchError: no such task or strategy, too few of one, raters that are none, a sample that cannot be drawn.
    """
    task = _task(run, asked.task)
    _check(asked, task)
    cells = {name: _cell(run, name, asked) for name in asked.strategies}
    of_task = TaskResults(run, task)
    examples = of_task.examples
    if not examples:
        raise BenchError(f"{run.path}: has no test rows of '{task.name}'")
    sample = _drawn(asked, of_task, cells, np.random.default_rng([asked.seed, 1]))
    predictions = {name: {p.example_id: p for p in of_task.predictions(cell)} for name, cell in cells.items()}
    rows = [examples[i] for i in sample.positions]
    chosen = [example.id for example in rows]
    content = content_digest(rows, predictions)
    shown = sides_of(asked.mode, asked.strategies, asked.against)
    identity = json.dumps([run.plan.digest, sorted(cell.id for cell in cells.values()), content, _identity(asked)], sort_keys=True)
    digest = sha256(identity.encode()).hexdigest()
    overlap = min(asked.overlap or len(asked.raters), len(asked.raters))
    share = len(chosen) * len(shown) * overlap / len(asked.raters)
    repeats = asked.repeats if asked.repeats is not None else min(20, round(_REPEATED * share))
    if len(chosen) * overlap < len(asked.raters):
        raise BenchError(
            f"{len(chosen)} rows for {overlap} raters each leave some of the {len(asked.raters)} raters without any: ask fewer"
        )
    judgements, behind = assign(chosen, shown, asked.raters, overlap=overlap, repeats=repeats, seed=asked.seed, salt=digest)
    packet = Packet(
        id=f"p{digest[:7]}",
        run=run.name,
        task=task.name,
        mode=asked.mode,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        questions=asked.questions or task.review,
        raters=asked.raters,
        judgements=judgements,
        with_reference=asked.with_reference,
    )
    key = Key(
        shown=behind,
        cells={name: cell.id for name, cell in cells.items()},
        chances=dict(zip(chosen, sample.chances, strict=True)),
        population=len(examples),
        sampling=asked.sample,
        generalises=sample.generalises,
        content=content,
    )
    return packet, key


def content_digest(rows: Sequence[Example], predictions: Mapping[str, Mapping[str, Prediction]]) -> str:
    """sha256 (hex) of rows and of what each strategy said to them."""
    digest = sha256()
    for example in rows:
        said = [[name, own[example.id].output if example.id in own else None] for name, own in sorted(predictions.items())]
        digest.update(json.dumps([example.id, sorted(example.inputs.items()), example.targets, said]).encode() + b"\n")
    return digest.hexdigest()


def items_of(run: StoredRun, packet: Packet, key: Key) -> dict[str, list[Item]]:
    """What each rater sees, in order.

    Raises:
        BenchError: rows or outputs are no longer what they were when the packet was made.
    """
    examples = {example.id: example for example in run.examples(packet.task)}
    predictions = {name: {p.example_id: p for p in run.predictions(cell)} for name, cell in key.cells.items()}
    rows = [examples[row] for row in key.chances if row in examples]
    if content_digest(rows, predictions) != key.content:
        raise BenchError(f"{run.path}: the rows or outputs are no longer those of packet {packet.id}: was it made from another run?")
    outputs = {name: {row: p.output for row, p in own.items()} for name, own in predictions.items()}
    found: dict[str, list[Item]] = {rater: [] for rater in packet.raters}
    for judgement in packet.judgements:
        example = examples[judgement.example]
        said = tuple(outputs[name].get(example.id, "") for name in key.shown[judgement.id].sides)
        references = example.targets if packet.with_reference else ()
        found[judgement.rater].append(Item(judgement.id, tuple(example.inputs.items()), references, said))
    return found


def rater_names(given: str) -> tuple[str, ...]:
    """`3` is rater-1 to rater-3; `anna,ben` are names.

    Raises:
        BenchError: no rater, one twice, or a name that cannot be the name of a file.
    """
    names = tuple(f"rater-{i + 1}" for i in range(int(given))) if given.isascii() and given.isdecimal() and len(given) < 4 else None
    names = names if names is not None else tuple(name.strip() for name in given.split(",") if name.strip())
    if not 1 <= len(names) <= _MOST_RATERS:
        raise BenchError(f"{setting('raters', given)}: give 1 to {_MOST_RATERS} raters, as a number or as names separated by commas.")
    wrong = [n for n in names if not all(c.isalnum() or c in "-_." for c in n) or n.startswith(".") or len(n) > 40]
    if wrong:
        problem = f"'{wrong[0]}' cannot be part of a file name"
        raise BenchError(f"{setting('raters', given)}: {problem}. Use up to 40 letters, digits, '-', '_' and '.'.")
    if len({name.casefold() for name in names}) < len(names):
        raise BenchError(f"{setting('raters', given)}: a rater is named twice.")
    return names


def _identity(asked: Asked) -> dict[str, object]:
    questions = asked.questions.model_dump(mode="json") if asked.questions else None
    return {name: value for name, value in vars(asked).items() if name != "questions"} | {"questions": questions}


def _task(run: StoredRun, name: str) -> Task:
    if name not in run.plan.tasks:
        raise BenchError(f"{run.path}: no task '{name}'.{did_you_mean(name, run.plan.tasks)}")
    return run.plan.tasks[name]


def _check(asked: Asked, task: Task) -> None:
    if len(set(asked.strategies)) < len(asked.strategies):
        raise BenchError(f"{setting('strategies', ','.join(asked.strategies))}: a strategy is named twice.")
    if asked.mode == "pairwise" and len(asked.strategies) < 2:
        others = f"{setting('mode', 'scales')} or {setting('mode', 'errors')}"
        raise BenchError(f"{setting('mode', 'pairwise')}: needs at least two strategies. Name another one, or use {others}.")
    if asked.against is not None and (asked.mode != "pairwise" or asked.against not in asked.strategies):
        what = f"only applies to {setting('mode', 'pairwise')}, and must be one of {', '.join(asked.strategies)}"
        raise BenchError(f"{setting('against', asked.against)}: {what}.")
    if asked.seed < 0:
        raise BenchError(f"{setting('seed', str(asked.seed))}: must be 0 or greater.")
    if asked.overlap is not None and asked.overlap > len(asked.raters):
        raise BenchError(f"{setting('overlap', str(asked.overlap))}: there are only {plural(len(asked.raters), 'rater')}.")
    if task.chooses and asked.mode == "scales" and asked.questions is None and not task.review.scales:
        raise BenchError("the task declares no scales")


def _cell(run: StoredRun, strategy: str, asked: Asked) -> Cell:
    """Outputs that were made elsewhere belong to no model and no size."""
    own = run.plan.strategies.get(strategy)
    model = None if own is not None and own.outputs is not None else asked.model
    size = asked.train_size if own is not None and own.train is not None else None
    return find_cell(run, strategy, task=asked.task, model=model, train_size=size, needs_model=False).cell


def _drawn(asked: Asked, rows: TaskResults, cells: Mapping[str, Cell], rng: np.random.Generator) -> Sample:
    examples = rows.examples
    how, _, what = asked.sample.partition(":")
    if how == "random" and not what:
        return random_sample(len(examples), asked.n, rng)
    if how == "slice" and "=" in what:
        return favoured_sample(_in_slice(examples, what), asked.n, rng)
    if asked.sample not in SAMPLINGS:
        known = [*SAMPLINGS, "slice:COLUMN=VALUE"]
        raise BenchError(f"{setting('sample', asked.sample)}: unknown sampling method.{did_you_mean(asked.sample, known)}")
    scores = _scores(rows, cells)
    if how == "disagreement":
        return favoured_sample([max(row) - min(row) if row else 0.0 for row in scores], asked.n, rng)
    means = [sum(row) / len(row) if row else float("inf") for row in scores]
    if how == "hardest":
        return hardest(means, asked.n)
    known_means = [m for m in means if m != float("inf")] or [0.0]
    return favoured_sample([-m if m != float("inf") else -max(known_means) for m in means], asked.n, rng)


def _in_slice(examples: Sequence[Example], what: str) -> list[float]:
    """1 for the rows of the slice, 0 for the others."""
    column, _, value = what.partition("=")
    slices = slices_of(examples, column, most=None, asked_by=setting("sample", f"slice:{what}"))
    if value not in slices:
        known = f" There are {', '.join(list(slices)[:12])}{', …' if len(slices) > 12 else ''}."
        raise BenchError(f"{setting('sample', f'slice:{what}')}: no example has this value.{did_you_mean(value, slices)}{known}")
    chosen = set(slices[value])
    return [float(i in chosen) for i in range(len(examples))]


def _scores(rows: TaskResults, cells: Mapping[str, Cell]) -> list[list[float]]:
    """The scores of each row, one a strategy, so that more is better; none where nothing judges a row alone."""
    metric, *_ = row_metrics(rows) or (None,)
    if metric is None:
        raise BenchError(f"task '{rows.task.name}': no metric scores single examples. Use {setting('sample', 'random')}.")
    scores = row_scores(rows, metric, cells)
    return [[scores[e.id, name] for name in cells if (e.id, name) in scores] for e in rows.examples]
