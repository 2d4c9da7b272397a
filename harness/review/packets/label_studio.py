"""A rater's judgements for Label Studio: tasks to import, and the labeling config that asks for the answers.

Its own Pairwise tag knows left and right only; a tie and "both bad" need choices, so preferences are choices here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from harness.review.packets.making import Item
from harness.review.packets.packet import Packet, columns_of
from harness.text import visible

SEVERITY_KINDS = "kinds"
_ILLEGAL = dict.fromkeys(range(0x20)) | {9: 9, 10: 10}


def to_tasks(packet: Packet, rater: str, items: Sequence[Item]) -> str:
    """The JSON that Label Studio imports: a list of tasks."""
    tasks = []
    for item in items:
        data = {"item": item.id, "packet": packet.id, "rater": rater, "input": _joined(item)}
        data |= {"reference": visible("\n\n".join(item.references))} if packet.with_reference else {}
        names = ("a", "b") if packet.mode == "pairwise" else ("output",)
        tasks.append({"data": data | {name: visible(text) for name, text in zip(names, item.outputs, strict=True)}})
    return json.dumps(tasks, indent=1, ensure_ascii=False) + "\n"


def labeling_config(packet: Packet) -> str:
    """The XML that goes into the project's labeling interface."""
    view = ET.Element("View")
    _header(view, packet.questions.instructions)
    _text(view, "input", "Input")
    if packet.with_reference:
        _text(view, "reference", "Reference")
    names = ("a", "b") if packet.mode == "pairwise" else ("output",)
    for name in names:
        _text(view, name, name.upper() if len(name) == 1 else "Output")
    asked = {scale.name: scale.question for scale in packet.questions.scales}
    asked |= {"preference": packet.questions.preference, "severity": "How bad is the worst error of the output?"}
    for column, answers in columns_of(packet).items():
        _choices(view, tag_of(column), asked[column], answers, names[0], required=True)
    if packet.mode == "errors":
        _choices(view, SEVERITY_KINDS, "Which kinds of errors does it have?", packet.questions.errors, names[0], choice="multiple")
    for column, question in (("corrected", "If you would change it: the text as it should be"), ("comment", "Comment")):
        _header(view, question, size="6")
        ET.SubElement(view, "TextArea", name=column, toName=names[0], rows="3", editable="true", maxSubmissions="1")
    ET.indent(view, " ")
    return ET.tostring(view, encoding="unicode") + "\n"


def tag_of(column: str) -> str:
    """What Label Studio calls a question of ours: letters, digits and underscores."""
    return "".join(c if c.isalnum() and c.isascii() else "_" for c in column)


def _header(view: ET.Element, text: str, size: str = "5") -> None:
    ET.SubElement(view, "Header", value=_plain(text), size=size)


def _text(view: ET.Element, name: str, title: str) -> None:
    _header(view, title, size="6")
    ET.SubElement(view, "Text", name=name, value=f"${name}")


def _choices(
    view: ET.Element, name: str, question: str, answers: Sequence[str], to: str, *, required: bool = False, choice: str = "single-radio"
) -> None:
    _header(view, question)
    tag = ET.SubElement(view, "Choices", name=name, toName=to, choice=choice, showInline="true")
    if required:
        tag.set("required", "true")
    for answer in answers:
        ET.SubElement(tag, "Choice", value=_plain(answer))


def _plain(text: str) -> str:
    return visible(text).translate(_ILLEGAL)


def _joined(item: Item) -> str:
    if len(item.inputs) == 1:
        return visible(item.inputs[0][1])
    return "\n\n".join(f"{visible(name)}:\n{visible(text)}" for name, text in item.inputs)
