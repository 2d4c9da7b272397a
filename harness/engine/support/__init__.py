"""How far outputs are supported by their inputs, scored by one fixed model for all strategies."""

from harness.engine.support.add_support import SupportModel, add_support
from harness.engine.support.output_batches import SourcedOutput
from harness.engine.support.recorded_model import find_support_model
from harness.engine.support.scorer import SupportScorer, check_scorer, is_scorer, load_scorer, scorer_fingerprint

__all__ = [
    "SourcedOutput",
    "SupportModel",
    "SupportScorer",
    "add_support",
    "check_scorer",
    "find_support_model",
    "is_scorer",
    "load_scorer",
    "scorer_fingerprint",
]
