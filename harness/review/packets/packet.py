"""Value types of a packet: what raters are asked, and the key that links each item to the strategies behind it.

Packet and key are stored in separate files. The key never leaves the run's folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from harness.types import ReviewSpec

FORMAT: Literal[2] = 2  # of packet.json, key.json and the records of imports; raise it when this version cannot read older ones
Mode = Literal["pairwise", "scales", "errors"]
MODES: tuple[Mode, ...] = ("pairwise", "scales", "errors")
PREFERENCES = ("A", "B", "tie", "both bad")
SEVERITIES = ("none", "minor", "critical")
ERROR_KINDS_QUESTION = "Which kinds of errors does it contain?"


@dataclass(frozen=True)
class ReviewItem:
    """One thing that one rater rates: the output, or the two outputs A and B, of one test example. `id` reveals neither."""

    id: str
    rater: str
    example: str


@dataclass(frozen=True)
class Packet:
    """What is asked of whom. `items` are in the order in which each rater sees them.

    `output_noun` is what raters' files call an output: "summary", "answer".
    """

    id: str
    run: str
    task: str
    mode: Mode
    created: str
    output_noun: str
    questions: ReviewSpec
    raters: tuple[str, ...]
    items: tuple[ReviewItem, ...]
    with_reference: bool
    format: Literal[2] = FORMAT


@dataclass(frozen=True)
class ItemKey:
    """The strategies behind an item, from left to right, and the id of the earlier item of the same rater that it repeats."""

    strategies: tuple[str, ...]
    repeats: str | None


@dataclass(frozen=True)
class Key:
    """What raters must not know.

    `items` is by item id. `cells` are the ids of the cells whose outputs are shown, by strategy. `inclusion_probabilities` are the
    probabilities, by test example, of being sampled out of the `population` test examples. `representative` says whether rates over
    the sampled examples estimate rates over all of them. `content_digest` covers all examples and outputs that are shown.
    """

    items: Mapping[str, ItemKey]
    cells: Mapping[str, str]
    inclusion_probabilities: Mapping[str, float]
    population: int
    sampling: str
    representative: bool
    content_digest: str


@dataclass(frozen=True)
class ReviewQuestion:
    """A question with a fixed list of answers. `name` is its column in raters' files."""

    name: str
    text: str
    answers: tuple[str, ...]


def list_questions(packet: Packet) -> tuple[ReviewQuestion, ...]:
    """The questions that every item of the packet asks, the same in every file format."""
    if packet.mode == "pairwise":
        return (ReviewQuestion("preference", packet.questions.preference, PREFERENCES),)
    if packet.mode == "errors":
        return (ReviewQuestion("severity", f"What is the most serious error in this {packet.output_noun}?", SEVERITIES),)
    return tuple(ReviewQuestion(scale.name, scale.question, scale.answers) for scale in packet.questions.scales)


def list_error_kinds(packet: Packet) -> tuple[str, ...]:
    """The kinds of errors that raters can mark; empty unless the packet asks about errors."""
    return packet.questions.errors if packet.mode == "errors" else ()
