"""One optimizer step and one validation, cut into micro-batches that fit the memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.engine.adapters import RankAllocation
from harness.engine.distributed import ONE_PROCESS, ProcessGroup, is_sharded
from harness.engine.tuning.batches import EncodedExample, list_reads
from harness.engine.tuning.division import divide
from harness.engine.tuning.keyed_dropout import KeyedRandom
from harness.engine.tuning.loss import batch_loss
from harness.engine.tuning.memory_ladder import MemoryLadder
from harness.engine.tuning.optimizers import RATE_FACTOR
from harness.engine.tuning.preference_loss import pair_margins, preference_losses
from harness.measure import Meter
from harness.types import LadderPlace, Shape

# Activations of more tokens take gigabytes (SmolLM2-135M with LoRA in float32: 1.6 MB per token), and the system has to find and clear each
# page. On a CPU, this costs more time than larger matrix products save: docs/performance.md has the measurements.
MICRO_BATCH_TOKENS = {"cpu": 1024, "cuda": 8192, "mps": 4096}


_FULL = ("DefaultCPUAllocator", "MPS backend out of memory")  # CUDA has an error of its own


def is_device_full(error: BaseException) -> bool:
    """Whether torch could not allocate a tensor."""
    import torch

    return isinstance(error, torch.cuda.OutOfMemoryError | MemoryError) or any(text in str(error) for text in _FULL)


class DivergedError(Exception):
    """The loss is no longer a finite number."""


class GroupMemoryError(MemoryError):
    """The GPU of one of several processes ran out of memory in a step, in which the others wait for it: all of them have to start again."""

    def __init__(self, text: str, place: LadderPlace) -> None:
        """
        Args:
            place: where on the memory ladder they start again.
        """
        super().__init__(text)
        self.place = place


@dataclass(frozen=True)
class Validation:
    """The mean loss on validation examples. `preferences` counts the pairs whose better answer has gained on the worse one since the
    training began, and all pairs; None for other objectives.
    """

    loss: float
    preferences: tuple[int, int] | None = None


@dataclass
class Trainer:
    """A model with its optimizer. `ladder` says what is done to fit the memory, `autocast` is the dtype that torch's autocast computes in
    (None: without autocast). `beta` is that of direct preference optimization, whose examples are pairs; None: the model learns to write
    the targets.

    The processes of `group` divide every batch among themselves. All of them call the same methods with the same arguments, and get the
    same values.
    """

    model: Any
    optimizer: Any
    accelerator: Any
    max_grad_norm: float
    pad_id: int
    meter: Meter
    ladder: MemoryLadder
    shape: Shape
    ranks: RankAllocation | None
    random: KeyedRandom
    group: ProcessGroup = ONE_PROCESS
    beta: float | None = None
    autocast: Any = None

    def step(self, examples: Sequence[EncodedExample], rate: float, number: int) -> float:
        """Take the optimizer step of this number, counted from 1; returns the mean loss per target token, or per pair.

        Raises:
            DivergedError: the loss is not finite.
            GroupMemoryError: see there.
        """
        self.begin_step(rate)
        loss = self._backward(examples, number)
        self.end_step(loss, number)
        return loss

    def begin_step(self, rate: float) -> None:
        """Set the learning rate of the next step."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group[RATE_FACTOR]

    def end_step(self, loss: float, number: int) -> None:
        """Change the weights by the gradients of this loss, which are there.

        Raises:
            DivergedError: the loss is not finite.
        """
        if not math.isfinite(loss):
            raise DivergedError(f"the loss became {loss}")
        self.accelerator.clip_grad_norm_(self.model.parameters(), self.max_grad_norm)
        self.optimizer.step()
        if self.ranks is not None:
            if self.optimizer.step_was_skipped:  # float16 gradients overflowed, so they say nothing about any rank
                self.optimizer.zero_grad(set_to_none=False)
            self.ranks.after_step(number)
        self.optimizer.zero_grad()

    def validate(self, examples: Sequence[EncodedExample]) -> Validation:
        """The mean loss per target token, or per pair, over the validation examples."""
        import torch

        self.model.eval()
        total, preferred = 0.0, 0.0
        with torch.no_grad(), self.meter.phase("validate"):
            for part in divide(examples, self.ladder.token_budget, self.group.rank, self.group.size):
                loss, better = self._loss(part.examples)
                total += part.weight * loss.item()
                preferred += part.weight * better
            total, preferred = self.group.sum([total, preferred])
            self.meter.count_tokens(sum(example.length for example in examples))
        self.model.train()
        preferences = (round(preferred), len(examples)) if self.beta is not None else None
        return Validation(total / max(1, sum(example.losses for example in examples)), preferences)

    def margins(self, pairs: Sequence[EncodedExample]) -> Any:
        """ln p(better answer) - ln p(worse answer) of each pair, (B,)."""
        with self.accelerator.autocast():
            return pair_margins(self.model, pairs, self.pad_id, self.accelerator.device)

    def _backward(self, examples: Sequence[EncodedExample], number: int) -> float:
        """Accumulate the gradients of an effective batch, with further steps of the ladder if the device runs out of memory."""
        import torch

        losses = sum(example.losses for example in examples)
        longest = max(example.padded_length for example in examples)
        while True:
            try:
                return self._accumulate(examples, losses, number)
            except (RuntimeError, MemoryError) as error:
                if not is_device_full(error) or not self.ladder.relieve(longest):
                    raise
                if self.group.size > 1:
                    raise GroupMemoryError(str(error), self.ladder.place) from error
            # Here, because the error would keep what its frames hold.
            self.optimizer.zero_grad()
            torch.cuda.empty_cache()

    def _accumulate(self, examples: Sequence[EncodedExample], losses: int, number: int) -> float:
        total = 0.0
        sharded = self.group.size > 1 and is_sharded(self.model)
        for part in divide(examples, self.ladder.token_budget, self.group.rank, self.group.size):
            self.random.begin(number, *list_reads(part.examples, self.shape))
            loss = self._loss(part.examples)[0] * (part.weight / losses)
            self.accelerator.backward(loss * self.group.size if sharded else loss)  # the mean over the processes becomes their sum
            total += loss.item()
        if self.ranks is not None and self.group.is_first:  # minimized, but not part of the loss that strategies are compared by
            self.accelerator.backward(self.ranks.penalty())
        if not sharded:
            self.group.sum_gradients(self.model.parameters())
        (total,) = self.group.sum([total])
        self.meter.count_tokens(sum(example.length for example in examples))
        return total

    def _loss(self, batch: Sequence[EncodedExample]) -> tuple[Any, int]:
        """The sum of the losses, and how many pairs are judged right."""
        with self.accelerator.autocast():
            if self.beta is None:
                return batch_loss(self.model, batch, self.pad_id, self.accelerator.device, self.shape), 0
            losses, gains = preference_losses(self.model, batch, self.pad_id, self.accelerator.device, self.beta)
            return losses.sum(), int((gains > 0).sum())
