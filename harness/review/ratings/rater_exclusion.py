"""The user's decision that the ratings of a rater do not count."""

from __future__ import annotations

from datetime import UTC, datetime

from harness.errors import BenchError, did_you_mean, setting
from harness.review.ratings.rating_records import RaterExclusion, Review, load_reviews, save_exclusions
from harness.store import StoredRun, get_packet_folder
from harness.text import one_line, short

_MAX_REASON = 500  # characters


def exclude_rater(run: StoredRun, rater: str, *, reason: str, packet: str | None = None, undo: bool = False) -> list[str]:
    """Exclude a rater's ratings from the results of packets, or include them again; the ratings themselves stay recorded.

    A packet that settles disagreements belongs to the packet that it settles: an excluded adjudicator is recorded there.

    Args:
        rater: one that was asked or has rated, also as an adjudicator.
        packet: the id of a packet; None for all that have this rater.

    Raises:
        BenchError: no such packet or rater, no reason, or a folder that cannot be written.

    Returns:
        The ids of the packets whose results have changed.
    """
    reviews = {review.packet.id: review for review in load_reviews(run)}
    settled = {settling.packet.id: id_ for id_, review in reviews.items() for settling in review.adjudications}
    if packet is not None and packet not in reviews.keys() | settled:
        ids = [*reviews, *settled]
        known = f" Packets: {', '.join(ids)}." if ids else " Start with `bench review export`."
        raise BenchError(f"{setting('packet', short(packet, 40))}: {run.path} has no such packet.{did_you_mean(packet, ids) or known}")
    if not undo and not reason.strip():
        raise BenchError(f"{setting('reason', 'TEXT')}: say why the ratings of '{short(rater, 40)}' do not count. The report shows it.")
    wanted = None if packet is None else settled.get(packet, packet)
    chosen = {id_: review for id_, review in reviews.items() if wanted in (None, id_)}
    raters = {id_: _list_raters(review) for id_, review in chosen.items()}
    if not any(rater in names for names in raters.values()):
        names = sorted({name for each in raters.values() for name in each})
        raise BenchError(f"{run.path}: no rater '{short(rater, 40)}'.{did_you_mean(rater, names)}")
    record = RaterExclusion(rater, one_line(reason, _MAX_REASON), datetime.now(UTC).isoformat(timespec="seconds"))
    changed = []
    for id_, review in chosen.items():
        others = tuple(each for each in review.excluded if each.rater != rater)
        was_excluded = len(others) < len(review.excluded)
        if rater not in raters[id_] or (undo and not was_excluded):
            continue
        try:
            save_exclusions(get_packet_folder(run.path, id_), others if undo else (*others, record))
        except OSError as error:
            raise BenchError(f"{run.path}: cannot be written: {error.strerror}.") from None
        changed.append(id_)
    if not changed:
        raise BenchError(f"{run.path}: the ratings of '{short(rater, 40)}' count already.")
    return changed


def _list_raters(review: Review) -> set[str]:
    """Who was asked for ratings or has given some, adjudicators included."""
    packets = (review, *review.adjudications)
    return {name for each in packets for name in (*each.packet.raters, *(rating.rater for rating in each.ratings))}
