"""Types of the sentence tables."""

from __future__ import annotations

from typing import TypeAlias

Sentences: TypeAlias = tuple[str, ...]
SplitSentences: TypeAlias = tuple[Sentences, Sentences]  # of training and validation, of test; `table[slot][unseen]` selects
