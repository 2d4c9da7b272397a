"""A packet: what raters are asked, and the key that tells which strategy stood where. The two lie apart, and the key is never sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from harness.errors import BenchError
from harness.store import PacketFolder
from harness.types import ReviewSpec

Mode = Literal["pairwise", "scales", "errors"]
MODES: tuple[Mode, ...] = ("pairwise", "scales", "errors")
PREFERENCES = ("A", "B", "tie", "both bad")
SEVERITIES = ("none", "minor", "critical")
FORMAT = 1


@dataclass(frozen=True)
class Judgement:
    """One thing that one rater is asked: the output, or the two outputs A and B, of one test row. `id` tells nothing about either."""

    id: str
    rater: str
    example: str


@dataclass(frozen=True)
class Packet:
    """What is asked of whom. `judgements` are in the order in which each rater sees them."""

    id: str
    run: str
    task: str
    mode: Mode
    created: str
    questions: ReviewSpec
    raters: tuple[str, ...]
    judgements: tuple[Judgement, ...]
    with_reference: bool


@dataclass(frozen=True)
class Shown:
    """What stood behind one judgement: the strategies from left to right, and which judgement of the same rater it repeats."""

    sides: tuple[str, ...]
    repeats: str | None


@dataclass(frozen=True)
class Key:
    """What raters must not know.

    `cells` are the cells whose outputs were shown, by strategy; `chances` the chance with which each test row came into the packet;
    `sampling` says how, and `generalises` whether rates over these rows say something about all test rows. `content` is a digest of
    all rows and outputs that are shown.
    """

    shown: Mapping[str, Shown]
    cells: Mapping[str, str]
    chances: Mapping[str, float]
    population: int
    sampling: str
    generalises: bool
    content: str


def store(folder: PacketFolder, packet: Packet, key: Key) -> None:
    """Write both."""
    asked = asdict(packet) | {"format": FORMAT, "questions": packet.questions.model_dump(mode="json")}
    folder.write(asked, asdict(key))


def load(folder: PacketFolder) -> tuple[Packet, Key]:
    """Read both.

    Raises:
        BenchError: a file is missing or damaged, or of another format.
    """
    asked, hidden = folder.packet(), folder.key()
    if asked.pop("format", None) != FORMAT:
        raise BenchError(f"{folder.path / 'packet.json'}: is in another format; this version reads format {FORMAT}")
    try:
        packet = Packet(
            **asked
            | {
                "questions": ReviewSpec.model_validate(asked["questions"]),
                "raters": tuple(asked["raters"]),
                "judgements": tuple(Judgement(**each) for each in asked["judgements"]),
            }
        )
        shown = {name: Shown(tuple(each["sides"]), each["repeats"]) for name, each in hidden["shown"].items()}
        key = Key(**hidden | {"shown": shown})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BenchError(f"{folder.path}: the packet is damaged ({type(error).__name__}: {error})") from None
    lacking = [j.id for j in packet.judgements if j.id not in key.shown or j.example not in key.chances]
    if lacking:
        raise BenchError(f"{folder.path / 'key.json'}: is of another packet: it does not know {lacking[0]}")
    return packet, key


def columns_of(packet: Packet) -> dict[str, tuple[str, ...]]:
    """The questions of a mode as columns with the answers that each takes, in every format the same names."""
    if packet.mode == "pairwise":
        return {"preference": PREFERENCES}
    if packet.mode == "errors":
        return {"severity": SEVERITIES}
    return {scale.name: scale.answers for scale in packet.questions.scales}
