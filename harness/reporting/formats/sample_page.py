"""The page in which a person marks the identifiers that anonymization missed. It works offline and saves counts, no texts."""

from __future__ import annotations

from collections.abc import Sequence

from harness.catalog import shipped_folder
from harness.data.privacy import SampledText
from harness.reporting.wording.data import anonymize_sentences
from harness.text import visible
from harness.webpage import render_offline_page

_FORMAT = 1


def render_sample(texts: Sequence[SampledText], *, name: str, sha256: str) -> str:
    """The whole page.

    Args:
        name: of the anonymized file.
        sha256: of the anonymized file; the saved marks repeat it.
    """
    content = {
        "format": _FORMAT,
        "sha256": sha256,
        "name": visible(name),
        "kinds": {kind: singular for kind, (singular, _) in anonymize_sentences.KIND_NAMES.items()},
        "items": [
            {"row": each.row, "place": visible(each.place), "parts": [[visible(text), kind] for text, kind in each.parts]} for each in texts
        ],
    }
    return render_offline_page(
        shipped_folder("reports"),
        "sample.html.j2",
        content,
        styles=("review.css", "sample.css"),
        scripts=("page.js", "sample.js"),
        name=name,
        sentences=anonymize_sentences,
    )
