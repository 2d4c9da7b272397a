"""A comparison of two strategies in a terminal: the conclusion, a table of scores, and the details."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.reporting.terminal.console import UNLIMITED, print_table, print_text
from harness.reporting.views.comparison import ComparisonView
from harness.reporting.wording import comparison_sentences as sentences
from harness.reporting.wording import headings, numbers
from harness.statistics import Comparison
from harness.text import one_line, short

_OUTPUT = 200  # characters of an output that are shown


def print_comparison(view: ComparisonView, console: Console) -> None:
    """Print a comparison whole; in a file or a pipe no table is cut."""
    print_text(console, Text(one_line(sentences.describe_pair(view)), style="bold"))
    for line in (sentences.describe_conclusion(view), *sentences.list_details(view)):
        print_text(console, Text(one_line(line)))
    print_text(console, Text(""))
    _print(console, _scores(view))
    if len(view.scores) > 2:
        print_text(console, Text(sentences.CORRECTED_SCORES))
    if view.unchecked:
        print_text(console, Text(sentences.note_unchecked(view.unchecked)))
    if view.slices:
        print_text(console, Text(f"\n{sentences.describe_slices(view)}", style="bold"))
        _print(console, _slices(view))
        print_text(console, Text(sentences.CORRECTED_SLICES))
    compared = [*(score.comparison for score in view.scores), *(part.comparison for part in view.slices)]
    if any(map(_is_doubtful, compared)):
        print_text(console, Text(headings.LOW_CONFIDENCE_NOTE))
    _print_changed(view, console)
    for warning in sentences.list_warnings(view):
        print_text(console, Text(one_line(sentences.format_warning(warning)), style="yellow"))


def print_ranking(views: Sequence[ComparisonView], console: Console) -> None:
    """Print one best strategy (A of every view) and its comparison with each of the others, one line each."""
    best, names = views[0], headings.TERMINAL_HEADINGS
    print_text(console, Text(one_line(sentences.describe_ranking(best)), style="bold"))
    seeded = any(view.over_seeds for view in views)
    columns = [
        names["strategy"],
        names["score"],
        names["difference"],
        headings.CONFIDENCE_INTERVAL,
        names["p"],
        names["verdict"],
        *([names["over_seeds"]] if seeded else []),
        names["counts"],
        names["not_worse"],
        names["cost"],
    ]
    texts = (names["strategy"], headings.CONFIDENCE_INTERVAL, names["verdict"], names["over_seeds"], names["counts"], names["not_worse"])
    table = _table(columns, texts)
    own = numbers.score(best.primary.a.value, best.primary.unit)
    table.add_row(short(best.a.label, 60), own, *[""] * (len(columns) - 3), sentences.format_cost(best.a))
    for view in views:
        score = view.primary
        cells = [*_difference(score.comparison, score.unit, score.comparison.p_value)]
        if seeded:
            spread = view.over_seeds
            cells.append(numbers.signed_interval(spread.low, spread.high, score.unit) if spread else numbers.NOTHING)
        cells.append(sentences.format_counts(score.comparison))
        cells.append(view.not_worse.outcome if view.not_worse else numbers.NOTHING)
        table.add_row(short(view.b.label, 60), numbers.score(score.b.value, score.unit), *cells, sentences.format_cost(view.b))
    _print(console, table)
    for note in sentences.list_ranking_notes(views):
        print_text(console, Text(one_line(note)))


def _scores(view: ComparisonView) -> Table:
    names = headings.TERMINAL_HEADINGS
    texts = (names["score"], headings.CONFIDENCE_INTERVAL, names["verdict"], names["counts"])
    columns = (
        names["score"],
        names["examples"],
        "A",
        "B",
        "B − A",
        headings.CONFIDENCE_INTERVAL,
        names["p"],
        names["verdict"],
        names["counts"],
    )
    table = _table(columns, texts)
    for score in view.scores:
        p_value = score.comparison.p_value if score.adjusted is None else score.adjusted
        values = numbers.score(score.a.value, score.unit), numbers.score(score.b.value, score.unit)
        counts = sentences.format_counts(score.comparison) if score.direction != "none" else numbers.NOTHING
        table.add_row(score.name, f"{score.comparison.n:,}", *values, *_difference(score.comparison, score.unit, p_value), counts)
    return table


def _slices(view: ComparisonView) -> Table:
    names, unit = headings.TERMINAL_HEADINGS, view.unit_of(view.sliced)
    columns = (names["slice"], names["examples"], "A", "B", "B − A", headings.CONFIDENCE_INTERVAL, names["p"], names["verdict"])
    table = _table(columns, (names["slice"], headings.CONFIDENCE_INTERVAL, names["verdict"]))
    for part in view.slices:
        values = numbers.score(part.a, unit), numbers.score(part.b, unit)
        table.add_row(short(part.name, 60), f"{part.examples:,}", *values, *_difference(part.comparison, unit, part.adjusted))
    return table


def _difference(comparison: Comparison, unit: str, p_value: float | None) -> tuple[str, str, str, str]:
    """Difference, interval, p, verdict."""
    interval = numbers.signed_interval(comparison.low, comparison.high, unit)
    p_text = numbers.bare_p_value(p_value) if p_value is not None else ""
    return numbers.signed(comparison.difference, unit), interval, p_text, sentences.format_verdict(comparison, p_value)


def _is_doubtful(comparison: Comparison) -> bool:
    return comparison.low is not None and not comparison.reliable


def _print_changed(view: ComparisonView, console: Console) -> None:
    if not view.changed:
        return
    unit = view.unit_of(view.changed_by)
    print_text(console, Text(f"\n{sentences.describe_changes(view)}", style="bold"))
    width = len(sentences.REFERENCE)
    for example in view.changed:
        before, after = numbers.score(example.a, unit), numbers.score(example.b, unit)
        reference = one_line(example.references[0], _OUTPUT) if example.references else sentences.NO_ANSWER
        texts = (sentences.REFERENCE, reference), ("A", one_line(example.output_a, _OUTPUT)), ("B", one_line(example.output_b, _OUTPUT))
        print_text(console, Text(f"{short(example.id, 60)}  {before} → {after}  {one_line(example.title, 100)}"))
        for name, text in texts:
            print_text(console, Text(f"    {name:<{width}}  {text}"))


def _table(headings: Sequence[str], texts: Sequence[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    for heading in headings:
        table.add_column(Text(heading), justify="left" if heading in texts else "right", no_wrap=True, overflow="fold")
    return table


def _print(console: Console, table: Table) -> None:
    print_table(console, table, console.width if console.is_terminal else UNLIMITED)
