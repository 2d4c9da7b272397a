"""Records of Argilla 2 as `Dataset.records.to_json` writes them: `id`, `fields`, `metadata`, and `responses`, for each question a list of
values with the user who gave them. The file does not tell drafts from submitted answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.review.packets import Packet, list_questions
from harness.review.rater_files.argilla_writer import NO_KIND
from harness.review.rater_files.file_columns import COMMENT_TAG, CORRECTED_TAG, ITEM, KINDS_TAG, PACKET, RATER, get_tag
from harness.review.rater_files.returned_rows import ReturnedRow, quote, to_text, to_texts


def is_argilla_record(value: Any) -> bool:
    """Whether a JSON value is a record of Argilla."""
    return isinstance(value, Mapping) and isinstance(value.get("fields"), Mapping) and isinstance(value.get("responses"), Mapping)


def is_argilla_file(values: Sequence[Any]) -> bool:
    """Whether a list of JSON values is Argilla's: records, or what another version makes of the records of a review."""
    metadata = (value.get("metadata") for value in values if isinstance(value, Mapping))
    return any(map(is_argilla_record, values)) or any(isinstance(each, Mapping) and PACKET in each for each in metadata)


def group_argilla_answers(record: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The values of a record's answers by user and question.

    Raises:
        ValueError: the responses are not as Argilla writes them, or one user has answered a question twice.
    """
    answers: dict[str, dict[str, Any]] = {}
    for question, responses in record["responses"].items():
        if not isinstance(responses, list) or not all(isinstance(each, Mapping) for each in responses):
            raise ValueError(f"responses: those of '{str(question)[:80]}' must be a list of objects")
        for response in responses:
            user, value = str(response.get("user_id") or ""), response.get("value")
            if answers.setdefault(user, {}).setdefault(str(question), value) != value:
                raise ValueError(f"responses: one user has two different answers to '{str(question)[:80]}'")
    return answers


def read_argilla(name: str, records: Sequence[Any], packets: Mapping[str, Packet]) -> Iterator[ReturnedRow | str]:
    """One row for each user who answered a record; a text is the reason why a record cannot be read."""
    for number, record in enumerate(records, 1):
        if not is_argilla_record(record):
            yield f"record {number}: must be an object with 'fields' and 'responses', as dataset.records.to_json of Argilla 2 writes them"
            continue
        metadata = record.get("metadata")
        if not isinstance(metadata, Mapping) or not isinstance(metadata.get(PACKET), str):
            yield f"record {number}: its metadata have no '{PACKET}', so it is not a record of a review"
            continue
        try:
            by_user = group_argilla_answers(record)
        except ValueError as error:
            yield f"record {number}: {error}"
            continue
        for user, values in by_user.items():
            yield _read_row(f"{name}: record {number}", metadata, user, values, packets.get(metadata[PACKET].strip()))


def _read_row(place: str, metadata: Mapping[str, Any], user: str, values: Mapping[str, Any], packet: Packet | None) -> ReturnedRow:
    questions = [question.name for question in list_questions(packet)] if packet else []
    tags = {question: get_tag(question).lower() for question in questions}
    return ReturnedRow(
        place=place,
        item=to_text(metadata.get(ITEM)).strip(),
        packet=metadata[PACKET].strip(),
        rater=to_text(metadata.get(RATER)).strip(),
        answers={question: to_text(values.get(tag)).strip() for question, tag in tags.items()},
        kinds=tuple(kind for kind in to_texts(values.get(KINDS_TAG)) if kind != NO_KIND),
        corrected=to_text(values.get(CORRECTED_TAG)),
        comment=to_text(values.get(COMMENT_TAG)),
        person=("_".join(user.split()),) if user.strip() else (),
        problem=_find_problem(values, tags) if packet else None,
    )


def _find_problem(values: Mapping[str, Any], tags: Mapping[str, str]) -> str | None:
    """Why the answers of a user cannot be read, which must not look as if there were none."""
    for question, tag in tags.items():
        if isinstance(values.get(tag), Mapping | list):
            return f"{question}: the answer must be a text"
    given = [name for name, value in values.items() if value not in (None, "", [])]
    others = [name for name in given if name not in {*tags.values(), CORRECTED_TAG, COMMENT_TAG, KINDS_TAG}]
    if others and not any(tag in given for tag in tags.values()):
        return f"has an answer to '{quote(others[0])}', but none to a question of the packet: {', '.join(tags.values())}"
    return None
