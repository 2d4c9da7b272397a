"""Scores that compare an output with its input and its reference: unsupported content and omissions. English."""

from harness.metrics.faithfulness.faithfulness import FAITHFULNESS, unsupported_sentences
from harness.metrics.faithfulness.negation import is_negated_after

__all__ = [
    "FAITHFULNESS",
    "is_negated_after",
    "unsupported_sentences",
]
