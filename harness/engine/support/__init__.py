"""How far outputs are supported by their inputs, as one fixed model sees it, whatever strategy wrote them."""

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
