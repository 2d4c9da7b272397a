"""What to ship, how sure that is, and what it keeps of full fine-tuning at what cost: `analysis.recommend` in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.reporting.views.against_full import against_full_of
from harness.reporting.views.view import AgainstFull
from harness.reporting.wording import numbers
from harness.results import StrategyResult, TaskResults, costs_of_use
from harness.statistics import Candidate, Recommendation, recommend, seed_spread

Array: TypeAlias = NDArray[np.float64]

_MOST_NAMES = 4  # of strategies in a sentence


@dataclass(frozen=True)
class Advice:
    """The recommendation; its candidates are called by their labels. The first sentence says what to ship."""

    found: Recommendation
    against_full: tuple[AgainstFull, ...]
    sentences: tuple[str, ...]


def advice_of(rows: TaskResults) -> Advice | None:
    """The advice on one task; None where fewer than two strategies have a score, or no score is better than another."""
    primary, scored = rows.primary, rows.scored
    if primary is None or primary.direction == "none" or len(scored) < 2:
        return None
    stacks = dict(zip((ln.label for ln in scored), rows.stacks(primary, [ln.done for ln in scored]), strict=True))
    costs = costs_of_use({ln.label: ln.costs for ln in scored})
    found = recommend(stacks, costs, metric=primary, margin=rows.task.margin, groups=rows.groups)
    if found is None:
        return None
    against_full = against_full_of(rows)
    seeds = _other_seeds(rows, {ln.label: ln.varies_by_seed for ln in scored}, stacks, found)
    return Advice(found, against_full, tuple(_sentences(rows, scored, found, against_full, seeds)))


def _other_seeds(rows: TaskResults, drawn: Mapping[str, bool], stacks: Mapping[str, Array], found: Recommendation) -> str:
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
    spread = seed_spread(*two_stacks, metric=rows.primary, varies_by_seed=depend, groups=rows.groups, confidence=1 - 2 * found.alpha)
    if spread is None:
        return ""
    most = spread.high if rows.primary.direction == "lower" else -spread.low
    two = " Two seeds say little about their spread." if min(counts.values()) == 2 else ""
    if most < found.margin:
        return f"With other seeds of training counted as well, {found.choice} is not worse than {rival} by more than Δ (95 %).{two}"
    worse = numbers.with_unit(numbers.score(most, rows.primary.unit), rows.primary.unit)
    doubt = "With other seeds of training counted as well, there is room for doubt"
    return f"{doubt}: {found.choice} may be worse than {rival} by up to {worse} (95 %).{two}"


def _sentences(
    rows: TaskResults, lines: Sequence[StrategyResult], found: Recommendation, against_full: Sequence[AgainstFull], seeds: str
) -> list[str]:
    unit, name = rows.primary.unit if rows.primary else "", rows.task.primary
    margin = f"(Δ\u00a0=\u00a0{numbers.margin(found.margin)} on {name})"  # one that no line break tears apart
    by_label = {ln.label: ln for ln in lines}
    if found.choice is None:
        said = [_nothing_shown(found, margin), _until_then(found, by_label, unit)]
    else:
        said = [_choice(found, by_label[found.choice], margin, name), _how_sure(found, bool(seeds)), *([seeds] if seeds else [])]
        cheaper = [c for c in found.candidates if c.standing == "undecided" and _cheaper(c, found.candidate(found.choice))]
        if cheaper:
            said.append(f"{_cheaper_ones(cheaper)}{_rows_that_decide(cheaper)}.")
    said.append(_standings(found))
    return [*said, *(_kept(each) for each in against_full if each.kept.value is not None)]


def _choice(found: Recommendation, ln: StrategyResult, margin: str, name: str) -> str:
    takes, none_better = _it_takes(ln), f"no other strategy is better by more than the accepted margin {margin}."
    least = found.candidate(ln.label).least
    if ln.is_base:
        return f"Ship {ln.label}, the model as it is: {none_better}{takes}"
    if sum(c.standing == "within" for c in found.candidates) > 1:
        which = "cheapest" if found.candidate(ln.label).cost is not None else "best"
        return f"Ship {ln.label}, the {which} that is good enough: {none_better}{takes}"
    if least is not None and least > 0:
        others = "the other" if len(found.candidates) == 2 else "every other"
        return f"Ship {ln.label}: on {name} it is shown to be better than {others}.{takes}"
    return f"Ship {ln.label}: {'it has the best score, and ' if ln.label == found.best else ''}{none_better}{takes}"


def _how_sure(found: Recommendation, seeded: bool) -> str:
    """What the confidence of the choice means, and what it is not about."""
    if not found.reliable:
        return "How sure: that is not well known. The test rows are too few, or too uneven, for the methods to be trusted."
    return (
        f"How sure: on other test rows drawn alike, one that another beats by more than Δ would be recommended at most "
        f"{100 * found.alpha:g} times in 100.{' Other seeds of training are not counted.' if seeded else ''}"
    )


def _nothing_shown(found: Recommendation, margin: str) -> str:
    """That these rows do not tell what to ship, who is out all the same, and how many rows would tell."""
    left = [c for c in found.candidates if c.standing == "undecided"]
    out = [c.name for c in found.candidates if c.standing == "worse"]
    of_them = f" between {_listed([c.name for c in left], 3)}" if out and len(left) > 1 else ""
    shown = f"that any is better, or as good within the accepted margin {margin}"
    show = f"compared all together, these {found.n:,} test rows do not show {shown}"
    ruled_out = f" {_listed(out, 3)} {'is' if len(out) == 1 else 'are'} shown to be worse." if out else ""
    return f"Nothing is proven{of_them}: {show}{_rows_that_decide([c for c in left if c.name != found.best])}.{ruled_out}"


def _until_then(found: Recommendation, by_label: Mapping[str, StrategyResult], unit: str) -> str:
    """What whoever cannot wait for more rows may take: of what scored best, or within Δ of it, the cheapest. And what that may cost."""
    near = [c for c in found.candidates if c.standing == "undecided" and (c.name == found.best or (c.lead or 0.0) >= -found.margin)]
    taken = min((c for c in near if c.cost is not None), key=lambda c: c.cost or 0.0, default=found.candidate(found.best))
    best = taken.name == found.best
    why = "which scored best on these rows" if best else f"which scored within Δ of {found.best} on these rows, for less"
    said = f"If you must choose now: {taken.name}, {why}.{_it_takes(by_label[taken.name])}"
    if not found.reliable or taken.least is None:
        return f"{said} How much better another may be is not well known: the rows are too few, or too uneven."
    most = numbers.with_unit(numbers.score(-taken.least, unit), unit)
    return f"{said} Another may be better by up to {most} (95 %)."


def _it_takes(ln: StrategyResult) -> str:
    """A sentence with what training costs, and a thousand answers, as the table beside it has them."""
    if ln.costs is None:
        return ""
    costs = [(ln.costs.training_price or None, "to train"), (ln.costs.thousand_price, "for 1,000 answers")]
    said = [f"{numbers.money(price, ln.costs.currency)} {what}" for price, what in costs if price is not None]
    return f" It takes {' and '.join(said)}." if said else ""


def _cheaper(one: Candidate, other: Candidate) -> bool:
    return one.cost is not None and (other.cost is None or one.cost < other.cost)


def _cheaper_ones(cheaper: Sequence[Candidate]) -> str:
    names = _listed([c.name for c in cheaper])
    return f"{names} {'is' if len(cheaper) == 1 else 'are'} cheaper, and these rows cannot tell whether as good"


def _rows_that_decide(candidates: Sequence[Candidate]) -> str:
    """The rows that would show it, of the one that takes the most of them."""
    needed = [c.examples_needed for c in candidates if c.examples_needed is not None]
    if not needed:
        return ""
    return f"; about {numbers.about(max(needed))} would, if they are equally good"


def _standings(found: Recommendation) -> str:
    words = {"within": "Within Δ of the best", "undecided": "Cannot tell", "worse": "Worse by more than Δ"}
    parts = [(word, [c.name for c in found.candidates if c.standing == standing]) for standing, word in words.items()]
    return " ".join(f"{word}: {_listed(names)}." for word, names in parts if names)


def _kept(each: AgainstFull) -> str:
    kept = each.kept
    assert kept.value is not None and kept.low is not None and kept.high is not None  # whoever calls has looked
    cost = f", at {numbers.share(each.cost)} of its cost" if each.cost is not None else ""
    spread = f"95 % interval {numbers.share(kept.low)} to {numbers.share(kept.high)}"
    return f"{each.label} keeps {numbers.share(kept.value)} of what full gains over base ({spread}){cost}."


def _listed(names: Sequence[str], most: int = _MOST_NAMES) -> str:
    """Names as a sentence has them; of many the first, and how many more there are."""
    if len(names) > most + 1:
        return f"{', '.join(names[:most])} and {len(names) - most} others"
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
