"""Findings of reviews in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from harness.reporting.terminal.console import build_table, print_table, print_text, table_width
from harness.reporting.wording import combined_wording, review_sentences, review_tables
from harness.review import Findings
from harness.text import one_line


def print_findings(packets: Sequence[Findings], console: Console) -> None:
    """Print the sentences and tables of each packet."""
    width = table_width(console)
    for findings in packets:
        title = f"{findings.packet} · {findings.task} · {findings.mode} · {review_sentences.progress(findings)}"
        print_text(console, Text(one_line(title), style="bold"))
        about_scores = (combined_wording.describe_help(findings), review_sentences.agreeing_scores(findings))
        about_review = (*review_sentences.caveats(findings), *review_sentences.about_raters(findings))
        for sentence in filter(None, (review_sentences.headline(findings), *about_review, *about_scores)):
            print_text(console, Text(one_line(sentence)))
        for table in (*review_tables.list_results(findings), *review_tables.list_details(findings)):
            print_text(console, Text(f"\n{table.title}", style="bold"))
            print_table(console, build_table(table, width), width)
            if table.under:
                print_text(console, Text(table.under, style="dim"))
        print_text(console, Text(f"\n{review_sentences.contents(findings)}\n"))
