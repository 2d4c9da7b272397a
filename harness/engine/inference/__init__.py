"""From a model and examples to predictions: generated text, or the most likely label."""

from harness.engine.inference.batching import BATCH_ROWS, PredictBatch, PromptedExample, split_into_batches
from harness.engine.inference.choose import LabelTree, rows_of_labels
from harness.engine.inference.extract import extract
from harness.engine.inference.generate import generate, require_finite
from harness.engine.inference.predictor import Predictor
from harness.engine.inference.shared_prefix import plain_cache

__all__ = [
    "BATCH_ROWS",
    "LabelTree",
    "PredictBatch",
    "Predictor",
    "PromptedExample",
    "extract",
    "generate",
    "plain_cache",
    "require_finite",
    "rows_of_labels",
    "split_into_batches",
]
