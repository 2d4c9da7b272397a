"""A check of data in a terminal: a summary, and each finding with what to do about it."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from harness.data.checks import DataCheck
from harness.reporting.terminal.console import print_text
from harness.reporting.wording import check_fixes, check_sentences, finding_sentences
from harness.text import one_line, wrap_words
from harness.types import DataFinding, FlaggedRow

_EXAMPLES = 2  # rows of a finding: the page has more
_WIDTH = 80
_STYLES = {"spoils": "bold red", "warns": "bold yellow", "notes": "bold"}


def print_check(check: DataCheck, console: Console) -> None:
    """Print what was checked and what was found, the most serious first."""
    width = min(console.width, 100) if console.is_terminal else _WIDTH
    print_text(console, Text(one_line(f"{check_sentences.TITLE}: {check.name}", 200), style="bold"))
    for line in (check_sentences.describe_rows(check), check_sentences.describe_columns(check)):
        _print_wrapped(console, one_line(line, 600), width, "  ")
    for finding in check.findings:
        print_text(console, Text(""))
        _print_finding(finding, check, console, width)
    print_text(console, Text(""))
    print_text(console, Text(check_sentences.describe_summary(check), style="bold"))


def _print_finding(finding: DataFinding, check: DataCheck, console: Console, width: int) -> None:
    heading = Text(f"{check_sentences.SEVERITIES[finding.severity]}: ", style=_STYLES[finding.severity])
    heading.append(check_sentences.title(finding), style="bold")
    print_text(console, heading)
    _print_wrapped(console, one_line(finding_sentences.describe(finding), 800), width, "  ")
    for row in finding.rows[:_EXAMPLES]:
        _print_wrapped(console, f"- {_describe_row(row)}", width, "  ", "    ")
    fix = check_fixes.find_fix(finding, check)
    _print_wrapped(console, f"→ {one_line(fix.advice, 400)}", width, "  ", "    ")
    for line in filter(None, (fix.yaml, fix.command)):
        print_text(console, Text(f"    {one_line(line)}"))


def _describe_row(row: FlaggedRow) -> str:
    """A row on one line: its name, the start of its text, and what is about it."""
    parts = [check_sentences.name_row(row.row)]
    parts += [f"“{one_line(row.excerpt, 60)}”"] if row.excerpt else []
    if row.value and row.expected:
        parts.append(f"{one_line(row.value, 50)} / {one_line(row.expected, 50)}")
    elif row.value:
        parts.append(one_line(row.value, 90))
    if row.other:
        similarity = f" ({row.score:.2f})" if row.score is not None else ""
        parts.append(f"like {check_sentences.name_row(row.other)}{similarity}")
    return one_line(", ".join(parts), 400)


def _print_wrapped(console: Console, text: str, width: int, indent: str, further: str | None = None) -> None:
    lines = wrap_words(text, width, first=indent, further=indent if further is None else further)
    print_text(console, Text("\n".join(lines)))
