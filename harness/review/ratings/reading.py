"""What comes back: the file that the page saves, spreadsheets, and what Label Studio exports, all as the same rows.

Nothing here is trusted: a file may be damaged, of another packet, or written by somebody who means harm. What is wrong with one row is said
of this row, and the others go on.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from harness.data.formats import BadRow, open_table
from harness.errors import BenchError, first_line
from harness.review.packets import COMMENT, CORRECTED, ITEM, KIND, PACKET, RATER, SEVERITY_KINDS, Packet, columns_of, tag_of
from harness.text import one_line

_LARGEST = 256 << 20
_TEXT_LIMIT = 1_000_000  # characters of a corrected text or a comment
_TABLES = (".csv", ".tsv", ".xlsx")
_MARKED = ("x", "yes", "true", "1", "ja", "wahr", "oui", "vrai", "sí", "✓", "✔")
_UNMARKED = ("", "no", "false", "0", "nein", "falsch", "non", "faux", "-")


@dataclass(frozen=True)
class Raw:
    """One row as it stands in a file: texts, not yet checked.

    `place` is how a message calls it; `person` is what whoever annotated in Label Studio is known by, an id and an address, where one
    rater's tasks may be done by several; `problem` is what was wrong already."""

    place: str
    item: str
    packet: str
    rater: str
    answers: Mapping[str, str] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()
    corrected: str = ""
    comment: str = ""
    seconds: float | None = None
    answered_at: str | None = None
    person: tuple[str, ...] = ()
    problem: str | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing was answered."""
        return not (any(self.answers.values()) or self.kinds or self.corrected.strip() or self.comment.strip())


@dataclass(frozen=True)
class Returned:
    """A file that came back: its rows, and those that could not even be read, each with the reason."""

    name: str
    sha256: str
    format: str
    rows: tuple[Raw, ...]
    refused: tuple[str, ...]


def read_returned(path: Path, packets: Sequence[Packet]) -> Returned:
    """The rows of a file that came back.

    Args:
        packets: those of the run: which columns to look for.

    Raises:
        BenchError: the file cannot be read, or is none of ours.
    """
    content = _content(path)
    digest = sha256(content).hexdigest()
    if path.suffix.lower() in _TABLES:
        with tempfile.TemporaryDirectory() as beside:
            return _table(_as_utf8(path, content, Path(beside)), digest, packets)
    try:
        value = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        what = "it is nested too deeply" if isinstance(error, RecursionError) else first_line(error)
        raise BenchError(f"{path.name}: is no JSON, and no {', '.join(_TABLES)} file: {what}") from None
    if isinstance(value, dict) and "bench_review" in value:
        return _page(path, digest, value)
    if isinstance(value, list):
        rows, refused = _divided(path.name, _label_studio(path.name, value, packets))
        return Returned(path.name, digest, "label-studio", rows, refused)
    raise BenchError(f"{path.name}: is neither a file that the page has saved nor an export of Label Studio (a list of tasks)")


def _content(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise BenchError(f"{path}: is a folder; name the files in it" if path.is_dir() else f"{path}: no such file")
        if path.stat().st_size > _LARGEST:
            raise BenchError(f"{path.name}: has {path.stat().st_size >> 20} MiB; ratings have {_LARGEST >> 20} at most")
        return path.read_bytes()
    except OSError as error:
        raise BenchError(f"{path}: cannot be read: {error.strerror}") from None


def _as_utf8(path: Path, content: bytes, beside: Path) -> Path:
    """The file, or a copy of it in UTF-8: what Excel calls CSV is in the encoding of an older Windows, and its Unicode text in UTF-16."""
    if path.suffix.lower() == ".xlsx":
        return path
    try:
        content.decode("utf-8")
        return path
    except UnicodeDecodeError:
        encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "cp1252"
    copy = beside / path.name
    copy.write_text(content.decode(encoding, "replace"), encoding="utf-8", newline="")
    return copy


def _divided(name: str, found: Iterator[Raw | str]) -> tuple[tuple[Raw, ...], tuple[str, ...]]:
    rows: list[Raw] = []
    refused: list[str] = []
    for each in found:
        if isinstance(each, Raw):
            rows.append(each)
        else:
            refused.append(f"{name}: {each}")
    return tuple(rows), tuple(refused)


def _table(path: Path, digest: str, packets: Sequence[Packet]) -> Returned:
    stream = open_table(path)
    rows: list[Raw] = []
    refused: list[str] = []
    for record in stream.rows():
        if isinstance(record, BadRow):
            refused.append(str(record))
            continue
        place = stream.place(record.line)
        values = {str(name).strip().casefold(): _text(value) for name, value in record.values.items()}
        if ITEM not in values or PACKET not in values:
            raise BenchError(f"{path.name}: has no columns '{ITEM}' and '{PACKET}': it is no file of a review")
        if not rows and (packet := _packet(packets, values[PACKET].strip())) is not None:
            refused += _lacking(path.name, packet, values)
        rows.append(_of_table(place, values, packets))
    return Returned(path.name, digest, path.suffix.lower().removeprefix("."), tuple(rows), tuple(refused))


def _lacking(file: str, packet: Packet, values: Mapping[str, str]) -> list[str]:
    """The columns of a packet that a table does not have; Label Studio leaves out what nobody filled in.

    Raises:
        BenchError: a question has no column: there is no answer in the whole file.
    """
    of_label_studio = "annotation_id" in values or "annotator" in values
    lost = [name for name in columns_of(packet) if name.casefold() not in values and tag_of(name).casefold() not in values]
    if lost:
        known = [name for name in values if not name.startswith(("input:", "text "))]
        raise BenchError(f"{file}: has no column '{lost[0]}', where the answers stand; its columns are {', '.join(map(shown, known))}")
    more = [*(f"{KIND}{name}" for name in (packet.questions.errors if packet.mode == "errors" else ())), CORRECTED, COMMENT]
    missing = [name for name in more if name.casefold() not in values and not of_label_studio]
    return [f"{file}: has no column '{name}': nothing of it was read" for name in missing]


def _of_table(place: str, values: Mapping[str, str], packets: Sequence[Packet]) -> Raw:
    """A row of ours, or of what Label Studio exports as CSV: there the questions are called as its tags."""
    packet = next((p for p in packets if p.id == values[PACKET].strip()), None)
    columns = columns_of(packet) if packet else {}
    answers = {name: values.get(name.casefold(), values.get(tag_of(name).casefold(), "")) for name in columns}
    marks = {name: values.get(f"{KIND}{name}".casefold(), "").strip().casefold() for name in (packet.questions.errors if packet else ())}
    odd = next(
        (f"{KIND}{name}: '{shown(mark)}' is neither x nor empty" for name, mark in marks.items() if mark not in (*_MARKED, *_UNMARKED)),
        None,
    )
    kinds = tuple(name for name, mark in marks.items() if mark in _MARKED)
    return Raw(
        problem=odd,
        person=_person(values.get("annotator")),
        place=place,
        item=values[ITEM].strip(),
        packet=values[PACKET].strip(),
        rater=values.get(RATER, "").strip(),
        answers={name: text.strip() for name, text in answers.items()},
        kinds=kinds or _choices(values.get(SEVERITY_KINDS, "")),
        corrected=values.get(CORRECTED, values.get("corrected", "")),
        comment=values.get(COMMENT, ""),
        seconds=_seconds(values.get("lead_time")),
        answered_at=values.get("updated_at") or None,
    )


def _choices(text: str) -> tuple[str, ...]:
    """One choice as it is, several as Label Studio writes them into a cell: {"choices": [...]} or [...]."""
    if not text.strip().startswith(("{", "[")):
        return (text.strip(),) if text.strip() else ()
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return (text.strip(),)
    return _strings(value.get("choices") if isinstance(value, dict) else value)


def _page(path: Path, digest: str, value: Mapping[str, Any]) -> Returned:
    if value.get("bench_review") != 1:
        version = shown(str(value.get("bench_review")))
        raise BenchError(f"{path.name}: was saved by another version of the page ({version}); this one reads 1")
    ratings = value.get("ratings")
    if not isinstance(ratings, list):
        raise BenchError(f"{path.name}: 'ratings' should be a list, not {type(ratings).__name__}")
    packet, rater = _text(value.get("packet")), _text(value.get("rater"))
    rows, refused = _divided(path.name, _of_page(ratings, packet, rater, path.name))
    return Returned(path.name, digest, "html", rows, refused)


def _of_page(ratings: Sequence[Any], packet: str, rater: str, name: str) -> Iterator[Raw | str]:
    for number, rating in enumerate(ratings, 1):
        if not isinstance(rating, dict) or not isinstance(rating.get("answers"), dict):
            yield f"rating {number}: should be an object with 'item' and 'answers'"
            continue
        odd = next((q for q, answer in rating["answers"].items() if not isinstance(answer, str | None)), None)
        yield Raw(
            problem=f"{shown(str(odd))}: the answer should be a text" if odd is not None else None,
            place=f"{name}: rating {number}",
            item=_text(rating.get("item")),
            packet=packet,
            rater=rater,
            answers={str(question): "?" if question == odd else _text(answer) for question, answer in rating["answers"].items()},
            kinds=_strings(rating.get("kinds")),
            corrected=_text(rating.get("corrected")),
            comment=_text(rating.get("comment")),
            seconds=_seconds(rating.get("seconds")),
            answered_at=_text(rating.get("answered_at")) or None,
        )


def _label_studio(name: str, tasks: Sequence[Any], packets: Sequence[Packet]) -> Iterator[Raw | str]:
    """Its JSON (tasks with annotations) and its JSON_MIN (a flat object an annotation)."""
    for number, task in enumerate(tasks, 1):
        if not isinstance(task, dict):
            yield f"task {number}: should be an object"
        elif isinstance(task.get("data"), dict):
            yield from _annotations(f"{name}: task {number}", task, packets)
        elif isinstance(task.get("item"), str):
            yield _of_minimal(f"{name}: task {number}", task, packets)
        else:
            yield f"task {number}: has neither 'data' nor 'item': it is of another project"


def _annotations(place: str, task: Mapping[str, Any], packets: Sequence[Packet]) -> Iterator[Raw | str]:
    data, annotations = task["data"], task.get("annotations")
    if not isinstance(annotations, list):
        yield f"{place.split(': ', 1)[1]}: has no annotations: export the tasks as JSON"
        return
    kept = [a for a in annotations if isinstance(a, dict) and not a.get("was_cancelled") and isinstance(a.get("result"), list)]
    for annotation in kept:
        found: dict[str, tuple[str, ...]] = {}
        for part in annotation["result"]:
            if isinstance(part, dict) and isinstance(part.get("value"), dict):
                value = part["value"]
                found[_text(part.get("from_name"))] = _strings(value.get("choices") or value.get("text"))
        own = _packet(packets, _text(data.get(PACKET)))
        yield Raw(
            place=place,
            item=_text(data.get(ITEM)),
            packet=_text(data.get(PACKET)),
            rater=_text(data.get(RATER)),
            person=_person(annotation.get("completed_by")),
            answers={question: " ".join(found.get(tag_of(question), ())) for question in (columns_of(own) if own else {})},
            kinds=found.get(SEVERITY_KINDS, ()),
            corrected="\n".join(found.get("corrected", ())),
            comment="\n".join(found.get("comment", ())),
            seconds=_seconds(annotation.get("lead_time")),
            answered_at=_text(annotation.get("updated_at") or annotation.get("created_at")) or None,
        )


def _of_minimal(place: str, task: Mapping[str, Any], packets: Sequence[Packet]) -> Raw:
    values = {
        str(name).casefold(): _text(value) if not isinstance(value, dict | list) else json.dumps(value) for name, value in task.items()
    }
    return _of_table(place, {PACKET: "", RATER: ""} | values, packets)


def _packet(packets: Sequence[Packet], id_: str) -> Packet | None:
    return next((packet for packet in packets if packet.id == id_), None)


def _person(value: Any) -> tuple[str, ...]:
    """What whoever annotated is known by: a number, or an object with a number and an address."""
    found = [value.get("id"), value.get("email")] if isinstance(value, dict) else [value]
    return tuple("_".join(text.split()) for each in found if (text := _text(each)))


def _text(value: Any) -> str:
    if value is None or isinstance(value, dict | list):
        return ""
    return str(value)[:_TEXT_LIMIT]


def _strings(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value[:_TEXT_LIMIT],)
    return tuple(_text(each) for each in value) if isinstance(value, list) else ()


def _seconds(value: Any) -> float | None:
    """A time that a person can have taken; anything else is not known."""
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return seconds if math.isfinite(seconds) and 0 <= seconds < 86_400 * 7 else None


def shown(text: str) -> str:
    """A value in a message."""
    return one_line(text, 60)
