"""A packet for Argilla 2: records (`Dataset.records.from_json`), and the settings of their dataset (`Settings.from_json`)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from harness.review.packets import ERROR_KINDS_QUESTION, ItemTexts, Packet, explain_severities, list_error_kinds, list_questions
from harness.review.rater_files.file_columns import (
    COMMENT_TAG,
    CORRECTED_TAG,
    EARLIER_TAG,
    EARLIER_TITLE,
    ITEM,
    KINDS_TAG,
    PACKET,
    RATER,
    REFERENCE,
    get_tag,
)
from harness.review.rater_files.labelling_fields import join_inputs, list_output_fields
from harness.text import visible

NO_KIND = "none of these"  # a second option, which Argilla asks for where there is one kind of error
_EMPTY = "(empty)"


def render_records(packet: Packet, rater: str, items: Sequence[ItemTexts]) -> str:
    """The records as a JSON list. What an item is travels as its metadata and as the record's id."""
    records = []
    for item in items:
        fields = {"input": join_inputs(item) or _EMPTY}
        fields |= {REFERENCE: visible("\n\n".join(item.references)) or _EMPTY} if packet.with_reference else {}
        fields |= {name: visible(text) or _EMPTY for name, text in zip(list_output_fields(packet), item.outputs, strict=True)}
        fields |= {EARLIER_TAG: visible("\n".join(item.earlier_answers))} if packet.shows_ratings else {}
        metadata = {ITEM: item.id, PACKET: packet.id, RATER: rater}
        records.append({"id": item.id, "fields": fields, "metadata": metadata, "suggestions": {}, "responses": {}, "vectors": {}})
    return json.dumps(records, indent=1, ensure_ascii=False) + "\n"


def render_settings(packet: Packet) -> str:
    """The fields and questions of the dataset, with the packet's instructions as its guidelines."""
    outputs = list_output_fields(packet)
    fields = [_describe_field("input", "Input")]
    fields += [_describe_field(REFERENCE, "Reference")] if packet.with_reference else []
    fields += [_describe_field(name, packet.output_noun.capitalize() if len(outputs) == 1 else name.upper()) for name in outputs]
    fields += [_describe_field(EARLIER_TAG, EARLIER_TITLE)] if packet.shows_ratings else []
    questions = [_describe_choice(get_tag(q.name).lower(), q.text, q.answers, "label_selection") for q in list_questions(packet)]
    if kinds := list_error_kinds(packet):
        options = kinds if len(kinds) > 1 else (*kinds, NO_KIND)
        questions.append(_describe_choice(KINDS_TAG, ERROR_KINDS_QUESTION, options, "multi_label_selection", required=False))
    for name, title in ((CORRECTED_TAG, "Corrected version (optional)"), (COMMENT_TAG, "Comment (optional)")):
        questions.append(_describe(name, title, {"type": "text", "use_markdown": False}, required=False))
    guidelines = "\n\n".join(visible(text) for text in (packet.questions.instructions, explain_severities(packet)) if text)
    metadata = [
        {"name": name, "title": name, "settings": {"type": "terms", "values": None, "visible_for_annotators": False}}
        for name in (ITEM, PACKET, RATER)
    ]
    settings = {"guidelines": guidelines, "questions": questions, "fields": fields, "vectors": [], "metadata": metadata}
    return json.dumps({**settings, "allow_extra_metadata": True}, indent=1, ensure_ascii=False) + "\n"


def _describe_field(name: str, title: str) -> dict[str, Any]:
    return _describe(name, title, {"type": "text", "use_markdown": False})


def _describe_choice(name: str, title: str, answers: Sequence[str], kind: str, *, required: bool = True) -> dict[str, Any]:
    options = [{"value": answer, "text": visible(answer)} for answer in answers]
    return _describe(name, title, {"type": kind, "options": options, "visible_options": max(3, len(options))}, required=required)


def _describe(name: str, title: str, settings: Mapping[str, Any], *, required: bool = True) -> dict[str, Any]:
    return {"name": name, "title": visible(title), "required": required, "settings": dict(settings)}
