"""Texts beside the test examples that can be read in the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.metrics import UnsupportedPiece
from harness.reporting.views import ScoreName
from harness.reporting.views.sections import ShownExample, ShownOutput
from harness.reporting.wording import numbers

NO_ANSWER = "(no answer)"
RIGHT, WRONG, NO_OUTPUT = "right", "wrong", "no output"

# Everything that report.js writes itself, by the names that it uses.
EXPLORER_TEXTS: Mapping[str, str] = {
    "all": "All examples",
    "wrong": "Wrong, or below the median of the strategy",
    "critical": "With a critical error",
    "regression": "Worse than the untuned model",
    "unsupported": "With content that is not in the input",
    "number": "With a number that is not in the input",
    "name": "With a name that is not in the input",
    "negation": "With a reversed negation",
    "person": "With something said or done by another person",
    "disagree": "Where strategies disagree",
    "unsorted": "As in the data",
    "worst": "Worst score first",
    "best": "Best score first",
    "spread": "Largest disagreement first",
    "search": "Search",
    "search_hint": "in inputs, references and outputs",
    "strategy": "Strategy",
    "compare": "Outputs of",
    "every": "every strategy",
    "versus": "{a} and {b}, side by side",
    "keys": "Keys: j opens the next example, k the previous one.",
    "link": "Link to this example",
    "critical_flag": "critical error",
    "tag": "unsupported: ",
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
    "copied": "Copied",
    "reference": "Reference",
    "references": "References",
    "output": "Output",
    "no_answer": NO_ANSWER,
    "empty": "(empty)",
    "answer": "Scored answer: ",
    "reason": "Not in the input: ",
    "unsupported_mark": "has content that is not in the input",
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


def describe_unsupported(pieces: Sequence[UnsupportedPiece]) -> str:
    """What a sentence states without support: "number 40 mg; “Lisbon” (name)"."""
    return "; ".join(_describe_piece(piece) for piece in pieces)


def _describe_piece(piece: UnsupportedPiece) -> str:
    if piece.kind == "number":
        return f"number {piece.text}"
    if piece.kind == "negation":
        return f"the input says the opposite about “{piece.text}”"
    if piece.kind == "person":
        return f"“{piece.text}”: the input attributes this to another person"
    return f"{piece.kind} “{piece.text}”"
