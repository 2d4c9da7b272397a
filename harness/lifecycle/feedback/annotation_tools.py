"""Exports of annotation tools as flat rows: Label Studio's JSON and Argilla's JSON.

Label Studio (labelstud.io/guide/task_format): each task has `data`, with the columns of the row, and `annotations`, one for each person,
whose `result` has the answers by `from_name`. Argilla 2 (`dataset.records.to_json`): each record has `id`, `fields`, `metadata`, and
`responses`, for each question the values by user.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.review import group_argilla_answers

_SECONDS_A_MINUTE = 60.0


def is_label_studio(values: Mapping[str, Any]) -> bool:
    """Whether a row is a task of Label Studio."""
    return isinstance(values.get("data"), Mapping) and isinstance(values.get("annotations"), list)


def flatten_label_studio(task: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """One row for each annotation of a task: the columns of `data`, the answers by their names, and who, when and how long.

    The id is that in `data`, not the number that Label Studio gives its tasks. What was skipped gives no row.

    Raises:
        ValueError: an annotation is not as Label Studio writes it.
    """
    data = dict(task["data"])
    for annotation in task["annotations"]:
        if not isinstance(annotation, Mapping) or not isinstance(annotation.get("result"), list):
            raise ValueError("annotations: each must be an object with the list 'result'")
        if annotation.get("was_cancelled"):
            continue
        row = {**data, **_read_result(annotation["result"])}
        row.setdefault("user", _name_person(annotation.get("completed_by")))
        row.setdefault("time", annotation.get("updated_at") or annotation.get("created_at"))
        seconds = annotation.get("lead_time")
        if isinstance(seconds, int | float) and not isinstance(seconds, bool):
            row.setdefault("minutes", seconds / _SECONDS_A_MINUTE)
        yield row


def flatten_argilla(record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """One row for each user who has answered a record: its fields and metadata, the user's answers by question, and the id.

    Raises:
        ValueError: the responses are not as Argilla writes them.
    """
    columns = {**record["fields"], **(record["metadata"] if isinstance(record.get("metadata"), Mapping) else {}), "id": record.get("id")}
    for user, values in group_argilla_answers(record).items():
        yield {"user": user, **columns, **values}


def _read_result(parts: list[Any]) -> dict[str, Any]:
    """The answers of an annotation by the name of their control: a choice, a text, a number or a rating."""
    answers = {}
    for part in parts:
        if not isinstance(part, Mapping) or not isinstance(part.get("value"), Mapping):
            raise ValueError("result: each part must be an object with the object 'value'")
        value = part["value"]
        kinds = [value[kind] for kind in ("choices", "text", "rating", "number") if kind in value]
        if kinds and isinstance(part.get("from_name"), str):
            answers[part["from_name"]] = "\n".join(map(str, kinds[0])) if isinstance(kinds[0], list) else kinds[0]
    return answers


def _name_person(value: Any) -> str | None:
    """The id of the person who annotated: a number or an address, or an object with both."""
    if isinstance(value, Mapping):
        value = value.get("id") or value.get("email")
    return str(value) if isinstance(value, int | str) else None
