"""From a model and examples to predictions: generated text, or the most likely label."""

from harness.engine.inference.choose import score_labels
from harness.engine.inference.generate import Generated, generate
from harness.engine.inference.predict import predict, prompt_budget

__all__ = ["Generated", "generate", "predict", "prompt_budget", "score_labels"]
