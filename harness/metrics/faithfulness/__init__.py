"""Scores that compare an output with its input and its reference: unsupported content and omissions. English."""

from harness.metrics.faithfulness.faithfulness import FAITHFULNESS, unsupported
from harness.metrics.faithfulness.negation import negated_before

__all__ = [
    "FAITHFULNESS",
    "negated_before",
    "unsupported",
]
