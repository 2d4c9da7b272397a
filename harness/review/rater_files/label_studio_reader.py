"""Exports of Label Studio: JSON (tasks with annotations), JSON-MIN (one flat object per annotation) and CSV (one row per annotation)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.review.packets import Packet, list_questions
from harness.review.rater_files.file_columns import COMMENT_TAG, CORRECTED_TAG, ITEM, KINDS_TAG, PACKET, RATER, get_tag
from harness.review.rater_files.returned_rows import ReturnedRow, to_seconds, to_text, to_texts

_OWN_COLUMNS = ("annotation_id", "annotator", "lead_time")  # of its CSV, and of none of ours


def read_label_studio(name: str, tasks: Sequence[Any], packets: Mapping[str, Packet]) -> Iterator[ReturnedRow | str]:
    """The annotations of a JSON or JSON-MIN export; a text is the reason why a task cannot be read."""
    for number, task in enumerate(tasks, 1):
        if not isinstance(task, dict):
            yield f"task {number}: must be an object"
        elif isinstance(task.get("data"), dict):
            yield from _read_annotations(name, number, task, packets)
        elif isinstance(task.get(ITEM), str):
            values = {
                str(key).casefold(): json.dumps(value) if isinstance(value, dict | list) else to_text(value) for key, value in task.items()
            }
            packet = packets.get(values.get(PACKET, "").strip())
            yield read_flat_row(f"{name}: task {number}", {PACKET: ""} | values, packet)
        else:
            yield f"task {number}: has neither 'data' nor '{ITEM}', so it is not a task of a review"


def is_label_studio_table(columns: Mapping[str, str]) -> bool:
    """Whether a table has columns that only Label Studio writes."""
    return any(column in columns for column in _OWN_COLUMNS)


def list_missing_tags(questions: Sequence[str], columns: Mapping[str, str]) -> list[str]:
    """The questions that a flat export has no column for."""
    return [name for name in questions if name.casefold() not in columns and get_tag(name).casefold() not in columns]


def read_flat_row(place: str, values: Mapping[str, str], packet: Packet | None) -> ReturnedRow:
    """One annotation as a flat object, from JSON-MIN or CSV. Keys are in lower case."""
    questions = [question.name for question in list_questions(packet)] if packet else []
    return ReturnedRow(
        place=place,
        item=values[ITEM].strip(),
        packet=values[PACKET].strip(),
        rater=values.get(RATER, "").strip(),
        answers={name: values.get(name.casefold(), values.get(get_tag(name).casefold(), "")).strip() for name in questions},
        kinds=_parse_choices(values.get(KINDS_TAG, "")),
        corrected=values.get(CORRECTED_TAG, ""),
        comment=values.get(COMMENT_TAG, ""),
        seconds=to_seconds(values.get("lead_time")),
        answered_at=values.get("updated_at") or None,
        person=_identify_person(values.get("annotator")),
    )


def _read_annotations(name: str, number: int, task: Mapping[str, Any], packets: Mapping[str, Packet]) -> Iterator[ReturnedRow | str]:
    data, annotations = task["data"], task.get("annotations")
    if not isinstance(annotations, list):
        yield f"task {number}: has no annotations. Export the tasks as JSON."
        return
    packet = packets.get(to_text(data.get(PACKET)))
    for annotation in annotations:
        if not isinstance(annotation, dict) or annotation.get("was_cancelled") or not isinstance(annotation.get("result"), list):
            continue
        values = _read_result(annotation["result"])
        questions = [question.name for question in list_questions(packet)] if packet else []
        yield ReturnedRow(
            place=f"{name}: task {number}",
            item=to_text(data.get(ITEM)),
            packet=to_text(data.get(PACKET)),
            rater=to_text(data.get(RATER)),
            answers={question: " ".join(values.get(get_tag(question), ())) for question in questions},
            kinds=values.get(KINDS_TAG, ()),
            corrected="\n".join(values.get(CORRECTED_TAG, ())),
            comment="\n".join(values.get(COMMENT_TAG, ())),
            seconds=to_seconds(annotation.get("lead_time")),
            answered_at=to_text(annotation.get("updated_at") or annotation.get("created_at")) or None,
            person=_identify_person(annotation.get("completed_by")),
        )


def _read_result(parts: Sequence[Any]) -> dict[str, tuple[str, ...]]:
    """The values of an annotation by tag."""
    values: dict[str, tuple[str, ...]] = {}
    for part in parts:
        if isinstance(part, dict) and isinstance(part.get("value"), dict):
            value = part["value"]
            values[to_text(part.get("from_name"))] = to_texts(value.get("choices") or value.get("text"))
    return values


def _parse_choices(text: str) -> tuple[str, ...]:
    """Choices in one cell: a single one is plain text, several are {"choices": [...]} or [...]."""
    if not text.strip().startswith(("{", "[")):
        return (text.strip(),) if text.strip() else ()
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return (text.strip(),)
    return to_texts(value.get("choices") if isinstance(value, dict) else value)


def _identify_person(value: Any) -> tuple[str, ...]:
    """The ids of the person who annotated: a number or an address, or an object with both."""
    ids = [value.get("id"), value.get("email")] if isinstance(value, dict) else [value]
    return tuple("_".join(text.split()) for each in ids if (text := to_text(each)))
