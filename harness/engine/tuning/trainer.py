"""One optimizer step and one validation, cut into micro-batches that fit the memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.engine.adapters import RankAllocation
from harness.engine.tuning.batches import EncodedExample, micro_batches
from harness.engine.tuning.loss import batch_loss
from harness.measure import Meter
from harness.types import Shape

# More tokens at once do not make a CPU faster, and their activations take gigabytes (SmolLM2-135M with LoRA: 2.7 MB per token).
MICRO_BATCH_TOKENS = {"cpu": 2048, "cuda": 8192}


class DivergedError(Exception):
    """The loss is no longer a finite number."""


@dataclass
class Trainer:
    """A model with its optimizer. `token_budget` is the most tokens of a micro-batch; it is halved if the GPU runs out of memory."""

    model: Any
    optimizer: Any
    accelerator: Any
    max_grad_norm: float
    pad_id: int
    meter: Meter
    token_budget: int
    shape: Shape
    ranks: RankAllocation | None

    def step(self, examples: Sequence[EncodedExample], rate: float, number: int) -> tuple[float, int]:
        """Take the optimizer step of this number, counted from 1; returns the mean loss per target token and the target tokens.

        Raises:
            DivergedError: the loss is not finite.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss, targets = self._backward(examples)
        if not math.isfinite(loss):
            raise DivergedError(f"the loss became {loss}")
        self.accelerator.clip_grad_norm_(self.model.parameters(), self.max_grad_norm)
        self.optimizer.step()
        if self.ranks is not None:
            if self.optimizer.step_was_skipped:  # float16 gradients overflowed, so they say nothing about any rank
                self.optimizer.zero_grad(set_to_none=False)
            self.ranks.after_step(number)
        self.optimizer.zero_grad()
        return loss, targets

    def validate(self, examples: Sequence[EncodedExample]) -> float:
        """The mean loss per target token over the validation examples."""
        import torch

        self.model.eval()
        total, targets = 0.0, 0
        with torch.no_grad(), self.meter.phase("validate"):
            for batch in micro_batches(examples, self.token_budget):
                total += self._loss(batch).item()
                targets += sum(len(example.target) for example in batch)
                self.meter.count_tokens(sum(example.length for example in batch))
        self.model.train()
        return total / max(1, targets)

    def _backward(self, examples: Sequence[EncodedExample]) -> tuple[float, int]:
        """Accumulate the gradients of an effective batch, with smaller micro-batches if the GPU runs out of memory."""
        import torch

        targets = sum(len(example.target) for example in examples)
        while True:
            try:
                return self._accumulate(examples, targets), targets
            except torch.cuda.OutOfMemoryError:
                longest = max(example.length for example in examples)
                if self.token_budget <= longest:  # a single example does not fit: that is a result
                    raise
                self.token_budget = max(longest, self.token_budget // 2)
                self.optimizer.zero_grad()
                torch.cuda.empty_cache()

    def _accumulate(self, examples: Sequence[EncodedExample], targets: int) -> float:
        total = 0.0
        for batch in micro_batches(examples, self.token_budget):
            loss = self._loss(batch) / targets
            self.accelerator.backward(loss)
            total += loss.item()
            self.meter.count_tokens(sum(example.length for example in batch))
        if self.ranks is not None:  # minimized, but not part of the loss that strategies are compared by
            self.accelerator.backward(self.ranks.penalty())
        return total

    def _loss(self, batch: Sequence[EncodedExample]) -> Any:
        with self.accelerator.autocast():
            return batch_loss(self.model, batch, self.pad_id, self.accelerator.device, self.shape)
