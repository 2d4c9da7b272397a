"""A rater's items as one HTML page that works offline."""

from __future__ import annotations

from collections.abc import Sequence

from harness.catalog import shipped_folder
from harness.review.packets import (
    ERROR_KINDS_QUESTION,
    NO_ERROR,
    ItemTexts,
    Packet,
    explain_severities,
    list_error_kinds,
    list_questions,
)
from harness.text import visible
from harness.webpage import render_offline_page

PAGE_FORMAT = 1  # of the file that the page saves
_WORDS_PER_MINUTE = 238  # silent reading of English prose: Brysbaert (2019), doi:10.1016/j.jml.2019.104047
_SECONDS_PER_ANSWER = 10  # an assumption: choosing an answer, without reading


def render_page(packet: Packet, rater: str, items: Sequence[ItemTexts]) -> str:
    """The page as HTML. It names no strategy and needs no network."""
    return render_offline_page(
        shipped_folder("reports"),
        "review.html.j2",
        _build_content(packet, rater, items),
        styles=("review.css",),
        scripts=("page.js", "item_page.js", "review.js"),
        packet=packet,
        rater=rater,
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
            "earlier_answers": [number(text) for text in item.earlier_answers],
        }
        for item in items
    ]
    return {
        "format": PAGE_FORMAT,
        "packet": packet.id,
        "rater": rater,
        "output_noun": packet.output_noun,
        "instructions": visible(packet.questions.instructions),
        "meaning": visible(explain_severities(packet)),
        "no_error": NO_ERROR if packet.mode == "errors" else None,
        "adjudicates": packet.adjudicates is not None,
        "minutes": estimate_minutes(packet, items),
        "questions": [{"name": q.name, "text": visible(q.text), "answers": q.answers} for q in list_questions(packet)],
        "kinds": list_error_kinds(packet),
        "kinds_question": ERROR_KINDS_QUESTION,
        "texts": list(texts),
        "items": entries,
    }


def estimate_minutes(packet: Packet, items: Sequence[ItemTexts]) -> int:
    """About how long a rater takes for these items, in minutes: reading each text once, and answering."""
    texts = [text for item in items for text in (*(text for _, text in item.inputs), *item.outputs)]
    if packet.with_reference:
        texts += [text for item in items for text in item.references]
    reading = sum(len(text.split()) for text in texts) / _WORDS_PER_MINUTE
    answering = len(items) * len(list_questions(packet)) * _SECONDS_PER_ANSWER / 60
    return max(1, round(reading + answering))
