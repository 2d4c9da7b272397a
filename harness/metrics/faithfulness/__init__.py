"""Scores that compare an output with its input and its references: unsupported content and omissions. English."""

from harness.metrics.faithfulness.claims import sentences
from harness.metrics.faithfulness.faithfulness import FAITHFULNESS, find_unsupported
from harness.metrics.faithfulness.negation import count_negation_words, is_negated_after
from harness.metrics.faithfulness.unsupported import UnsupportedPiece

__all__ = [
    "FAITHFULNESS",
    "UnsupportedPiece",
    "count_negation_words",
    "find_unsupported",
    "is_negated_after",
    "sentences",
]
