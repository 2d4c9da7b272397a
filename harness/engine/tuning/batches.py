"""Which examples are trained on together, in which order, and how they become tensors.

The order depends only on the seed, the epoch and the examples' own sizes, so that every strategy of a task sees the same batches, whatever
its prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from harness.types import Shape

if TYPE_CHECKING:
    import torch

T = TypeVar("T")

# The number of effective batches that are sorted by size together: enough to save padding, few enough to keep the order random.
_POOL = 16


@dataclass(frozen=True, slots=True)
class EncodedExample:
    """The token ids of one example. The loss is computed on `target`, whose last id is the end token."""

    prompt: tuple[int, ...]
    target: tuple[int, ...]
    """For an encoder (`labelled`), the index of the label."""
    size: int = 0
    """The length of the example without the strategy's prompt, in characters: batches are formed by it."""
    labelled: bool = False
    index: int = 0
    """The place of a training example in the training set, which keys its dropout."""
    learned: tuple[bool, ...] = ()
    """Of a conversation whose turns are all learned from: which ids of `target` have a loss. Empty: all."""
    rejected: tuple[int, ...] = ()
    """Of a preference pair: the answer that is worse than `target`."""
    reference: float = 0.0
    """Of a preference pair: ln p(target) - ln p(rejected) by the model from which the training starts."""

    @property
    def sequences(self) -> tuple[EncodedExample, ...]:
        """What passes through the model: the example itself, or the two answers of a pair, each as an example of its own."""
        if not self.rejected:
            return (self,)
        better = replace(self, rejected=(), index=2 * self.index)
        return better, replace(better, target=self.rejected, index=2 * self.index + 1)

    @property
    def length(self) -> int:
        """The tokens that pass through the model."""
        return len(self.prompt) * (2 if self.rejected else 1) + (0 if self.labelled else len(self.target) + len(self.rejected))

    @property
    def padded_length(self) -> int:
        """As `length`, with the padding of a pair, whose answers are read side by side."""
        return 2 * (len(self.prompt) + max(len(self.target), len(self.rejected))) if self.rejected else self.length

    @property
    def targets(self) -> int:
        """The tokens (or labels) that are learned."""
        return (sum(self.learned) if self.learned else len(self.target)) + len(self.rejected)

    @property
    def losses(self) -> int:
        """The losses whose mean is minimized: one for each target, or one for a pair."""
        return 1 if self.rejected else self.targets


def batch_order(sizes: Sequence[int], batch_size: int, seed: int, epoch: int) -> list[list[int]]:
    """The effective batches of one epoch, as indices; every example occurs once.

    Examples are shuffled, then sorted by size within pools of 16 batches; then the batches of a pool are shuffled. Examples of similar size
    share a batch, while the order of the batches stays random.
    """
    generator = np.random.default_rng([seed, epoch])
    order = generator.permutation(len(sizes))
    batches: list[list[int]] = []
    for start in range(0, len(order), batch_size * _POOL):
        pool = sorted(order[start : start + batch_size * _POOL].tolist(), key=lambda i: sizes[i])
        cut = [pool[i : i + batch_size] for i in range(0, len(pool), batch_size)]
        batches += [cut[i] for i in generator.permutation(len(cut))]
    return batches


def micro_batches(examples: Sequence[EncodedExample], token_budget: int) -> Iterator[list[EncodedExample]]:
    """Cut an effective batch into parts of at most `token_budget` tokens, including padding; a longer example is alone in its part."""
    part: list[EncodedExample] = []
    for example in sorted(examples, key=lambda e: e.padded_length):  # ascending, so that the next example is the longest of its part
        if part and example.padded_length * (len(part) + 1) > token_budget:
            yield part
            part = []
        part.append(example)
    if part:
        yield part


def cut_with_least_work(rows: Iterable[T], token_budget: int, length: Callable[[T], int]) -> list[list[T]]:
    """Cut rows of any lengths into parts, each of at most `token_budget` tokens with padding; a longer row is alone in its part.

    Of all cuts of the sorted rows, this one has the fewest tokens, where each part counts as a sixth of the budget more: a pass costs that
    much beside its tokens (SmolLM2-135M with LoRA in bfloat16 on a CPU: 0.8 s beside 2.2 ms for each token, one thread).
    """
    ordered = sorted(rows, key=length)
    least, begins = [0.0], [0]
    for end in range(1, len(ordered) + 1):
        longest = length(ordered[end - 1])
        options = [
            (least[begin] + token_budget / 6 + longest * (end - begin), begin)
            for begin in range(end)
            if end - begin == 1 or longest * (end - begin) <= token_budget
        ]
        work, begin = min(options)
        least.append(work)
        begins.append(begin)
    parts, end = [], len(ordered)
    while end:
        parts.append(ordered[begins[end] : end])
        end = begins[end]
    return parts[::-1]


def list_reads(examples: Sequence[EncodedExample], shape: Shape) -> tuple[list[int], list[int]]:
    """What keys the dropout of a micro-batch: the places of its sequences, and the tokens of each that the model reads first."""
    rows = [row for example in examples for row in example.sequences]
    return [row.index for row in rows], [len(row.prompt) if shape == "encoder-decoder" else row.length for row in rows]


@dataclass(frozen=True)
class Tensors:
    """A micro-batch. `predicts` marks the positions whose next token is a target; `targets` are those tokens, example by example."""

    input_ids: torch.Tensor  # (B, T)
    attention_mask: torch.Tensor  # (B, T)
    predicts: torch.Tensor  # (B, T), bool
    targets: torch.Tensor  # (N,)


def collate(examples: Sequence[EncodedExample], pad_id: int, device: Any) -> Tensors:
    """The tensors of a micro-batch, padded on the right."""
    import torch

    width = max(example.length for example in examples)
    ids = torch.full((len(examples), width), pad_id, dtype=torch.long)
    mask = torch.zeros((len(examples), width), dtype=torch.long)
    predicts = torch.zeros((len(examples), width), dtype=torch.bool)
    for i, example in enumerate(examples):
        ids[i, : example.length] = torch.tensor(example.prompt + example.target)
        mask[i, : example.length] = 1
        # Position t predicts token t + 1; without a prompt, nothing predicts the first target.
        learned = torch.tensor(example.learned or True).expand(len(example.target))
        predicts[i, max(0, len(example.prompt) - 1) : example.length - 1] = learned if example.prompt else learned[1:]
    targets = ids[:, 1:][predicts[:, :-1]]
    return Tensors(ids.to(device), mask.to(device), predicts.to(device), targets.to(device))
