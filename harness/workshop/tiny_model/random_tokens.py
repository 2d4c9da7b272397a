"""Tasks over uniformly random tokens, whose copies cannot be guessed from the language.

Every task gives `(tokens, weights)`. A weight above 0 marks a token that the context determines; all others are noise and have no loss.
These tasks come first in training, with short spans, because attention learns to find matches faster there.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

Weighted = tuple[list[int], list[float]]
Vocabulary = Sequence[int]


def draw(rng: Random, vocabulary: Vocabulary, count: int) -> list[int]:
    """Draw `count` tokens, uniformly from the vocabulary."""
    return rng.choices(vocabulary, k=count)


def copy_span(rng: Random, vocabulary: Vocabulary, longest: int) -> Weighted:
    """A span, a gap that may be empty, and the span again. In `a b c | x y | a b c`, the second b and c are determined."""
    span = draw(rng, vocabulary, rng.randint(2, longest))
    gap = draw(rng, vocabulary, rng.randint(0, longest))
    # With an empty gap, nothing announces the repetition, so its first token never counts in the loss.
    return span + gap + span, [0.0] * (len(span) + len(gap) + 1) + [1.0] * (len(span) - 1)


def key_value(rng: Random, vocabulary: Vocabulary, longest: int) -> Weighted:
    """Lines of `key value… separator`, then some keys again, each with its value and the separator."""
    pairs, separator, value_length = (
        rng.randint(2, max(2, longest // 3)),
        rng.choice(vocabulary),
        rng.randint(1, 4),
    )
    table = [(key, draw(rng, vocabulary, value_length)) for key in rng.sample(vocabulary, pairs)]
    tokens = [token for key, value in table for token in (key, *value, separator)]
    weights = [0.0] * len(tokens)
    for key, value in rng.sample(table, min(pairs, rng.randint(1, 8))):
        tokens += [key, *value, separator]
        weights += [0.0] + [1.0] * value_length + [1.0]
    return tokens, weights


def repeated_segments(rng: Random, vocabulary: Vocabulary, longest: int) -> Weighted:
    """A few segments that are repeated in random order. The first token of a segment that occurred before determines the rest."""
    segments = [draw(rng, vocabulary, rng.randint(2, max(3, longest // 2))) for _ in range(rng.randint(2, 5))]
    tokens: list[int] = []
    weights: list[float] = []
    used: set[int] = set()
    for _ in range(rng.randint(4, 10)):
        index = rng.randrange(len(segments))
        tokens += segments[index]
        weights += [0.0] + [float(index in used)] * (len(segments[index]) - 1)
        used.add(index)
    return tokens, weights


def ambiguous_values(rng: Random, vocabulary: Vocabulary, longest: int) -> Weighted:
    """Keys with long values that consist of a few repeated tokens, then the keys in another order, each with its value.

    Numbers, and names built from common pieces, are similar: the last one or two tokens do not determine the next, only the path from the
    key does.
    """
    count = rng.randint(1, 5)
    separator, *keys = rng.sample(vocabulary, count + 1)
    pieces = rng.sample(vocabulary, rng.randint(3, 40))
    table = [(key, draw(rng, pieces, rng.randint(2, max(3, min(24, longest // count))))) for key in keys]
    tokens = [token for key, value in table for token in (key, *value, separator)]
    weights = [0.0] * len(tokens)
    for key, value in rng.sample(table, rng.randint(1, count)):
        tokens += [key, *value, separator]
        weights += [0.0] + [1.0] * (len(value) + 1)
    return tokens, weights


TASKS = (copy_span, copy_span, key_value, key_value, repeated_segments, ambiguous_values, ambiguous_values)


def random_task(rng: Random, vocabulary: Vocabulary, longest: int) -> Weighted:
    """A random task, with spans of at most `longest` tokens."""
    return rng.choice(TASKS)(rng, vocabulary, longest)
