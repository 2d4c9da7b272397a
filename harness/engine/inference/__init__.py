"""From a model and examples to predictions: generated text, or the most likely label."""

from harness.engine.inference.batching import BATCH_ROWS, PredictBatch, PromptedExample, split_into_batches
from harness.engine.inference.choose import LabelScorer, LabelTree, rows_of_labels
from harness.engine.inference.extract import ends_with, extract
from harness.engine.inference.generate import generate, require_finite
from harness.engine.inference.predictor import Predictor
from harness.engine.inference.shared_prefix import plain_cache

__all__ = [
    "BATCH_ROWS",
    "LabelScorer",
    "LabelTree",
    "PredictBatch",
    "Predictor",
    "PromptedExample",
    "ends_with",
    "extract",
    "generate",
    "plain_cache",
    "require_finite",
    "rows_of_labels",
    "split_into_batches",
]
