"""Value types of a packet: what raters are asked, and the key that links each item to the strategies behind it.

Packet and key are stored in separate files. The key never leaves the run's folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from harness.types import ReviewSpec

FORMAT: Literal[2] = 2  # of packet.json, key.json and the records of imports; raise it when this version cannot read older ones
Mode = Literal["pairwise", "scales", "errors"]
MODES: tuple[Mode, ...] = ("pairwise", "scales", "errors")
PREFERENCES = ("A", "B", "tie", "both bad")
SEVERITIES = ("none", "minor", "critical")
NO_ERROR = ("severity", "none")  # the question and its answer that excludes every kind of error
ERROR_KINDS_QUESTION = "Which kinds of errors does it contain?"


@dataclass(frozen=True)
class ReviewItem:
    """One thing that one rater rates: the output, or the two outputs A and B, of one test example."""

    id: str
    """Unique within the run; it reveals neither the example nor the strategies."""
    rater: str
    example: str
    """Empty for a check item, whose texts are in the key."""


@dataclass(frozen=True)
class Adjudication:
    """That a packet settles the disagreements of another one."""

    packet: str
    """The id of the packet whose raters disagree."""
    more_than: int
    """Answers on a scale that differ by more than so many steps disagree."""
    earlier_answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By item id, what the raters answered, without their names; empty if the adjudicator does not see it."""


@dataclass(frozen=True)
class Packet:
    """What is asked of whom."""

    id: str
    run: str
    task: str
    mode: Mode
    created: str
    """ISO 8601 in UTC."""
    output_noun: str
    """What raters' files call an output: "summary", "answer"."""
    questions: ReviewSpec
    raters: tuple[str, ...]
    items: tuple[ReviewItem, ...]
    """In the order in which each rater sees them, repeated items included."""
    with_reference: bool
    anonymized: bool = False
    """Whether raters have received surrogates instead of identifiers of people."""
    adjudicates: Adjudication | None = None
    """Whose disagreements it settles; None for a packet of its own."""
    format: Literal[2] = FORMAT

    @property
    def shows_ratings(self) -> bool:
        """Whether it shows what raters answered before."""
        return self.adjudicates is not None and bool(self.adjudicates.earlier_answers)


@dataclass(frozen=True)
class ItemKey:
    """What is behind an item."""

    strategies: tuple[str, ...]
    """From left to right."""
    repeats: str | None
    """The id of the same rater's earlier item that this one repeats."""


@dataclass(frozen=True)
class CheckItem:
    """An item whose right answers are known. It shows how careful a rater is, and never counts as a result."""

    kind: Literal["gold", "attention"]
    """From a file of the user, or made from references."""
    inputs: Mapping[str, str]
    references: tuple[str, ...]
    outputs: tuple[str, ...]
    """From left to right."""
    accepted: Mapping[str, tuple[str, ...]]
    """By question, the answers that are right."""


@dataclass(frozen=True)
class Key:
    """What raters must not know."""

    items: Mapping[str, ItemKey]
    """By item id."""
    cells: Mapping[str, str]
    """The ids of the cells whose outputs are shown, by strategy."""
    inclusion_probabilities: Mapping[str, float]
    """By test example, the probability of being in the packet."""
    population: int
    """The number of test examples that were sampled from."""
    sampling: str
    """The sampling method, as it was requested."""
    representative: bool
    """Whether rates over the sampled examples estimate rates over all test examples."""
    content_digest: str
    """A hash of all examples and outputs that are shown."""
    checks: Mapping[str, CheckItem] = field(default_factory=dict)
    """By item id, the items whose right answers are known; they are not in `items`."""


@dataclass(frozen=True)
class ReviewQuestion:
    """A question with a fixed list of answers."""

    name: str
    """Its column in raters' files."""
    text: str
    answers: tuple[str, ...]


def list_questions(packet: Packet) -> tuple[ReviewQuestion, ...]:
    """The questions that every item of the packet asks, the same in every file format."""
    return list_questions_of(packet.mode, packet.questions, packet.output_noun)


def list_questions_of(mode: Mode, questions: ReviewSpec, output_noun: str) -> tuple[ReviewQuestion, ...]:
    """The questions of a packet with this mode."""
    if mode == "pairwise":
        return (ReviewQuestion("preference", questions.preference, PREFERENCES),)
    if mode == "errors":
        return (ReviewQuestion("severity", f"What is the most serious error in this {output_noun}?", SEVERITIES),)
    return tuple(ReviewQuestion(scale.name, scale.question, scale.answers) for scale in questions.scales)


def explain_severities(packet: Packet) -> str:
    """What the severities mean; empty unless the packet asks about errors."""
    if packet.mode != "errors":
        return ""
    return f"An error is critical if it {packet.questions.critical.rstrip('.')}. Every other error is minor."


def list_error_kinds(packet: Packet) -> tuple[str, ...]:
    """The kinds of errors that raters can mark; empty unless the packet asks about errors."""
    return packet.questions.errors if packet.mode == "errors" else ()
