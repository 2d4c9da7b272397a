"""A packet for Label Studio: tasks to import, and the labeling interface that asks for the answers.

Label Studio's own Pairwise tag knows left and right only. Preferences are choices here, because "tie" and "both bad" need them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from xml.etree import ElementTree as ET

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

_NOT_IN_XML = dict.fromkeys(range(0x20)) | {9: 9, 10: 10}


def render_tasks(packet: Packet, rater: str, items: Sequence[ItemTexts]) -> str:
    """The tasks that Label Studio imports, as a JSON list."""
    tasks = []
    for item in items:
        data = {ITEM: item.id, PACKET: packet.id, RATER: rater, "input": join_inputs(item)}
        data |= {REFERENCE: visible("\n\n".join(item.references))} if packet.with_reference else {}
        data |= {name: visible(text) for name, text in zip(list_output_fields(packet), item.outputs, strict=True)}
        data |= {EARLIER_TAG: visible("\n".join(item.earlier_answers))} if packet.shows_ratings else {}
        tasks.append({"data": data})
    return json.dumps(tasks, indent=1, ensure_ascii=False) + "\n"


def render_config(packet: Packet) -> str:
    """The XML of the project's labeling interface."""
    view = ET.Element("View")
    outputs = list_output_fields(packet)
    _add_header(view, packet.questions.instructions)
    _add_text(view, "input", "Input")
    if packet.with_reference:
        _add_text(view, REFERENCE, "Reference")
    for name in outputs:
        _add_text(view, name, packet.output_noun.capitalize() if name == "output" else name.upper())
    if packet.shows_ratings:
        _add_text(view, EARLIER_TAG, EARLIER_TITLE)
    if meaning := explain_severities(packet):
        _add_header(view, meaning, size="6")
    for question in list_questions(packet):
        _add_choices(view, get_tag(question.name), question.text, question.answers, outputs[0], required=True)
    if kinds := list_error_kinds(packet):
        _add_choices(view, KINDS_TAG, ERROR_KINDS_QUESTION, kinds, outputs[0], choice="multiple")
    for tag, label in ((CORRECTED_TAG, "Corrected version (optional)"), (COMMENT_TAG, "Comment (optional)")):
        _add_header(view, label, size="6")
        ET.SubElement(view, "TextArea", name=tag, toName=outputs[0], rows="3", editable="true", maxSubmissions="1")
    ET.indent(view, " ")
    return ET.tostring(view, encoding="unicode") + "\n"


def _add_header(view: ET.Element, text: str, size: str = "5") -> None:
    ET.SubElement(view, "Header", value=_to_xml_text(text), size=size)


def _add_text(view: ET.Element, name: str, title: str) -> None:
    _add_header(view, title, size="6")
    ET.SubElement(view, "Text", name=name, value=f"${name}")


def _add_choices(
    view: ET.Element, name: str, question: str, answers: Sequence[str], to: str, *, required: bool = False, choice: str = "single-radio"
) -> None:
    _add_header(view, question)
    tag = ET.SubElement(view, "Choices", name=name, toName=to, choice=choice, showInline="true")
    if required:
        tag.set("required", "true")
    for answer in answers:
        ET.SubElement(tag, "Choice", value=_to_xml_text(answer))


def _to_xml_text(text: str) -> str:
    return visible(text).translate(_NOT_IN_XML)
