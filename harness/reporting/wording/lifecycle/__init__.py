"""What the commands of a model's life after promotion say."""

from harness.reporting.wording.lifecycle import watch_sentences

__all__ = ["watch_sentences"]
