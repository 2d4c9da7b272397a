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
    """The text with its first words replaced by new ones. With k of n replaced, the similarity is (n − k) / n."""
    words = text.split()
    return " ".join([*(f"{marker}x{i}" for i in range(count)), *words[count:]])


def edit_words(text: str, edit: str, count: int, draw: random.Random) -> str:
    """The text with this many of its words replaced, dropped, swapped or misspelled, or with so many inserted."""
    words = text.split()
    places = draw.sample(range(len(words)), count)
    if edit == "drop":
        return " ".join(word for place, word in enumerate(words) if place not in places)
    if edit == "insert":
        for number, place in enumerate(places):
            words.insert(place, f"inserted{number}x{draw.randrange(10**6)}")
    elif edit == "swap":
        moved = [words[place] for place in places]
        for place, word in zip(places, [*moved[1:], moved[0]], strict=True):
            words[place] = word
    else:
        for number, place in enumerate(places):
            words[place] = f"{words[place][:-1]}q" if edit == "misspell" else f"new{number}x{draw.randrange(10**6)}"
    return " ".join(words)


def examples(texts: Sequence[str], targets: Sequence[str] | None = None, *, prefix: str = "row") -> list[Example]:
    """Examples with these inputs; each has a target of its own unless some are given."""
    return [Example(f"{prefix}{i}", {"input": text}, (targets[i] if targets else f"target {prefix} {i}",)) for i, text in enumerate(texts)]
