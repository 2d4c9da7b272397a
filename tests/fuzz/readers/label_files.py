"""Readers of `bench data label --labelled`: the page, and the answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.api import save_labelled_rows
from harness.reporting import render_row_page
from harness.review import RowPage, RowToLabel
from harness.webpage import pack_json
from tests.fuzz.readers.reader import Reader, refusals

_PAGE = RowPage("intent", ("card", "pin"), tuple(RowToLabel({"text": text, "n": [1, {"a": None}]}, {"input": text}) for text in "abc"))
_ANSWERS = {
    "bench_labels": 1,
    "page": _PAGE.digest,
    "answers": [{"row": 1, "label": "card"}, {"row": 2, "unanswerable": True}, {"row": 3, "label": "pin"}],
}


def read_page(content: bytes, folder: Path) -> None:
    """Make rows of good answers to this page."""
    (folder / "page.html").write_bytes(content)
    (folder / "answers.json").write_text(json.dumps(_ANSWERS))
    with refusals():
        save_labelled_rows(folder / "page.html", folder / "answers.json", folder / "out.jsonl")


def read_content(content: bytes, folder: Path) -> None:
    """Make rows of good answers to a page with this data."""
    try:
        packed = pack_json(json.loads(content))
    except (ValueError, RecursionError):
        return
    read_page(f'<template id="content">{packed}</template>'.encode(), folder)


def read_answers(content: bytes, folder: Path) -> None:
    """Make rows of these answers to a good page."""
    (folder / "page.html").write_text(_render())
    (folder / "answers.json").write_bytes(content)
    for name in ("out.jsonl", "out.csv"):
        with refusals():
            save_labelled_rows(folder / "page.html", folder / "answers.json", folder / name)


def _render() -> str:
    return render_row_page(_PAGE, task="t", instructions="", answers_file="t.answers.json")


def _answers() -> Sequence[Any]:
    return [_ANSWERS]


def _content() -> Sequence[Any]:
    return [_PAGE.to_content()]


LABEL_FILES: dict[str, Reader] = {
    "row-page": Reader(read_page, lambda: [_render().encode()], share=0.2),
    "row-page-content": Reader(read_content, lambda: [json.dumps(_PAGE.to_content()).encode()], _content, share=0.4),
    "label-answers": Reader(read_answers, lambda: [json.dumps(_ANSWERS).encode()], _answers, share=0.4),
}
