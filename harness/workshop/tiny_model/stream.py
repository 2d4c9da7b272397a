"""The training stream: documents and random-token tasks, packed into rows without padding. Every row starts with a new one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import TYPE_CHECKING

import torch

from .documents import DERIVED, DOCUMENTS, Segment
from .instructions import INSTRUCTIONS
from .random_tokens import Weighted, random_task

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor

RECIPES = (*DOCUMENTS, *INSTRUCTIONS)
SPECIAL = 2  # `<|pad|>` and `<|end|>`, which random tasks never draw
END_ID = 1
TRIES = 5  # attempts to draw a document that fits into a row
PASSAGE_WITHOUT_LOSS = 0.85  # share of the documents whose passage has no loss


def document(rng: Random) -> list[Segment]:
    """A document of the corpus. In most, only the part that follows from the passage has a loss, which also saves the other logits."""
    make: Callable[[Random], list[Segment]] = rng.choices([make for make, _ in RECIPES], [share for _, share in RECIPES])[0]
    segments = make(rng)
    if rng.random() < PASSAGE_WITHOUT_LOSS and any(weight == DERIVED for _, weight in segments):
        segments = [(text, weight if weight == DERIVED else 0.0) for text, weight in segments]
    return segments


def texts(rng: Random) -> Iterator[str]:
    """The documents of the corpus as text, endlessly."""
    while True:
        yield "".join(text for text, _ in document(rng))


@dataclass(frozen=True)
class Mix:
    """The composition of the batches in one stage of training."""

    row: int
    """Tokens per row."""
    rows: int
    """Rows per batch."""
    random_share: float
    """The share of the documents that are random-token tasks."""
    random_weight: float
    """The weight of their loss; that of text is 1."""
    longest: int
    """The longest random span, in tokens."""


def encode(tokenizer: Tokenizer, segments: list[Segment]) -> Weighted:
    """The tokens and weights of a document with its end token. Segments are tokenized one by one, like prompt and completion."""
    tokens: list[int] = []
    weights: list[float] = []
    for encoding, (_, weight) in zip(tokenizer.encode_batch([text for text, _ in segments]), segments, strict=True):
        tokens += encoding.ids
        weights += [weight] * len(encoding.ids)
    return [*tokens, END_ID], [*weights, segments[-1][1]]


def batches(tokenizer: Tokenizer, rng: Random, mix: Mix) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless batches `(tokens, weights)`, both (rows, row). A weight belongs to the token as a target."""
    rows = _rows(tokenizer, rng, mix)
    while True:
        tokens, weights = zip(*islice(rows, mix.rows), strict=True)
        yield torch.tensor(tokens), torch.tensor(weights)


def _rows(tokenizer: Tokenizer, rng: Random, mix: Mix) -> Iterator[Weighted]:
    """Rows of complete documents, except the last, which is cut and repeated from its start in the next row if it fits into one.

    A row never starts in the middle of a document, because a prompt is the first thing that a model sees.
    """
    cut: Weighted = ([], [])
    while True:
        tokens, weights = cut
        while len(tokens) < mix.row:
            start = len(tokens)
            more, weight = _piece(tokenizer, rng, mix)
            tokens, weights = tokens + more, weights + weight
        cut = (tokens[start:], weights[start:]) if start > 0 and mix.row < len(tokens) <= start + mix.row else ([], [])
        yield tokens[: mix.row], weights[: mix.row]


def _piece(tokenizer: Tokenizer, rng: Random, mix: Mix) -> Weighted:
    """A random-token task or a document, with its end token."""
    if rng.random() < mix.random_share:
        tokens, weights = random_task(rng, range(SPECIAL, tokenizer.get_vocab_size()), mix.longest)
        return [*tokens, END_ID], [*(weight * mix.random_weight for weight in weights), 0.0]
    # A longer document would be cut, mostly before the part with a loss, so shorter documents are preferred while rows are short.
    for _ in range(TRIES):
        piece = encode(tokenizer, document(rng))
        if len(piece[0]) <= mix.row:
            break
    return piece
