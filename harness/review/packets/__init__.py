"""Blind packets for raters: which examples, which outputs, in which order, as which files."""

from harness.review.packets.label_studio import SEVERITY_KINDS, tag_of
from harness.review.packets.making import Item, items_of
from harness.review.packets.packet import SEVERITIES, Judgement, Key, Mode, Packet, columns_of, load
from harness.review.packets.row_scores import Scores, row_metrics, row_scores
from harness.review.packets.sheets import COMMENT, CORRECTED, ITEM, KIND, PACKET, RATER

__all__ = [
    "COMMENT",
    "CORRECTED",
    "ITEM",
    "KIND",
    "PACKET",
    "RATER",
    "SEVERITIES",
    "SEVERITY_KINDS",
    "Item",
    "Judgement",
    "Key",
    "Mode",
    "Packet",
    "Scores",
    "columns_of",
    "items_of",
    "load",
    "row_metrics",
    "row_scores",
    "tag_of",
]
