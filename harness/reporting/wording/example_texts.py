"""Texts beside the test examples that can be read in the report."""

from __future__ import annotations

from collections.abc import Mapping

from harness.reporting.views import ScoreName
from harness.reporting.views.sections import ShownExample, ShownOutput
from harness.reporting.wording import numbers

NO_ANSWER = "(no answer)"
RIGHT, WRONG, NO_OUTPUT = "right", "wrong", "no output"

# Everything that report.js writes itself, by the names that it uses.
EXPLORER_TEXTS: Mapping[str, str] = {
    "all": "All examples",
    "wrong": "Wrong, or below the median of the strategy",
    "unsupported": "With statements that the input does not support",
    "disagree": "Where strategies disagree",
    "unsorted": "As in the data",
    "worst": "Worst score first",
    "best": "Best score first",
    "spread": "Largest disagreement first",
    "search": "Search",
    "search_hint": "in inputs, references and outputs",
    "strategy": "Strategy",
    "class": "Class",
    "all_classes": "All classes",
    "show": "Show",
    "order": "Order",
    "most": "Score at most",
    "differences": "Mark differences from the reference",
    "previous": "Previous",
    "next": "Next",
    "count": "{from}–{to} of {matching} examples ({all} on this page)",
    "none": "No examples match ({all} on this page).",
    "clear": "Clear filters",
    "reference": "Reference",
    "references": "References",
    "output": "Output",
    "no_answer": NO_ANSWER,
    "empty": "(empty)",
    "answer": "Scored answer: ",
    "reason": "Not in the input: ",
    "unsupported_mark": "not supported by the input",
}


def describe_mark(example: ShownExample, output: ShownOutput, score: ScoreName) -> str:
    """The score of an output in a word or two; empty where no single example has one."""
    if output.text is None:
        return NO_OUTPUT
    if example.label is not None:
        return RIGHT if output.score else WRONG
    return "" if output.score is None else f"{score.name} {numbers.score(output.score, score.unit)}"


def describe_answer(output: ShownOutput) -> str | None:
    """The answer that was scored, where it is not the output itself."""
    return NO_ANSWER if output.answer == "" else output.answer
