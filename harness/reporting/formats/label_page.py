"""The page on which a person labels rows. It works offline and saves the labels in the browser."""

from __future__ import annotations

from harness.catalog import shipped_folder
from harness.reporting.wording.data import label_sentences
from harness.review import RowPage
from harness.text import visible
from harness.webpage import render_offline_page


def render_row_page(page: RowPage, *, task: str, instructions: str, answers_file: str) -> str:
    """The whole page.

    Args:
        task: its name.
        instructions: what is to be answered.
        answers_file: the name of the file that the page saves.
    """
    content = {
        **page.to_content(),
        "file": visible(answers_file),
        "instructions": visible(instructions),
        "words": label_sentences.PAGE_WORDS,
    }
    return render_offline_page(
        shipped_folder("reports"),
        "label.html.j2",
        content,
        styles=("review.css", "label.css"),
        scripts=("page.js", "item_page.js", "label.js"),
        name=task,
        sentences=label_sentences,
    )
