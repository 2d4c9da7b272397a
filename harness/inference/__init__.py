"""From a model and examples to predictions: generated text, or the most likely label."""

from harness.inference.choose import score_labels
from harness.inference.generate import Generated, generate
from harness.inference.predict import predict, prompt_budget

__all__ = ["Generated", "generate", "predict", "prompt_budget", "score_labels"]
