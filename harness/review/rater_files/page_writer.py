"""A rater's items as one HTML page that works offline."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from harness.catalog import shipped_folder
from harness.review.packets import ERROR_KINDS_QUESTION, ItemTexts, Packet, list_error_kinds, list_questions
from harness.text import visible
from harness.webpage import content_security_policy, pack_json, page_environment

PAGE_FORMAT = 1  # of the file that the page saves


def render_page(packet: Packet, rater: str, items: Sequence[ItemTexts]) -> str:
    """The page as HTML. It names no strategy and needs no network."""
    folder = shipped_folder("reports")
    style, script = ((folder / name).read_text(encoding="utf-8") for name in ("review.css", "review.js"))
    return (
        page_environment(folder)
        .get_template("review.html.j2")
        .render(
            packet=packet,
            rater=rater,
            content=pack_json(_build_content(packet, rater, items)),
            style=Markup(style),
            script=Markup(script),
            policy=content_security_policy(style, script),
        )
    )


def _build_content(packet: Packet, rater: str, items: Sequence[ItemTexts]) -> dict[str, object]:
    """The data of the page's script. `texts` holds every text once; items refer to them by number."""
    texts: dict[str, int] = {}

    def number(text: str) -> int:
        return texts.setdefault(visible(text), len(texts))

    entries = [
        {
            "id": item.id,
            "inputs": [[visible(name), number(text)] for name, text in item.inputs],
            "reference": number("\n\n".join(item.references)) if packet.with_reference else None,
            "outputs": [number(text) for text in item.outputs],
        }
        for item in items
    ]
    return {
        "format": PAGE_FORMAT,
        "packet": packet.id,
        "rater": rater,
        "output_noun": packet.output_noun,
        "instructions": visible(packet.questions.instructions),
        "questions": [{"name": q.name, "text": visible(q.text), "answers": q.answers} for q in list_questions(packet)],
        "kinds": list_error_kinds(packet),
        "kinds_question": ERROR_KINDS_QUESTION,
        "texts": list(texts),
        "items": entries,
    }
