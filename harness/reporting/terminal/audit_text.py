"""An audit in a terminal: for each task the result, the promises, and what such a test set can decide."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from harness.reporting.terminal.console import build_table, print_table, print_text, table_width
from harness.reporting.views import RunAudit, TaskAudit
from harness.reporting.wording import audit_sentences
from harness.text import one_line


def print_audit(audit: RunAudit, console: Console) -> None:
    """Print the audit of a run; in a file or a pipe no table is cut."""
    for number, task in enumerate(audit.tasks):
        if number:
            print_text(console, Text(""))
        _print_task(task, console)


def _print_task(task: TaskAudit, console: Console) -> None:
    print_text(console, Text(one_line(audit_sentences.describe_task(task)), style="bold"))
    if task.audit is None:
        return
    summary = audit_sentences.summarize_audit(task.audit)
    for line in (summary.setting, summary.headline):
        print_text(console, Text(one_line(line)))
    if task.audit.checks:
        print_text(console, Text(""))
        promises = audit_sentences.build_promise_table(task.audit)
        print_table(console, build_table(promises, table_width(console)), table_width(console))
        print_text(console, Text(one_line(promises.under, 400)))
        print_text(console, Text(""))
    for line in filter(None, (summary.choices, *audit_sentences.list_skipped(task.audit))):
        print_text(console, Text(one_line(line, 400)))
