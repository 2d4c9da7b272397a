"""Blind packets: which test examples are rated, which outputs are shown, and which rater sees what in which order."""

from harness.review.packets.example_sampling import compute_probabilities
from harness.review.packets.example_scores import OrientedScores, list_example_metrics, load_example_scores
from harness.review.packets.item_texts import ItemTexts, compute_content_digest, load_item_texts, make_guard
from harness.review.packets.packet import (
    ERROR_KINDS_QUESTION,
    MODES,
    NO_ERROR,
    SEVERITIES,
    Adjudication,
    CheckItem,
    ItemKey,
    Key,
    Mode,
    Packet,
    ReviewItem,
    ReviewQuestion,
    explain_severities,
    list_error_kinds,
    list_questions,
    list_questions_of,
)
from harness.review.packets.packet_builder import OUTPUT_NOUNS, build_packet, find_rated_cell
from harness.review.packets.packet_request import PacketRequest, parse_raters
from harness.review.packets.packet_store import load_packet, save_packet
from harness.review.packets.sampling_methods import list_sizes

__all__ = [
    "ERROR_KINDS_QUESTION",
    "MODES",
    "NO_ERROR",
    "OUTPUT_NOUNS",
    "SEVERITIES",
    "Adjudication",
    "CheckItem",
    "ItemKey",
    "ItemTexts",
    "Key",
    "Mode",
    "OrientedScores",
    "Packet",
    "PacketRequest",
    "ReviewItem",
    "ReviewQuestion",
    "build_packet",
    "compute_content_digest",
    "compute_probabilities",
    "explain_severities",
    "find_rated_cell",
    "list_error_kinds",
    "list_example_metrics",
    "list_questions",
    "list_questions_of",
    "list_sizes",
    "load_example_scores",
    "load_item_texts",
    "load_packet",
    "make_guard",
    "parse_raters",
    "save_packet",
]
