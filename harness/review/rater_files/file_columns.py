"""Names of columns and fields in raters' files: the writer and the reader of a format share them."""

from __future__ import annotations

ITEM, PACKET, RATER = "item", "packet", "rater"
CORRECTED, COMMENT = "corrected version", "comment"
KIND_PREFIX = "error: "  # followed by a kind of error; an x in this column marks it
INPUT_PREFIX = "input: "  # followed by the name of an input
OUTPUT = "output"  # of a pair: "output A" and "output B"
REFERENCE = "reference"
EARLIER, EARLIER_TITLE = "raters said", "What the raters said"  # for a person who adjudicates

# Labelling tools name their fields and questions by tags: letters, digits and underscores.
CORRECTED_TAG, COMMENT_TAG, KINDS_TAG, EARLIER_TAG = "corrected", "comment", "kinds", "earlier"


def get_tag(question: str) -> str:
    """The tag of a question in a labelling tool."""
    return "".join(c if c.isalnum() and c.isascii() else "_" for c in question)


def list_output_columns(mode: str) -> list[str]:
    """The columns of a spreadsheet that show outputs."""
    return [f"{OUTPUT} A", f"{OUTPUT} B"] if mode == "pairwise" else [OUTPUT]
