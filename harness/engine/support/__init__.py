"""How far outputs are supported by their inputs, scored by one fixed model for all strategies."""

from harness.engine.support.output_batches import SourcedOutput
from harness.engine.support.scorer import SupportScorer, check_scorer, is_scorer, load_scorer, scorer_fingerprint

__all__ = [
    "SourcedOutput",
    "SupportScorer",
    "check_scorer",
    "is_scorer",
    "load_scorer",
    "scorer_fingerprint",
]
