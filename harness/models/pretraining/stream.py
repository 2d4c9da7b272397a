"""The training stream: documents and random-token tasks, packed into rows without padding."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

import torch

from .documents import DOCUMENTS, Segment
from .instructions import INSTRUCTIONS
from .random_tokens import random_task

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor

RECIPES = (*DOCUMENTS, *INSTRUCTIONS)
SPECIAL = 2  # `<|pad|>` and `<|end|>`, which random tasks never draw
END_ID = 1


def document(rng: Random) -> list[Segment]:
    """One document of the corpus."""
    make: Callable[[Random], list[Segment]] = rng.choices([make for make, _ in RECIPES], [share for _, share in RECIPES])[0]
    return make(rng)


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


def encode(tokenizer: Tokenizer, segments: list[Segment]) -> tuple[list[int], list[float]]:
    """Tokens and weights of a document with its end token. Texts are cut into tokens segment by segment, as prompt and completion are."""
    tokens: list[int] = []
    weights: list[float] = []
    for encoding, (_, weight) in zip(tokenizer.encode_batch([text for text, _ in segments]), segments, strict=True):
        tokens += encoding.ids
        weights += [weight] * len(encoding.ids)
    return [*tokens, END_ID], [*weights, segments[-1][1]]


def batches(tokenizer: Tokenizer, rng: Random, mix: Mix) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless `(tokens, weights)`, both (rows, row); the weight belongs to the token as a target."""
    vocabulary = range(SPECIAL, tokenizer.get_vocab_size())
    tokens: list[int] = []
    weights: list[float] = []
    need = mix.rows * mix.row
    while True:
        while len(tokens) < need:
            if rng.random() < mix.random_share:
                more, weight = random_task(rng, vocabulary, mix.longest)
                more, weight = [*more, END_ID], [*(w * mix.random_weight for w in weight), 0.0]
            else:
                more, weight = encode(tokenizer, document(rng))
            tokens += more
            weights += weight
        yield torch.tensor(tokens[:need]).view(mix.rows, mix.row), torch.tensor(weights[:need]).view(mix.rows, mix.row)
        tokens, weights = tokens[need:], weights[need:]
