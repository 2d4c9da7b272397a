"""A rater's judgements as one offline HTML page."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from harness.catalog import shipped_folder
from harness.review.packets.making import Item
from harness.review.packets.packet import Packet, columns_of
from harness.text import visible
from harness.webpage import content_security_policy, packed, page_environment


def to_html(packet: Packet, rater: str, items: Sequence[Item]) -> str:
    """The page. It holds no strategy and needs no network."""
    folder = shipped_folder("reports")
    style, script = ((folder / name).read_text(encoding="utf-8") for name in ("review.css", "review.js"))
    return (
        page_environment(folder)
        .get_template("review.html.j2")
        .render(
            packet=packet,
            rater=rater,
            content=packed(_content(packet, rater, items)),
            style=Markup(style),
            script=Markup(script),
            policy=content_security_policy(style, script),
        )
    )


def _content(packet: Packet, rater: str, items: Sequence[Item]) -> dict[str, object]:
    """What the script shows. Every text stands once, in `texts`, however many judgements show it."""
    texts: dict[str, int] = {}

    def number(text: str) -> int:
        return texts.setdefault(visible(text), len(texts))

    rows = [
        {
            "id": item.id,
            "in": [[visible(name), number(text)] for name, text in item.inputs],
            "ref": number("\n\n".join(item.references)) if packet.with_reference else None,
            "out": [number(text) for text in item.outputs],
        }
        for item in items
    ]
    asked = {scale.name: scale.question for scale in packet.questions.scales}
    asked |= {"preference": packet.questions.preference, "severity": "How bad is the worst error of the output?"}
    return {
        "packet": packet.id,
        "rater": rater,
        "instructions": visible(packet.questions.instructions),
        "questions": [{"name": name, "text": visible(asked[name]), "answers": answers} for name, answers in columns_of(packet).items()],
        "kinds": packet.questions.errors if packet.mode == "errors" else (),
        "texts": list(texts),
        "items": rows,
    }
