"""From events to units: one variant, one outcome each, final when the unit's window has closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.lifecycle.experiments.event_file import EventLog, UserEvent
from harness.lifecycle.experiments.experiment_file import Experiment, VariantName
from harness.lifecycle.experiments.variant_hash import pick_variant

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class UnitResult:
    """A unit that counts.

    Attributes:
        first: the time of its first event, seconds since 1970.
        closed: when its window closes, and its outcomes are final.
        outcomes: the mean of each outcome over the events of the window; without those that were never recorded.
    """

    unit: str
    variant: VariantName
    first: float
    closed: float
    outcomes: Mapping[str, float]


@dataclass(frozen=True)
class UnitCounts:
    """What was left out, and why.

    Attributes:
        units: in the file.
        in_both: units with events of both variants within their window.
        contradicted: units whose variant is another than their hash gives, as (unit, variant in the events), the first five.
        contradicted_count: how many those are.
        open: units whose window has not closed.
        late: events after the window of their unit.
    """

    units: int
    in_both: int
    contradicted: tuple[tuple[str, VariantName], ...]
    contradicted_count: int
    open: int
    late: int

    @property
    def left_out(self) -> int:
        """Units that were not served as the experiment assigns them."""
        return self.in_both + self.contradicted_count


@dataclass
class _Unit:
    """A unit while its events are read."""

    first: UserEvent
    variants: set[VariantName]
    sums: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)


def collect_units(log: EventLog, experiment: Experiment) -> tuple[list[UnitResult], list[VariantName], UnitCounts]:
    """The units whose window has closed by the last event, in the order in which they closed.

    A unit that closed keeps its place and its outcomes when later events are added, so a later look continues the earlier ones.

    Returns:
        The units; the variant of every unit in the order of arrival, those left out included; and the counts.
    """
    window = experiment.window_days * DAY
    units: dict[str, _Unit] = {}
    late = 0
    for event in log.events:
        unit = units.get(event.unit)
        if unit is None:
            unit = units[event.unit] = _Unit(event, {event.variant})
        elif event.time - unit.first.time >= window:
            late += 1
            continue
        unit.variants.add(event.variant)
        for name, value in event.outcomes.items():
            unit.sums[name] = unit.sums.get(name, 0.0) + value
            unit.counts[name] = unit.counts.get(name, 0) + 1
    last = log.events[-1].time
    contradicted = _find_contradicted(units, experiment)
    wrong = {name for name, _ in contradicted}
    in_both = {name for name, unit in units.items() if len(unit.variants) > 1}
    usable = {name: unit for name, unit in units.items() if name not in wrong and name not in in_both}
    results = [
        UnitResult(name, unit.first.variant, unit.first.time, unit.first.time + window, _means(unit))
        for name, unit in usable.items()
        if unit.first.time + window <= last
    ]
    results.sort(key=lambda result: (result.closed, result.unit))
    counts = UnitCounts(len(units), len(in_both), tuple(contradicted[:5]), len(wrong), len(usable) - len(results), late)
    return results, [unit.first.variant for unit in units.values()], counts


def _find_contradicted(units: Mapping[str, _Unit], experiment: Experiment) -> Sequence[tuple[str, VariantName]]:
    """Units with events of one variant, which is not the one of their hash."""
    if experiment.assigned_by != "bench":
        return []
    single = ((name, unit.first.variant) for name, unit in units.items() if len(unit.variants) == 1)
    return [(name, variant) for name, variant in single if pick_variant(experiment, name) != variant]


def _means(unit: _Unit) -> dict[str, float]:
    return {name: total / unit.counts[name] for name, total in unit.sums.items()}
