"""From a model and examples to predictions: generated text, or the most likely label."""

from harness.engine.inference.choose import score_labels
from harness.engine.inference.extract import extract
from harness.engine.inference.generate import Generated, generate
from harness.engine.inference.predict import predict
from harness.engine.inference.shared_prefix import plain_cache

__all__ = [
    "Generated",
    "extract",
    "generate",
    "plain_cache",
    "predict",
    "score_labels",
]
