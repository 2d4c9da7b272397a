"""What the commands of a model's life after promotion say."""

from harness.reporting.wording.lifecycle import feedback_sentences, retrain_sentences, watch_sentences

__all__ = ["feedback_sentences", "retrain_sentences", "watch_sentences"]
