"""A second packet for the items on which raters disagree: a person who was not one of them settles each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import numpy as np

from harness.errors import BenchError, did_you_mean, setting
from harness.review.packets import Adjudication, ItemKey, Key, Packet, ReviewItem, compute_content_digest
from harness.review.rater_files import ExportedPacket, Format, export_built_packet
from harness.review.ratings import MORE_THAN, UnblindedRating, UnblindedRatings, Unit, find_disagreements, group_by_unit, load_reviews
from harness.store import StoredRun
from harness.text import short
from harness.types import Example

SAMPLING = "disagreements"


@dataclass(frozen=True)
class AdjudicationRequest:
    """Whose disagreements are settled, and by whom."""

    task: str
    adjudicators: tuple[str, ...]
    """They share the items; each item goes to one of them."""
    packet: str | None = None
    """The id of the packet whose raters disagree; None if only one packet has disagreements."""
    more_than: int = MORE_THAN
    """Answers on a scale that differ by more than so many steps disagree."""
    show_ratings: bool = False
    """Whether adjudicators see what the raters answered, without their names."""
    seed: int = 0


def export_adjudication(
    run: StoredRun, request: AdjudicationRequest, formats: Sequence[Format], out: Path | None = None, *, anonymize: bool = False
) -> ExportedPacket:
    """Write a packet of the items on which raters disagree and that no adjudicator has rated. The same request writes the same packet.

    Raises:
        BenchError: there is no disagreement, an adjudicator was one of the raters, or the folder cannot be written.
    """
    for name, value, least in (("more_than", request.more_than, 0), ("seed", request.seed, 0)):
        if value < least:
            raise BenchError(f"{setting(name, str(value))}: must be {least} or greater.")
    ratings = _choose_packet(run, request)
    settled = ratings.settlement.ratings
    units = [unit for unit in find_disagreements(ratings.packet, ratings.first_ratings, request.more_than) if unit not in settled]
    if not units:
        done = f" {len(settled)} items are adjudicated." if settled else ""
        raise BenchError(f"{run.path}: packet {ratings.packet.id} has no disagreement to settle.{done}")
    own = {name.casefold() for name in (*ratings.packet.raters, *(rating.rater for rating in ratings.ratings))}
    if known := [name for name in request.adjudicators if name.casefold() in own]:
        raise BenchError(
            f"{setting('raters', known[0])}: was a rater of packet {ratings.packet.id}. A disagreement is settled by someone else, or by "
            "the raters together: give the group a name of its own."
        )
    return export_built_packet(run, *_build(run, ratings, units, request), formats, out, anonymize=anonymize or ratings.packet.anonymized)


def _choose_packet(run: StoredRun, request: AdjudicationRequest) -> UnblindedRatings:
    """The ratings of the packet that is asked for, or of the only one whose raters disagree."""
    reviews = {review.packet.id: review for review in load_reviews(run, request.task)}
    if request.packet is not None and request.packet not in reviews:
        advice = did_you_mean(request.packet, reviews) or (f" Packets: {', '.join(reviews)}." if reviews else "")
        raise BenchError(f"{setting('packet', short(request.packet, 40))}: {run.path} has no such packet.{advice}")
    chosen = [reviews[request.packet]] if request.packet is not None else list(reviews.values())
    examples = run.examples(request.task)
    candidates = [UnblindedRatings(review, examples) for review in chosen]
    shared = [ratings for ratings in candidates if ratings.settlement.units]
    if not shared:
        raise BenchError(
            f"{run.path}: no item of task '{request.task}' has two ratings yet. Export a packet with {setting('raters', '2')}, and import "
            "what the raters send back."
        )
    disputed = [r for r in shared if find_disagreements(r.packet, r.first_ratings, request.more_than)] or shared[-1:]
    if len(disputed) > 1:
        names = ", ".join(ratings.packet.id for ratings in disputed)
        raise BenchError(f"{run.path}: the raters of several packets disagree: {names}. Choose one with {setting('packet', 'PACKET')}.")
    return disputed[0]


def _build(run: StoredRun, ratings: UnblindedRatings, units: Sequence[Unit], request: AdjudicationRequest) -> tuple[Packet, Key]:
    identity = [ratings.packet.id, sorted(units), request.adjudicators, request.more_than, request.show_ratings, request.seed]
    digest = sha256(json.dumps(identity).encode()).hexdigest()
    rng = np.random.default_rng([request.seed, int(digest[:8], 16)])
    first = group_by_unit(ratings.first_ratings)
    items: list[ReviewItem] = []
    keys: dict[str, ItemKey] = {}
    earlier_answers: dict[str, tuple[str, ...]] = {}
    swaps = rng.permutation(np.arange(len(units)) % 2)  # either strategy is as often on the left as on the right
    for number, position in enumerate(rng.permutation(len(units))):
        example, strategies = units[position]
        sides = strategies[::-1] if swaps[number] else strategies
        item = f"r{sha256(f'{digest}/{number}'.encode()).hexdigest()[:11]}"
        items.append(ReviewItem(item, request.adjudicators[number % len(request.adjudicators)], example))
        keys[item] = ItemKey(sides, None)
        earlier_answers[item] = _quote_ratings(ratings.packet, first[units[position]], sides)
    disputed = {example for example, _ in units}
    key = _build_key(run, ratings.key, keys, [example for example in run.examples(request.task) if example.id in disputed])
    packet = replace(
        ratings.packet,
        id=f"p{digest[:7]}",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        raters=request.adjudicators[: len(items)],
        items=tuple(items),
        adjudicates=Adjudication(ratings.packet.id, request.more_than, earlier_answers if request.show_ratings else {}),
    )
    return packet, key


def _build_key(run: StoredRun, first: Key, keys: Mapping[str, ItemKey], examples: Sequence[Example]) -> Key:
    predictions = {name: {p.example_id: p for p in run.predictions(cell)} for name, cell in first.cells.items()}
    return replace(
        first,
        items=keys,
        inclusion_probabilities={example.id: first.inclusion_probabilities[example.id] for example in examples},
        sampling=SAMPLING,
        representative=False,
        content_digest=compute_content_digest(examples, predictions),
        checks={},
    )


def _quote_ratings(packet: Packet, ratings: Sequence[UnblindedRating], sides: tuple[str, ...]) -> tuple[str, ...]:
    """What each rater answered, in an order that does not tell who; outputs of a pair are named as the adjudicator sees them."""
    quotes = []
    for rating in ratings:
        answers = dict(rating.answers)
        if packet.mode == "pairwise" and answers["preference"] in ("A", "B"):
            answers["preference"] = "AB"[sides.index(rating.strategies["AB".index(answers["preference"])])]
        shown = [f"{name}: {answer}" if len(answers) > 1 else answer for name, answer in answers.items()]
        kinds = f" ({', '.join(rating.kinds)})" if rating.kinds else ""
        comment = f" – “{rating.comment}”" if rating.comment else ""
        quotes.append(f"{'; '.join(shown)}{kinds}{comment}")
    return tuple(sorted(quotes))
