"""What to ship, how sure that is, and what it keeps of full fine-tuning at what cost: `analysis.recommend` in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.analysis import Candidate, Recommendation, recommend, seed_spread
from harness.reporting import numbers
from harness.reporting.against_full import against_full_of, costs_by_label
from harness.reporting.view import AgainstFull, Line
from harness.results import cells_of, done_cells
from harness.results.rows import TaskRows
from harness.store import Run

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Advice:
    """The recommendation; its candidates are called by their labels. The first sentence says what to ship."""

    found: Recommendation
    against_full: tuple[AgainstFull, ...]
    sentences: tuple[str, ...]


def advice_of(run: Run, rows: TaskRows, lines: Sequence[Line]) -> Advice | None:
    """The advice on one task; None where fewer than two strategies have a score, or no score is better than another."""
    primary, scored = rows.primary, [ln for ln in lines if ln.primary and ln.primary.value is not None]
    if primary is None or primary.direction == "none" or len(scored) < 2:
        return None
    cells = {ln.label: done_cells(run, cells_of(run, rows.task.name, ln)) for ln in scored}
    stacks = dict(zip(cells, rows.stacks(primary, list(cells.values())), strict=True))
    found = recommend(stacks, costs_by_label(scored), metric=primary, margin=rows.task.margin, groups=rows.groups)
    if found is None:
        return None
    against_full = against_full_of(run, rows, scored)
    drawn = {label: not run.plan.strategy_of(own[0]).deterministic for label, own in cells.items()}
    seeds = _other_seeds(rows, drawn, stacks, found)
    return Advice(found, against_full, tuple(_sentences(rows, scored, found, against_full, seeds)))


def _other_seeds(rows: TaskRows, drawn: Mapping[str, bool], stacks: Mapping[str, Array], found: Recommendation) -> str:
    """What other seeds may do to the choice: the most that it may then be worse than the best of the others. `drawn` tells, in the order
    of the scores, which strategies depend on a seed: those that are trained, or show examples that are drawn."""
    counts = {label: stacks[label].shape[1] for label, depends in drawn.items() if depends}
    once = [label for label, count in counts.items() if count < 2]
    if found.choice is None or rows.primary is None or not counts:
        return ""
    if once:
        ran = "ran with one seed" if len(once) == 1 else "ran with one seed each"
        return f"{_listed(once)} {ran}: how much another would change the choice is not known."
    sides = next(label for label in drawn if label != found.choice), found.choice
    rival, depend = sides[0], (drawn[sides[0]], drawn[sides[1]])
    two_stacks = [stacks[label] for label in sides]
    spread = seed_spread(*two_stacks, metric=rows.primary, drawn=depend, groups=rows.groups, confidence=1 - 2 * found.alpha)
    if spread is None:
        return ""
    most = spread.high if rows.primary.direction == "lower" else -spread.low
    two = " Two seeds say little about their spread." if min(counts.values()) == 2 else ""
    if most < found.margin:
        return f"With other seeds of training counted as well, {found.choice} is not worse than {rival} by more than Δ (95 %).{two}"
    worse = numbers.with_unit(numbers.score(most, rows.primary.unit), rows.primary.unit)
    doubt = "With other seeds of training counted as well, there is room for doubt"
    return f"{doubt}: {found.choice} may be worse than {rival} by up to {worse} (95 %).{two}"


def _sentences(rows: TaskRows, lines: Sequence[Line], found: Recommendation, against_full: Sequence[AgainstFull], seeds: str) -> list[str]:
    unit, name = rows.primary.unit if rows.primary else "", rows.task.primary
    margin = f"(Δ\u00a0=\u00a0{numbers.margin(found.margin)} on {name})"  # one that no line break tears apart
    by_label = {ln.label: ln for ln in lines}
    if found.choice is None:
        said = [_nothing_shown(found, margin), *_until_then(found, by_label, unit)]
    else:
        said = [_choice(found, by_label[found.choice], margin), _how_sure(found, bool(seeds)), *([seeds] if seeds else [])]
        cheaper = [c for c in found.candidates if c.standing == "undecided" and _cheaper(c, found.of(found.choice))]
        if cheaper:
            said.append(f"{_cheaper_ones(cheaper)}{_rows_that_decide(cheaper)}.")
    said.append(_standings(found))
    return [*said, *(_kept(each) for each in against_full if each.kept.value is not None)]


def _how_sure(found: Recommendation, seeded: bool) -> str:
    """What the confidence of the choice means, and what it is not about."""
    if found.rough:
        return "How sure: not well known. The test rows are too few, or too uneven, for the methods to be trusted."
    return (
        f"How sure: were these same models tested on other rows drawn alike, one that is worse than the best by more than Δ would be "
        f"recommended in at most {100 * found.alpha:g} of 100 such tests.{' Other seeds of training are not counted.' if seeded else ''}"
    )


def _until_then(found: Recommendation, by_label: Mapping[str, Line], unit: str) -> list[str]:
    """What whoever cannot wait for more rows may take, and what that may cost."""
    left = [c for c in found.candidates if c.standing == "undecided" and c.least is not None]
    if not left:
        return []
    known = [c for c in left if c.cost is not None]
    taken = min(known, key=lambda c: c.cost or 0.0) if known else found.of(found.best)
    which = f"the cheapest{_price(by_label[taken.name])}" if known else "the best on these rows"
    if taken.least is None:
        return []
    most = numbers.with_unit(numbers.score(-taken.least, unit), unit)
    return [f"Until then: of the undecided, {taken.name} is {which}, and worse than the best by {most} at most (95 %)."]


def _price(ln: Line) -> str:
    return f", at {numbers.money(ln.costs.total_price, ln.costs.currency)} a run" if ln.costs and ln.costs.total_price is not None else ""


def _choice(found: Recommendation, ln: Line, margin: str) -> str:
    costs = _price(ln)
    within = f"not worse than the best by more than the accepted margin {margin}"
    if ln.is_base:
        return f"Ship {ln.label}, the model as it is: it is {within}{costs}."
    if sum(c.standing == "within" for c in found.candidates) > 1:
        return f"Ship {ln.label}: the {'cheapest' if ln.costs else 'best'} strategy that is {within}{costs}."
    return f"Ship {ln.label}: the only strategy that is shown to be {within}{costs}."


def _nothing_shown(found: Recommendation, margin: str) -> str:
    undecided = [c for c in found.candidates if c.standing == "undecided" and c.name != found.best]
    rivals = _listed([c.name for c in undecided])
    said = (
        f"Nothing is proven: no strategy is shown to be within the accepted margin of the best {margin}. {found.best} has the best score; "
    )
    return f"{said}whether {rivals} {'is' if len(undecided) == 1 else 'are'} as good is undecided{_rows_that_decide(undecided)}."


def _cheaper(one: Candidate, other: Candidate) -> bool:
    return one.cost is not None and (other.cost is None or one.cost < other.cost)


def _cheaper_ones(cheaper: Sequence[Candidate]) -> str:
    names = _listed([c.name for c in cheaper])
    return f"{names} {'is' if len(cheaper) == 1 else 'are'} cheaper, and whether as good is undecided"


def _rows_that_decide(candidates: Sequence[Candidate]) -> str:
    """The rows for the one that takes the most of them."""
    needed = [c.rows_needed for c in candidates if c.rows_needed is not None]
    if not needed:
        return ""
    return f": about {numbers.about(max(needed))} test rows would decide, if {'they are' if len(candidates) > 1 else 'it is'}"


def _standings(found: Recommendation) -> str:
    words = {"within": "Within Δ of the best", "undecided": "Undecided", "worse": "Worse by more than Δ"}
    parts = [(word, [c.name for c in found.candidates if c.standing == standing]) for standing, word in words.items()]
    return " ".join(f"{word}: {', '.join(names)}." for word, names in parts if names)


def _kept(each: AgainstFull) -> str:
    kept = each.kept
    assert kept.value is not None and kept.low is not None and kept.high is not None  # whoever calls has looked
    cost = f", at {100 * each.cost:.0f} % of its cost" if each.cost is not None else ""
    spread = f"95 % interval {100 * kept.low:.0f} % to {100 * kept.high:.0f} %"
    return f"{each.label} keeps {100 * kept.value:.0f} % of what full gains over base ({spread}){cost}."


def _listed(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
