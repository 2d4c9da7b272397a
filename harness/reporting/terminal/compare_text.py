"""A comparison of two strategies in a terminal: the sentence that sums it up, a table of scores, what stands behind it."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.reporting.terminal.console import UNLIMITED, print_table, print_text
from harness.reporting.views.comparison_view import ComparisonView, Side
from harness.reporting.wording import numbers
from harness.statistics import Comparison, examples_to_detect
from harness.text import one_line, short

_OUTPUT = 200  # characters of an output that is shown


def print_comparison(view: ComparisonView, console: Console) -> None:
    """Print it whole; tables are never cut in a file or a pipe."""
    for line in (title(view), conclusion(view), *details(view)):
        print_text(console, Text(one_line(line), style="bold" if line == title(view) else ""))
    print_text(console, Text(""))
    _print(console, _scores(view))
    if len(view.scores) > 2:
        print_text(console, Text("p of the scores below the first: corrected for their number (Benjamini–Hochberg)."))
    if view.slices:
        print_text(console, Text(f"\n{view.sliced} by {one_line(view.by, 60)}", style="bold"))
        _print(console, _slices(view))
        print_text(console, Text("p of the slices: corrected for their number (Benjamini–Hochberg)."))
    _print_changed(view, console)
    for warning in view.warnings:
        print_text(console, Text(one_line(f"Note: {warning}"), style="yellow"))


def print_summary(views: Sequence[ComparisonView], console: Console) -> None:
    """One best strategy (A of every view) against each of the others: a line each."""
    best = views[0]
    heading = f"{best.task} · {best.primary.name} · {numbers.plural(best.rows, 'test row')}: each against {best.a.label}, the best"
    print_text(console, Text(one_line(heading), style="bold"))
    seeded = any(view.over_seeds for view in views)
    columns = (*_DIFFERENCE, *(["with other seeds"] if seeded else []), "better/equal/worse", "not worse by Δ", "cost")
    table = _table(("strategy", *columns), texts=tuple(i for i, name in enumerate(("", *columns)) if name in ("", *_TEXTS)))
    table.add_row(
        short(best.a.label, 60), numbers.score(best.primary.a.value, best.primary.unit), *[""] * (len(columns) - 2), _cost(best.a)
    )
    for view in views:
        row = view.primary
        cells = [*_difference(row.found, row.unit, row.found.p_value)]
        if seeded:
            spread = view.over_seeds
            cells.append(numbers.signed_interval(spread.low, spread.high, row.unit) if spread else numbers.NOTHING)
        judged = view.not_worse.outcome if view.not_worse else numbers.NOTHING
        table.add_row(short(view.b.label, 60), numbers.score(row.b.value, row.unit), *cells, _counts(row.found), judged, _cost(view.b))
    _print(console, table)
    margin = numbers.margin(best.margin)
    for note in (
        f"Δ = {margin}. PASS: not worse than {best.a.label} by more than Δ (one-sided, 95 %). FAIL: worse by more. "
        "INCONCLUSIVE: neither is shown.",
        f"{best.a.label} was picked as the best on these same rows, so it may lead by less than it seems.",
        *_alone(views),
        *dict.fromkeys(warning for view in views for warning in view.warnings),
    ):
        print_text(console, Text(one_line(note)))


def _alone(views: Sequence[ComparisonView]) -> list[str]:
    sides = {side.label: side for view in views for side in (view.a, view.b)}
    alone = [label for label, side in sides.items() if side.trained and len(side.seeds) < 2]
    return [f"One training seed of {', '.join(alone)}: how much another seed would change this is not known."] if alone else []


def title(view: ComparisonView) -> str:
    """What is compared with what."""
    a, b = (_side(side, letter, view.a.run != view.b.run) for side, letter in ((view.a, "A"), (view.b, "B")))
    return f"{view.task} · {view.primary.name} · {numbers.plural(view.rows, 'test row')}: {b} against {a}"


def conclusion(view: ComparisonView) -> str:
    """What the primary score says about the two."""
    row = view.primary
    found, unit, b, a = row.found, row.unit, view.b.label, view.a.label
    if found.difference is None:
        return f"Nothing can be said: {row.name} has no value on any row of both."
    scores = f"{row.name} {numbers.score(row.b.value, unit)} against {numbers.score(row.a.value, unit)}"
    spread = numbers.signed_interval(found.low, found.high, unit)
    p_value = numbers.p_value(found.p_value)
    known = ", ".join(part for part in (f"95 % interval {spread}" if spread else "no interval", p_value) if part)
    apart = f"{scores}, a difference of {numbers.with_unit(numbers.signed(found.difference, unit), unit)} ({known})"
    within = ", but by less than the margin" if found.equivalent else ""
    said = {
        "better": f"{b} is better than {a}{within}: {apart}.",
        "worse": f"{b} is worse than {a}{within}: {apart}.",
        "different": f"{b} and {a} differ{within}: {apart}.",
        "tied": f"{b} and {a} are tied, within ±{numbers.margin(view.margin)}: {apart}.",
        "undecided": f"Whether {b} is better or worse than {a} is undecided: {apart}.",
    }
    return said[found.verdict]


def details(view: ComparisonView) -> list[str]:
    """What else a reader has to know, a sentence each."""
    return [line for line in (_not_worse(view), _detectable(view), *_seeds(view), _kept(view), *_reductions(view), _costs(view)) if line]


def _not_worse(view: ComparisonView) -> str:
    found, unit = view.not_worse, view.primary.unit
    if found is None or found.loss is None or found.most is None:
        return ""
    margin = numbers.margin(found.margin)
    limit = (
        f"worse by {numbers.score(found.most, unit)} at most"
        if found.most > 0
        else f"better by {numbers.score(-found.most, unit)} at least"
    )
    a, b = view.a.label, view.b.label
    said = {
        "PASS": f"PASS: {b} is not worse than {a} by more than Δ = {margin}; it is {limit}",
        "FAIL": f"FAIL: {b} is worse than {a} by more than Δ = {margin}",
        "INCONCLUSIVE": f"INCONCLUSIVE: that {b} is not worse than {a} by more than Δ = {margin} is not shown; it is {limit}",
    }
    doubt = "" if found.reliable else ", low confidence"
    rows = (
        f" About {numbers.about(found.examples_needed)} test rows would show it if the two were equally good."
        if found.examples_needed
        else ""
    )
    return f"{said[found.outcome]} (one-sided, 95 %{doubt}).{rows}"


def _detectable(view: ComparisonView) -> str:
    found, unit = view.primary.found, view.primary.unit
    if found.detectable is None:
        return ""
    said = f"With such rows a difference of {numbers.with_unit(numbers.score(found.detectable, unit), unit)} is found four times in five"
    if found.detectable <= view.margin:
        return said + "."
    rows = examples_to_detect(found.n, found.detectable, view.margin)
    return f"{said}; one as small as the margin, {numbers.margin(view.margin)}, takes about {numbers.about(rows)} rows."


def _seeds(view: ComparisonView) -> list[str]:
    spread, unit = view.over_seeds, view.primary.unit
    if spread is not None:
        interval = numbers.signed_interval(spread.low, spread.high, unit)
        share = numbers.percent(spread.seed_share, 1)
        doubt = " Two seeds say little about their spread." if min(len(s.seeds) for s in (view.a, view.b) if s.trained) == 2 else ""
        spread_of = f"95 %; {share} of its variance is the seeds'"
        return [f"Over other test rows and other training seeds, the average difference lies within {interval} ({spread_of}).{doubt}"]
    alone = [side.label for side in (view.a, view.b) if side.trained and len(side.seeds) < 2]
    return [f"One training seed of {' and of '.join(alone)}: how much another seed would change this is not known."] if alone else []


def _kept(view: ComparisonView) -> str:
    kept = view.kept
    if kept is None or kept.value is None or kept.low is None or kept.high is None:
        return ""
    spread = f"95 % interval {100 * kept.low:.0f} % to {100 * kept.high:.0f} %"
    doubt = "" if kept.reliable else ", low confidence"
    return f"Of what {view.a.label} gains over base, {view.b.label} keeps {100 * kept.value:.0f} % ({spread}{doubt})."


def _reductions(view: ComparisonView) -> list[str]:
    found = []
    for name, less in view.reductions.items():
        rates = f"{name}: {numbers.score(less.after, less.unit)} against {numbers.score(less.before, less.unit)}"
        if less.value is None or less.low is None or less.high is None:
            found.append(f"{rates}; A has too few to say by what share that is fewer or more.")
        else:
            doubt = "" if less.reliable else ", low confidence"
            spread = f"95 % interval {numbers.fewer(less.low)} to {numbers.fewer(less.high)}{doubt}"
            found.append(f"{rates}, {numbers.fewer(less.value)} ({spread}).")
    return found


def _costs(view: ComparisonView) -> str:
    """What one run of each took; of outputs that were made elsewhere only the price is known, where somebody said it."""
    a, b = view.a.costs, view.b.costs
    if a is None or b is None:
        return ""
    price = f"cost {_cost(view.b)} against {_cost(view.a)}"
    if not a.total_seconds or not b.total_seconds:
        return f"One run of B {price}: what was made elsewhere has the price of its outputs alone."
    took = f"{numbers.seconds(b.total_seconds)} against {numbers.seconds(a.total_seconds)} ({b.total_seconds / a.total_seconds:.1f} times)"
    return f"One run of B took {took}, and {price}."


_DIFFERENCE = ("score", "difference", "95 % interval", "p", "verdict")
_TEXTS = ("95 % interval", "verdict", "with other seeds", "better/equal/worse", "not worse by Δ")


def _scores(view: ComparisonView) -> Table:
    table = _table(("score", "rows", "A", "B", "B − A", "95 % interval", "p", "verdict", "better/equal/worse"), texts=(0, 5, 7, 8))
    for row in view.scores:
        p_value = row.found.p_value if row.adjusted is None else row.adjusted
        values = numbers.score(row.a.value, row.unit), numbers.score(row.b.value, row.unit)
        counts = _counts(row.found) if row.direction != "none" else numbers.NOTHING
        table.add_row(row.name, f"{row.found.n:,}", *values, *_difference(row.found, row.unit, p_value), counts)
    return table


def _slices(view: ComparisonView) -> Table:
    table = _table(("slice", "rows", "A", "B", "B − A", "95 % interval", "p", "verdict"), texts=(0, 5, 7))
    unit = next(row.unit for row in view.scores if row.name == view.sliced)
    for part in view.slices:
        values = numbers.score(part.a, unit), numbers.score(part.b, unit)
        table.add_row(short(part.name, 60), f"{part.rows:,}", *values, *_difference(part.found, unit, part.adjusted))
    return table


def _difference(found: Comparison, unit: str, p_value: float | None) -> tuple[str, str, str, str]:
    """Difference, interval, p, verdict. A verdict that would not stand the correction of p is none."""
    spread = numbers.signed_interval(found.low, found.high, unit)
    lost = found.verdict in ("better", "worse", "different") and p_value is not None and p_value >= 0.05
    verdict = ("undecided" if lost else found.verdict) + (" (low confidence)" if found.low is not None and not found.reliable else "")
    return numbers.signed(found.difference, unit), spread, numbers.p_value(p_value).removeprefix("p ").removeprefix("= "), verdict


def _counts(found: Comparison) -> str:
    return numbers.NOTHING if found.better is None else f"{found.better:,} / {found.equal:,} / {found.worse:,}"


def _print_changed(view: ComparisonView, console: Console) -> None:
    if not view.changed:
        return
    unit = next(row.unit for row in view.scores if row.name == view.changed_by)
    print_text(console, Text(f"\nThe examples that changed most, by {view.changed_by}", style="bold"))
    for each in view.changed:
        before, after = numbers.score(each.a, unit), numbers.score(each.b, unit)
        print_text(console, Text(f"{short(each.id, 60)}  {before} → {after}  {one_line(each.title, 100)}"))
        print_text(console, Text(f"    wanted  {one_line(each.references[0], _OUTPUT) if each.references else '(no answer)'}"))
        print_text(console, Text(f"    A       {one_line(each.output_a, _OUTPUT)}"))
        print_text(console, Text(f"    B       {one_line(each.output_b, _OUTPUT)}"))


def _side(side: Side, letter: str, with_run: bool) -> str:
    seeds = [numbers.plural(len(side.seeds), "seed")] if side.seeds else []
    return f"{side.label.removesuffix(f' ({letter})')} ({', '.join([letter, *seeds, *([side.run] if with_run else [])])})"


def _cost(side: Side) -> str:
    return numbers.money(side.costs.total_price, side.costs.currency) if side.costs else numbers.NOTHING


def _table(headings: Sequence[str], texts: Sequence[int]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    for i, heading in enumerate(headings):
        table.add_column(Text(heading), justify="left" if i in texts else "right", no_wrap=True, overflow="fold")
    return table


def _print(console: Console, table: Table) -> None:
    print_table(console, table, console.width if console.is_terminal else UNLIMITED)
