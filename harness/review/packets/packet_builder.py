"""Building a packet from a run: sampled examples, chosen outputs, items assigned to raters."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from hashlib import sha256

import numpy as np

from harness.errors import BenchError, did_you_mean
from harness.results import TaskScores, find_cell
from harness.review.packets.assignment import assign_items, list_comparisons
from harness.review.packets.check_items import add_checks, make_attention_checks
from harness.review.packets.item_texts import compute_content_digest
from harness.review.packets.packet import Key, Packet
from harness.review.packets.packet_request import PacketRequest
from harness.review.packets.sampling_methods import draw_sample
from harness.store import StoredRun
from harness.text import plural
from harness.types import Cell, Task

_DEFAULT_REPEATS = 0.1  # of a rater's items
_MAX_DEFAULT_REPEATS = 20
OUTPUT_NOUNS = {"summarization": "summary", "qa": "answer", "classification": "label", "generation": "text"}


def build_packet(run: StoredRun, request: PacketRequest) -> tuple[Packet, Key]:
    """Sample the examples and assign items to raters. The same request gives the same packet.

    Raises:
        BenchError: an unknown task or strategy, an invalid request, a sample that cannot be drawn, or too few examples for the raters.
    """
    task = _find_task(run, request.task)
    request.check()
    cells = {
        name: find_rated_cell(run, name, task=request.task, model=request.model, train_size=request.train_size)
        for name in request.strategies
    }
    results = TaskScores(run, task)
    if not results.examples:
        raise BenchError(f"{run.path}: task '{task.name}' has no test examples.")
    sample = draw_sample(request.sample, request.n, results, cells, np.random.default_rng([request.seed, 1]))
    examples = [results.examples[i] for i in sample.positions]
    ids = [example.id for example in examples]
    predictions = {name: {p.example_id: p for p in results.predictions(cell)} for name, cell in cells.items()}
    content_digest = compute_content_digest(examples, predictions)
    digest = _identify(run, cells, content_digest, request)
    overlap = min(request.overlap or len(request.raters), len(request.raters))
    if len(ids) * overlap < len(request.raters):
        raise BenchError(
            f"{plural(len(ids), 'example')} with {plural(overlap, 'rater')} each cannot be shared among {len(request.raters)} raters. "
            "Use fewer raters or more examples."
        )
    comparisons = list_comparisons(request.mode, request.strategies, request.against)
    shown = min(request.pairs_per_example or len(comparisons), len(comparisons))
    items, keys = assign_items(
        ids,
        comparisons,
        request.raters,
        overlap=overlap,
        repeats=_count_repeats(request, len(ids) * shown * overlap / len(request.raters)),
        seed=request.seed,
        salt=digest,
        per_example=request.pairs_per_example,
    )
    checks = list(request.gold)
    if request.attention:
        rng = np.random.default_rng([request.seed, 2])
        checks += make_attention_checks(results.examples, set(ids), request.mode, request.attention, rng)
    items, checks_by_item = add_checks(items, checks, request.raters, seed=request.seed, salt=digest)
    packet = Packet(
        id=f"p{digest[:7]}",
        run=run.name,
        task=task.name,
        mode=request.mode,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        output_noun=OUTPUT_NOUNS[task.kind],
        questions=request.questions or task.review,
        raters=request.raters,
        items=items,
        with_reference=request.with_reference,
    )
    key = Key(
        items=keys,
        cells={name: cell.id for name, cell in cells.items()},
        inclusion_probabilities=dict(zip(ids, sample.probabilities, strict=True)),
        population=len(results.examples),
        sampling=request.sample,
        representative=sample.representative,
        content_digest=content_digest,
        checks=checks_by_item,
    )
    return packet, key


def _find_task(run: StoredRun, name: str) -> Task:
    if name not in run.plan.tasks:
        raise BenchError(f"{run.path}: no task '{name}'.{did_you_mean(name, run.plan.tasks)}")
    return run.plan.tasks[name]


def find_rated_cell(run: StoredRun, strategy: str, *, task: str, model: str | None, train_size: int | None) -> Cell:
    """The finished cell whose outputs raters see. External outputs have no model, and only trained strategies have a training size.

    Raises:
        BenchError: there is none, or several that differ in more than the seed.
    """
    spec = run.plan.strategies.get(strategy)
    model = None if spec is not None and not spec.has_model else model
    size = train_size if spec is not None and spec.train is not None else None
    return find_cell(run, strategy, task=task, model=model, train_size=size, needs_model=False).cell


def _identify(run: StoredRun, cells: dict[str, Cell], content_digest: str, request: PacketRequest) -> str:
    """SHA-256 (hex) of everything that decides what the packet contains."""
    questions = request.questions.model_dump(mode="json") if request.questions else None
    fields = vars(request) | {"questions": questions, "gold": [asdict(check) for check in request.gold]}
    fields = {name: value for name, value in fields.items() if value or name not in ("gold", "attention", "pairs_per_example")}
    identity = json.dumps([run.plan.digest, sorted(cell.id for cell in cells.values()), content_digest, fields], sort_keys=True)
    return sha256(identity.encode()).hexdigest()


def _count_repeats(request: PacketRequest, items_per_rater: float) -> int:
    if request.repeats is not None:
        return request.repeats
    return min(_MAX_DEFAULT_REPEATS, round(_DEFAULT_REPEATS * items_per_rater))
