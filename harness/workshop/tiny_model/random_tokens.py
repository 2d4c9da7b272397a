"""Tasks over uniformly random tokens: what has to be copied cannot be guessed from the language.

Every task gives `(tokens, weights)`; a weight above 0 marks a token that the context determines, all others are noise and carry no loss.
These tasks come first in training, with short spans, since attention finds the match sooner there (issue 4, "What prototypes showed").
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

Weighted = tuple[list[int], list[float]]
Vocabulary = Sequence[int]


def draw(rng: Random, vocabulary: Vocabulary, count: int) -> list[int]:
    """`count` tokens, uniform over the vocabulary."""
    return rng.choices(vocabulary, k=count)


def copy_span(rng: Random, vocabulary: Vocabulary, longest: int) -> Weighted:
    """A span, a gap that may be empty, and the span again. `a b c | x y | a b c`: b and c of the second are determined."""
    span = draw(rng, vocabulary, rng.randint(2, longest))
    gap = draw(rng, vocabulary, rng.randint(0, longest))
    # With an empty gap nothing announces the repetition, so its first token is left out of the loss in either case.
    return span + gap + span, [0.0] * (len(span) + len(gap) + 1) + [1.0] * (len(span) - 1)


def key_value(rng: Random, vocabulary: Vocabulary, longest: int) -> Weighted:
    """Pairs `key value… separator`, then some keys again, each followed by its value and the separator."""
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
    """A few segments that come again and again in random order: the second token of a segment that was seen tells the rest."""
    segments = [draw(rng, vocabulary, rng.randint(2, max(3, longest // 2))) for _ in range(rng.randint(2, 5))]
    tokens: list[int] = []
    weights: list[float] = []
    seen: set[int] = set()
    for _ in range(rng.randint(4, 10)):
        index = rng.randrange(len(segments))
        tokens += segments[index]
        weights += [0.0] + [float(index in seen)] * (len(segments[index]) - 1)
        seen.add(index)
    return tokens, weights


def ambiguous_values(rng: Random, vocabulary: Vocabulary, longest: int) -> Weighted:
    """Some keys, each with a long value of a few tokens that come again and again, then the keys in another order, each with its value.

    Names made of common pieces, and numbers, are like that: the last token or two do not tell what follows, only the way from the key does.
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
    """One of the tasks above, with spans of at most `longest` tokens."""
    return rng.choice(TASKS)(rng, vocabulary, longest)
