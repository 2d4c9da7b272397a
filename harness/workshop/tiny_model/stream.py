"""The training stream: documents and random-token tasks, packed into rows without padding. Every row begins with one."""

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
TRIES = 5  # documents that are drawn to find one that fits a row
UNCOUNTED = 0.85  # share of the documents whose passage carries no loss


def document(rng: Random) -> list[Segment]:
    """One document of the corpus. In most, only what follows from the passage counts, which also saves the time of all other logits."""
    make: Callable[[Random], list[Segment]] = rng.choices([make for make, _ in RECIPES], [share for _, share in RECIPES])[0]
    segments = make(rng)
    if rng.random() < UNCOUNTED and any(weight == DERIVED for _, weight in segments):
        segments = [(text, weight if weight == DERIVED else 0.0) for text, weight in segments]
    return segments


def texts(rng: Random) -> Iterator[str]:
    """The corpus as text, without end."""
    while True:
        yield "".join(text for text, _ in document(rng))


@dataclass(frozen=True)
class Mix:
    """What a stretch of training is fed."""

    row: int  # tokens in a row
    rows: int  # rows in a batch
    random_share: float  # share of the documents that are random-token tasks
    random_weight: float  # of their loss, where the text has 1
    longest: int  # tokens of the longest random span


def encode(tokenizer: Tokenizer, segments: list[Segment]) -> Weighted:
    """Tokens and weights of a document with its end token. Texts are cut into tokens segment by segment, as prompt and completion are."""
    tokens: list[int] = []
    weights: list[float] = []
    for encoding, (_, weight) in zip(tokenizer.encode_batch([text for text, _ in segments]), segments, strict=True):
        tokens += encoding.ids
        weights += [weight] * len(encoding.ids)
    return [*tokens, END_ID], [*weights, segments[-1][1]]


def batches(tokenizer: Tokenizer, rng: Random, mix: Mix) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless `(tokens, weights)`, both (rows, row); the weight belongs to the token as a target."""
    rows = _rows(tokenizer, rng, mix)
    while True:
        tokens, weights = zip(*islice(rows, mix.rows), strict=True)
        yield torch.tensor(tokens), torch.tensor(weights)


def _rows(tokenizer: Tokenizer, rng: Random, mix: Mix) -> Iterator[Weighted]:
    """Rows of whole documents but for the last, which is cut and comes again, whole, at the start of the next row (if it fits one).

    A prompt is the first thing that a model sees, so a row must not begin in the middle of something else.
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
    # What is longer than a row is cut, most often before anything follows from it; it has its turn when rows are longer.
    for _ in range(TRIES):
        piece = encode(tokenizer, document(rng))
        if len(piece[0]) <= mix.row:
            break
    return piece
