"""Blind packets for raters: which examples, which outputs, in which order, as which files."""

from harness.review.packets.label_studio import SEVERITY_KINDS, tag_of
from harness.review.packets.making import Asked, Item, items_of, rater_names
from harness.review.packets.packet import MODES, SEVERITIES, Judgement, Key, Mode, Packet, columns_of, load
from harness.review.packets.row_scores import Scores, row_metrics, row_scores
from harness.review.packets.sending import FORMATS, Format, export_packet
from harness.review.packets.sheets import COMMENT, CORRECTED, ITEM, KIND, PACKET, RATER

__all__ = [
    "COMMENT",
    "CORRECTED",
    "FORMATS",
    "ITEM",
    "KIND",
    "MODES",
    "PACKET",
    "RATER",
    "SEVERITIES",
    "SEVERITY_KINDS",
    "Asked",
    "Format",
    "Item",
    "Judgement",
    "Key",
    "Mode",
    "Packet",
    "Scores",
    "columns_of",
    "export_packet",
    "items_of",
    "load",
    "rater_names",
    "row_metrics",
    "row_scores",
    "tag_of",
]
