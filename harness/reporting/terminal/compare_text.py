"""A comparison of two strategies in a terminal: the conclusion, a table of scores, and the details."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from harness.reporting.terminal.console import print_table, print_text, table_width
from harness.reporting.terminal.fitted_table import Column, fit_table
from harness.reporting.views.comparison import ComparisonView
from harness.reporting.wording import comparison_sentences as sentences
from harness.reporting.wording import headings, names, numbers
from harness.statistics import Comparison
from harness.text import one_line, short

_OUTPUT = 200  # characters of an output that are shown
_NAME, _VERDICT = 20, 10  # characters to which names and verdicts are narrowed where there is no room


def print_comparison(view: ComparisonView, console: Console, width: int | None = None) -> None:
    """Print a comparison whole.

    Args:
        width: of tables, in characters; by default that of the terminal, and as much as they need in a file or a pipe.
    """
    width = table_width(console, width)
    print_text(console, Text(one_line(sentences.describe_pair(view)), style="bold"))
    for line in (sentences.describe_conclusion(view), *sentences.list_details(view)):
        print_text(console, Text(one_line(line)))
    print_text(console, Text(""))
    print_table(console, fit_table(_score_columns(view), width), width)
    if len(view.scores) > 2:
        print_text(console, Text(sentences.CORRECTED_SCORES))
    if view.unchecked:
        print_text(console, Text(sentences.note_unchecked(view.unchecked)))
    if view.slices:
        print_text(console, Text(f"\n{sentences.describe_slices(view)}", style="bold"))
        print_table(console, fit_table(_slice_columns(view), width), width)
        print_text(console, Text(sentences.CORRECTED_SLICES))
    compared = [*(score.comparison for score in view.scores), *(part.comparison for part in view.slices)]
    if any(map(_is_doubtful, compared)):
        print_text(console, Text(headings.LOW_CONFIDENCE_NOTE))
    _print_changed(view, console)
    for warning in sentences.list_warnings(view):
        print_text(console, Text(one_line(sentences.format_warning(warning)), style="yellow"))


def print_ranking(views: Sequence[ComparisonView], console: Console, width: int | None = None) -> None:
    """Print one best strategy (A of every view) and its comparison with each of the others, one line each.

    Args:
        width: of the table, in characters; by default that of the terminal, and as much as it needs in a file or a pipe.
    """
    width = table_width(console, width)
    print_text(console, Text(one_line(sentences.describe_ranking(views[0])), style="bold"))
    print_table(console, fit_table(_ranking_columns(views), width), width)
    for note in sentences.list_ranking_notes(views):
        print_text(console, Text(one_line(note)))


def _ranking_columns(views: Sequence[ComparisonView]) -> list[Column]:
    """The best strategy in the first row, which nothing is compared with, and the others below it."""
    best, titles, unit = views[0], headings.TERMINAL_HEADINGS, views[0].primary.unit
    labels = [short(best.a.label, 60), *(short(view.b.label, 60) for view in views)]
    scores = [numbers.score(best.primary.a.value, unit), *(numbers.score(view.primary.b.value, unit) for view in views)]
    rows = [_difference(view.primary.comparison, unit, view.primary.comparison.p_value) for view in views]
    difference, interval, p_value, verdict = (("", *texts) for texts in zip(*rows, strict=True))
    over_seeds = [numbers.signed_interval(v.over_seeds.low, v.over_seeds.high, unit) if v.over_seeds else numbers.NOTHING for v in views]
    seeded = [Column(titles["over_seeds"], ("", *over_seeds), 5, is_number=False)] if any(view.over_seeds for view in views) else []
    return [
        Column(titles["strategy"], tuple(labels), is_number=False, narrowest=_NAME),
        Column(titles["score"], tuple(scores)),
        Column(titles["difference"], difference),
        Column(headings.CONFIDENCE_INTERVAL, interval, 1, is_number=False),
        Column(titles["p"], p_value, 4),
        Column(titles["verdict"], verdict, is_number=False, narrowest=_VERDICT),
        *seeded,
        Column(titles["counts"], ("", *(sentences.format_counts(view.primary.comparison) for view in views)), 6, is_number=False),
        Column(
            titles["not_worse"],
            ("", *(view.not_worse.outcome if view.not_worse else numbers.NOTHING for view in views)),
            2,
            is_number=False,
            narrowest=len("INCONCLUSIVE"),
        ),
        Column(titles["cost"], tuple(sentences.format_cost(side) for side in (best.a, *(view.b for view in views))), 3),
    ]


def _score_columns(view: ComparisonView) -> list[Column]:
    titles = headings.TERMINAL_HEADINGS
    rows = []
    for score in view.scores:
        p_value = score.comparison.p_value if score.adjusted is None else score.adjusted
        values = numbers.score(score.a.value, score.unit), numbers.score(score.b.value, score.unit)
        changes = sentences.format_counts(score.comparison) if score.direction != "none" else numbers.NOTHING
        difference = _difference(score.comparison, score.unit, p_value)
        rows.append((names.full_score_name(score.name), f"{score.comparison.n:,}", *values, *difference, changes))
    name, examples, a, b, *compared, counts = zip(*rows, strict=True)
    return [
        Column(titles["score"], name, is_number=False, narrowest=_NAME),
        Column(titles["examples"], examples, 2),
        *_compared_columns(a, b, *compared),
        Column(titles["counts"], counts, 3, is_number=False),
    ]


def _slice_columns(view: ComparisonView) -> list[Column]:
    titles, unit = headings.TERMINAL_HEADINGS, view.unit_of(view.sliced)
    rows = [(numbers.score(p.a, unit), numbers.score(p.b, unit), *_difference(p.comparison, unit, p.adjusted)) for p in view.slices]
    return [
        Column(titles["slice"], tuple(short(part.name, 60) for part in view.slices), is_number=False, narrowest=_NAME),
        Column(titles["examples"], tuple(f"{part.examples:,}" for part in view.slices), 2),
        *_compared_columns(*zip(*rows, strict=True)),
    ]


def _compared_columns(a: tuple[str, ...], b: tuple[str, ...], *difference: tuple[str, ...]) -> list[Column]:
    """The columns of two values and what `_difference` says about them."""
    amounts, intervals, p_values, verdicts = difference
    return [
        Column("A", a),
        Column("B", b),
        Column("B − A", amounts),
        Column(headings.CONFIDENCE_INTERVAL, intervals, is_number=False),
        Column(headings.TERMINAL_HEADINGS["p"], p_values, 1),
        Column(headings.TERMINAL_HEADINGS["verdict"], verdicts, is_number=False, narrowest=_VERDICT),
    ]


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
