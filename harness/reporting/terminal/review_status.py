"""Who rated what and what it says: in the terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.reporting.terminal.console import UNLIMITED, print_table, print_text
from harness.reporting.wording import numbers, review_words
from harness.review import Findings
from harness.store import to_jsonable
from harness.text import one_line


def print_findings(every: Sequence[Findings], console: Console) -> None:
    """A block a packet."""
    width = console.width if console.is_terminal else UNLIMITED
    for found in every:
        rows = f"{numbers.count(found.rated_examples)} of {numbers.plural(found.sampled_examples, 'row')} judged"
        title = f"{found.packet} · {found.task} · {found.mode} · {rows}, {found.rated_items:,} of {found.items:,} judgements"
        print_text(console, Text(one_line(title), style="bold"))
        print_text(console, Text(one_line(review_words.headline(found))))
        for sentence in review_words.limits(found):
            print_text(console, Text(one_line(sentence)))
        for given in (*review_words.results(found), *review_words.backing(found)):
            print_text(console, Text(f"\n{given.title}", style="bold"))
            table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
            for name, numeric in zip(given.columns, given.numeric, strict=True):
                table.add_column(Text(one_line(name, 60)), justify="right" if numeric else "left", no_wrap=True, overflow="fold")
            for row in given.rows:
                table.add_row(*(Text(one_line(cell, 200)) for cell in row))
            print_table(console, table, width)
        said = [numbers.plural(found.corrections, "corrected text"), numbers.plural(found.comments, "comment")]
        said += [f"{numbers.plural(found.replaced_ratings, 'answer')} replaced by a later one"] if found.replaced_ratings else []
        print_text(console, Text(f"{', '.join(said)}.\n"))


def findings_to_json(every: Sequence[Findings]) -> dict[str, Any]:
    """`{"packets": [...]}`: every number of the findings; one that does not exist is null, never NaN."""
    return {"packets": [to_jsonable(asdict(found)) for found in every]}
