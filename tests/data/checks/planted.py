"""Rows with faults that a test has planted."""

from __future__ import annotations

import random
from collections.abc import Sequence

from harness.types import Example

_SYLLABLES = ("ka", "lo", "mi", "ter", "ban", "su", "rop", "del", "vin", "gar", "hul", "pem")


class Vocabulary:
    """Random words, the same for the same seed."""

    def __init__(self, seed: int = 0, words: int = 3000) -> None:
        self.random = random.Random(seed)
        self._words = sorted({"".join(self.random.choices(_SYLLABLES, k=3)) for _ in range(words)})

    def text(self, words: int = 30) -> str:
        """Distinct words in a random order."""
        return " ".join(self.random.sample(self._words, words))

    def texts(self, count: int, words: int = 30) -> list[str]:
        """Texts that have little in common."""
        return [self.text(words) for _ in range(count)]


def replace_words(text: str, count: int, marker: str) -> str:
    """The text with its first words replaced by new ones. With k of n replaced, the similarity is (n − k) / (n + k)."""
    words = text.split()
    return " ".join([*(f"{marker}x{i}" for i in range(count)), *words[count:]])


def examples(texts: Sequence[str], targets: Sequence[str] | None = None, *, prefix: str = "row") -> list[Example]:
    """Examples with these inputs; each has a target of its own unless some are given."""
    return [Example(f"{prefix}{i}", {"input": text}, (targets[i] if targets else f"target {prefix} {i}",)) for i, text in enumerate(texts)]
