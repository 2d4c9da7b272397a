"""What the report shows of a review."""

from __future__ import annotations

from dataclasses import dataclass

from harness.reporting.views.text_table import TextTable
from harness.reporting.wording import review_sentences, review_tables
from harness.review import Findings


@dataclass(frozen=True)
class ReviewView:
    """One packet. `details` are the tables that show how far the results can be trusted."""

    packet: str
    headline: str
    procedure: str
    caveats: tuple[str, ...]
    results: tuple[TextTable, ...]
    details: tuple[TextTable, ...]


def build_review_view(findings: Findings) -> ReviewView:
    """The view of a packet's findings."""
    return ReviewView(
        packet=findings.packet,
        headline=review_sentences.headline(findings),
        procedure=review_sentences.procedure(findings),
        caveats=tuple(review_sentences.caveats(findings)),
        results=tuple(review_tables.list_results(findings)),
        details=tuple(review_tables.list_details(findings)),
    )
