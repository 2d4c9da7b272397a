"""From a model and examples to predictions: generated text, or the most likely label."""

from harness.engine.inference.batching import BATCH_ROWS, PredictBatch, PromptedExample
from harness.engine.inference.extract import extract
from harness.engine.inference.generate import generate, require_finite
from harness.engine.inference.predictor import Predictor
from harness.engine.inference.shared_prefix import plain_cache

__all__ = [
    "BATCH_ROWS",
    "PredictBatch",
    "Predictor",
    "PromptedExample",
    "extract",
    "generate",
    "plain_cache",
    "require_finite",
]
