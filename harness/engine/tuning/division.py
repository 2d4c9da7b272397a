"""How an effective batch is divided among the processes of a training, and cut into micro-batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.engine.tuning.batches import EncodedExample, micro_batches


@dataclass(frozen=True)
class Part:
    """Examples that go through the model at once. `weight` is 1, or 0 for examples that only keep a process in step with the others."""

    examples: Sequence[EncodedExample]
    weight: float = 1.0


def divide(examples: Sequence[EncodedExample], token_budget: int, rank: int = 0, size: int = 1) -> list[Part]:
    """The micro-batches of this process, each of at most `token_budget` tokens.

    All processes get the same number, because they collect weights and gradients together: one with fewer examples repeats its shortest
    example, or that of the batch, without weight.

    Args:
        rank, size: the number of this process, and how many there are.
    """
    shares = [list(micro_batches(share, token_budget)) for share in shares_of(examples, size)]
    own = [Part(batch) for batch in shares[rank]]
    spare = [own[0].examples[0] if own else min(examples, key=lambda example: example.length)] if examples else []
    return own + [Part(spare, 0.0)] * (max(map(len, shares)) - len(own))


def shares_of(examples: Sequence[EncodedExample], size: int) -> list[list[EncodedExample]]:
    """The examples of each process. The longest come first, each goes to the process that has the fewest tokens so far."""
    if size == 1:
        return [list(examples)]
    shares: list[list[EncodedExample]] = [[] for _ in range(size)]
    tokens = [0] * size
    for example in sorted(examples, key=lambda example: -example.length):
        least = tokens.index(min(tokens))
        shares[least].append(example)
        tokens[least] += example.length
    return shares
