"""From units to a verdict: limits that hold at every look, the sample ratio, guardrails, and the first look that decides."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.lifecycle.experiments.event_file import EventLog
from harness.lifecycle.experiments.experiment_file import Experiment, OutcomeSpec, VariantName
from harness.lifecycle.experiments.outcome_track import OutcomeTrack, follow_outcome
from harness.lifecycle.experiments.reading import (
    ExperimentReading,
    ExperimentState,
    LookPoint,
    MoreUnits,
    OutcomeReading,
    OutcomeRole,
    OutcomeStatus,
    RatioReading,
    ReadingCode,
)
from harness.lifecycle.experiments.unit_outcomes import DAY, UnitResult, collect_units
from harness.statistics import (
    SAMPLE_RATIO_ALPHA,
    difference_variance,
    largest_stake,
    sample_ratio_evidence,
    units_to_show,
)

MOST_LEFT_OUT = 0.01  # of the units: with more, the others may no longer be like them
_PATH_POINTS = 200


def judge_events(log: EventLog, experiment: Experiment) -> ExperimentReading:
    """What the events show. The verdict is that of the first look that decided, and later events do not change it; but if units turn out
    to be divided or served otherwise than planned, there is none."""
    units, arrivals, counts = collect_units(log, experiment)
    tracks = [follow_outcome(units, spec, role, experiment) for spec, role in _roles(experiment)]
    ratios = _check_ratios(experiment, arrivals, units)
    first, last = log.events[0].time, log.events[-1].time
    state, code, look = _decide(experiment, tracks, units, first)
    if counts.left_out > MOST_LEFT_OUT * counts.units:
        state, code, look = "undecided", "wrongly_served", None
    if any(ratio.is_broken for ratio in ratios):
        state, code, look = "undecided", "unequal_counts", None
    outcomes = tuple(_summarize(track, units, _status(track, experiment, code)) for track in tracks)
    guardrails = [each for each in outcomes if each.role == "guardrail"]
    decides = outcomes[0]
    waited_for = [track for track, each in zip(tracks, outcomes, strict=True) if each.status == "undecided" and each.role != "reported"]
    can_go_on = code in ("undecided", "guardrail_undecided")
    return ExperimentReading(
        experiment=experiment,
        source=log.name,
        state=state,
        code=code,
        outcomes=outcomes,
        ratios=ratios,
        broken=tuple(each.spec.name for each in guardrails if each.status == "broken"),
        open_guardrails=tuple(each.spec.name for each in guardrails if each.status == "undecided"),
        counts=counts,
        events=len(log.events),
        doubled=log.doubled,
        out_of_order=log.out_of_order,
        first=first,
        last=last,
        decided=None if look is None else units[look].closed,
        decided_units=None if look is None else look + 1,
        units=len(units),
        more=_more_units(waited_for, experiment, units, last - first) if can_go_on else None,
        burn_in_left=(
            max(0, experiment.burn_in.units - min(decides.champion_units, decides.challenger_units)),
            max(0.0, experiment.burn_in.days - (last - first) / DAY),
        ),
        unused=log.unused,
    )


def _roles(experiment: Experiment) -> list[tuple[OutcomeSpec, OutcomeRole]]:
    roles: list[tuple[OutcomeSpec, OutcomeRole]] = [(experiment.outcome, "decides")]
    roles += [(each, "guardrail") for each in experiment.guardrails]
    return roles + [(each, "reported") for each in experiment.also]


def _claims(experiment: Experiment) -> tuple[float, float]:
    """The gain that the challenger must be shown to exceed, and the gain below which it is given up."""
    return (0.0, experiment.margin) if experiment.goal == "better" else (-experiment.margin, 0.0)


def _decide(
    experiment: Experiment, tracks: Sequence[OutcomeTrack], units: Sequence[UnitResult], first: float
) -> tuple[ExperimentState, ReadingCode, int | None]:
    """The first look after the burn-in that decides, and how; a look follows each unit."""
    import numpy as np

    decides, guards = tracks[0], [track for track in tracks if track.role == "guardrail"]
    if not units:
        return "undecided", "too_early", None
    challengers = np.concatenate([[0], np.cumsum(decides.is_challenger)])[decides.seen]
    fewest = np.minimum(challengers, decides.seen - challengers)
    days = (np.array([unit.closed for unit in units]) - first) / DAY
    is_late = (fewest >= experiment.burn_in.units) & (days >= experiment.burn_in.days)
    if not is_late.any():
        return "undecided", "too_early", None
    wanted, given_up = _claims(experiment)
    broken = np.zeros(len(units), dtype=bool)
    kept = np.ones(len(units), dtype=bool)
    for guard in guards:
        margin = guard.spec.margin or 0.0
        broken |= guard.best() <= -margin
        kept &= guard.worst() >= -margin
    shown, refuted = decides.worst() >= wanted, decides.best() <= given_up
    wins, loses = is_late & shown & kept & ~broken, is_late & (broken | (refuted & ~shown))
    looks = np.flatnonzero(wins | loses)
    if not len(looks):
        return "undecided", "guardrail_undecided" if shown[-1] else "undecided", None
    look = int(looks[0])
    if wins[look]:
        return "challenger", "challenger_better" if experiment.goal == "better" else "challenger_not_worse", look
    if broken[look]:
        return "champion", "guardrail_broken", look
    return "champion", "champion_better" if decides.best()[look] <= 0 else "gain_ruled_out", look


def _summarize(track: OutcomeTrack, units: Sequence[UnitResult], status: OutcomeStatus) -> OutcomeReading:
    is_challenger, values = track.is_challenger, track.values
    means = [float(values[chosen].mean()) if chosen.any() else None for chosen in (~is_challenger, is_challenger)]
    return OutcomeReading(
        spec=track.spec,
        role=track.role,
        status=status,
        champion=means[0],
        challenger=means[1],
        champion_units=int((~is_challenger).sum()),
        challenger_units=int(is_challenger.sum()),
        missing=len(units) - len(values),
        alpha=track.alpha,
        path=_thin_path(track, units),
    )


def _status(track: OutcomeTrack, experiment: Experiment, code: ReadingCode) -> OutcomeStatus:
    if track.role == "reported":
        return "reported"
    if code in ("unequal_counts", "wrongly_served"):
        return "not_comparable"
    if not len(track.values) or code == "too_early":
        return "undecided"
    return _guardrail_status(track) if track.role == "guardrail" else _deciding_status(track, experiment)


def _guardrail_status(track: OutcomeTrack) -> OutcomeStatus:
    margin = track.spec.margin or 0.0
    return "broken" if track.best()[-1] <= -margin else "kept" if track.worst()[-1] >= -margin else "undecided"


def _deciding_status(track: OutcomeTrack, experiment: Experiment) -> OutcomeStatus:
    worst, best = float(track.worst()[-1]), float(track.best()[-1])
    wanted, given_up = _claims(experiment)
    if worst >= wanted:
        return "better" if worst >= 0 else "not_worse"
    if best <= given_up:
        return "worse" if best <= 0 else "gain_ruled_out"
    return "undecided"


def _thin_path(track: OutcomeTrack, units: Sequence[UnitResult]) -> tuple[LookPoint, ...]:
    """At most 200 looks, the first and the last among them."""
    import numpy as np

    count = len(track.values)
    if not count:
        return ()
    chosen = np.unique(np.linspace(0, count - 1, min(count, _PATH_POINTS)).round().astype(int))
    return tuple(
        LookPoint(
            time=units[int(track.places[place])].closed,
            units=int(place) + 1,
            estimate=None if math.isnan(track.estimate[place]) else float(track.estimate[place]),
            low=float(track.low[place]),
            high=float(track.high[place]),
        )
        for place in chosen
    )


def _check_ratios(
    experiment: Experiment, arrivals: Sequence[VariantName], units: Sequence[UnitResult]
) -> tuple[RatioReading, RatioReading]:
    """Of all units, and of those with a value of the deciding outcome: a variant may also lose answers. Each is at half the level."""
    import numpy as np

    measured = [unit.variant for unit in units if experiment.outcome.name in unit.outcomes]
    readings = []
    for variants, of_measured in ((arrivals, False), (measured, True)):
        is_challenger = np.array([variant == "challenger" for variant in variants], dtype=np.bool_)
        evidence = sample_ratio_evidence(is_challenger, experiment.challenger_share)
        p_value = min(1.0, 2 * math.exp(-float(evidence.max()))) if len(variants) else 1.0
        challengers = int(is_challenger.sum())
        readings.append(
            RatioReading(
                experiment.challenger_share, len(variants) - challengers, challengers, of_measured, p_value <= SAMPLE_RATIO_ALPHA, p_value
            )
        )
    return readings[0], readings[1]


def _more_units(tracks: Sequence[OutcomeTrack], experiment: Experiment, units: Sequence[UnitResult], seconds: float) -> MoreUnits | None:
    """What a verdict still takes if the differences in the undecided outcomes stay as measured; None without both variants."""
    missing = [_missing_units(track, experiment) for track in tracks if track.has_both]
    if len(missing) < len(tracks) or not missing:
        return None
    if None in missing:
        return MoreUnits(None, None)
    more = max(count for count in missing if count is not None)
    return MoreUnits(more, more * seconds / DAY / len(units) if seconds else None)


def _missing_units(track: OutcomeTrack, experiment: Experiment) -> int | None:
    """How many more units decide an outcome if its difference stays as measured; None for more than a trillion, or if none do."""
    spec, share, values = track.spec, experiment.challenger_share, track.values
    margin = spec.margin or 0.0
    wanted, given_up = (-margin, -margin) if track.role == "guardrail" else _claims(experiment)
    gain = spec.sign * float(track.estimate[-1])
    distance = max(gain - wanted, given_up - gain)
    if distance <= 0:
        return None
    challenger, champion = (float(values[chosen].std()) for chosen in (track.is_challenger, ~track.is_challenger))
    stake = largest_stake(float(values.mean()), share, (spec.low, spec.high))
    needed = units_to_show(distance, difference_variance(challenger, champion, share), track.alpha, most_stake=stake)
    return None if needed is None else max(1, needed - len(values))
