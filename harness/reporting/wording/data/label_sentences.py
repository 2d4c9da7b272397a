"""Sentences about rows to label: the page on which a person labels them, and what the commands report."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from harness.reporting.wording import numbers
from harness.reporting.wording.names import strategy_in_sentence

TITLE = "Rows to label"
PROGRESS = "Rows answered"
ROWS = "Rows"
WITHOUT_SCRIPT = "This page needs JavaScript, which is disabled. Enable it, or ask for the rows as a spreadsheet."
PRIVACY = (
    "This page works offline and sends nothing. Your answers stay in this browser until you save them to a file. The texts may be "
    "confidential: do not pass the page on, and delete it when the answers are imported."
)
PAGE_WORDS = {
    "done": "answered",
    "complete": "All rows are answered. Save your answers.",
    "download": "Save my answers",
    "unsaved": "This browser does not save your answers. Save them to a file before you close the page.",
    "choose": "Which label is right?",
    "write": "The answer",
    "search": "Find a label",
    "unanswerable": "Cannot be answered",
    "keys": "Keyboard: 1, 2, 3, … choose a label · 0: cannot be answered · n or Enter: next · p: previous · u: next unanswered",
    "text_keys": "Keyboard: Ctrl+Enter in the text: next. Outside the text: 0: cannot be answered · n or Enter: next · p: previous · "
    "u: next unanswered",
}


def describe_label_file(path: Path, rows: int, pool: int, differing: int, strategies: Sequence[str], target: str) -> list[str]:
    """What was chosen for labelling, and what to do with it."""
    names = " and ".join(strategy_in_sentence(name) for name in strategies)
    chosen = f"{numbers.plural(rows, 'row')} of {pool:,} to label; the answers of {names} differ on {differing:,} of these {pool:,}."
    never = "Never test on these rows: they are no random sample."
    if path.suffix.lower() != ".html":
        return [chosen, f"Fill in the column '{target}', and add the file to the training data. {never}"]
    command = ["bench", "data", "label", str(path), "--labelled", f"{path.stem}.answers.json", "--out", "labelled.jsonl"]
    return [
        chosen,
        f"Open the page in a browser, label the rows, and save your answers. It holds every column of the rows. {never}",
        f"Then make training examples of the answers: {shlex.join(command)}",
    ]


def describe_labelled_rows(path: str, rows: int, unanswered: int, unanswerable: int, target: str) -> list[str]:
    """What the answers have made, and what was left out."""
    left = [
        text
        for text in (
            f"{numbers.plural(unanswered, 'row')} without an answer" if unanswered else "",
            f"{numbers.plural(unanswerable, 'row')} that cannot be answered" if unanswerable else "",
        )
        if text
    ]
    without = f" Left out: {' and '.join(left)}." if left else ""
    return [
        f"Wrote {numbers.plural(rows, 'row')} with labels in the column '{target}'.{without}",
        f"Train on them together with your other training data: --train OLD --train {shlex.quote(path)}. Never test on them: they are no "
        "random sample.",
    ]
