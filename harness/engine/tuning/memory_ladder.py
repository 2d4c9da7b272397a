"""The memory ladder: what a training does, one thing after the other, until it fits its device.

Smaller micro-batches and gradient checkpointing are taken within a step, whose gradients are computed again. States or weights on the CPU
need a new start from the last checkpoint, because memory can also run out while weights are loaded or in the middle of an update.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from harness.engine.adapters import peft_type
from harness.engine.tuning.layer_checkpoints import find_checkpointing_problem
from harness.types import MEMORY_STEPS, LadderPlace, MemoryStep, Strategy, TrainSpec


class MemoryLadder:
    """Where a training is on the ladder. `token_budget` is the most tokens of a micro-batch."""

    def __init__(
        self,
        place: LadderPlace,
        planned_tokens: int,
        start_checkpointing: Callable[[], None] | None,
        on_place: Callable[[LadderPlace], None] = lambda place: None,
    ) -> None:
        """
        Args:
            place: where the training begins.
            planned_tokens: the planned micro-batch.
            start_checkpointing: turns gradient checkpointing on; None if the strategy or the model does not allow it, or it is on.
            on_place: is called with each place that is taken later.
        """
        self.step, self.token_budget = place.step, planned_tokens
        self._planned = planned_tokens
        self._start_checkpointing = start_checkpointing
        self._on_place = on_place
        if start_checkpointing is not None and reaches(place.step, "gradient-checkpointing"):
            self._checkpoint()
        if place.micro_batch_tokens is not None:
            self.token_budget = min(planned_tokens, place.micro_batch_tokens)

    @property
    def place(self) -> LadderPlace:
        """Where an attempt would begin that starts now."""
        return LadderPlace(self.step, None if self.token_budget == self._planned else self.token_budget)

    def relieve(self, longest: int) -> bool:
        """Take less memory in the next attempt of a step whose longest example has so many tokens.

        Returns:
            Whether there was anything left to do; if not, only a new start can help.
        """
        if self.token_budget > longest:
            self.token_budget = max(longest, self.token_budget // 2)
            self.step = later(self.step, "smaller-micro-batches")
        elif self._start_checkpointing is not None:
            self._checkpoint()
        else:
            return False
        self._on_place(self.place)
        return True

    def _checkpoint(self) -> None:
        """Keep no activations inside layers, which leaves room for the planned micro-batch again."""
        assert self._start_checkpointing is not None
        self._start_checkpointing()
        self._start_checkpointing = None
        self.step, self.token_budget = later(self.step, "gradient-checkpointing"), self._planned


def reaches(step: MemoryStep, other: MemoryStep) -> bool:
    """Whether a step of the ladder is the other one, or comes after it."""
    return MEMORY_STEPS.index(step) >= MEMORY_STEPS.index(other)


def later(step: MemoryStep, other: MemoryStep) -> MemoryStep:
    """The later one of two steps."""
    return step if reaches(step, other) else other


def can_checkpoint(recipe: TrainSpec, model: Any) -> bool:
    """Whether the ladder may turn gradient checkpointing on for this model, with or without an adapter."""
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    config = getattr(model, "active_peft_config", None)
    kind = str(getattr(config.peft_type, "value", config.peft_type)) if config is not None else None
    return recipe.gradient_checkpointing == "auto" and find_checkpointing_problem(base, kind) is None


def list_restarts(strategy: Strategy, device_kind: str, *, divided: bool = False) -> Sequence[MemoryStep]:
    """The steps that need a new start, in their order, as far as the strategy and the device allow them.

    Args:
        divided: whether the weights are divided among processes, where they stay.

    Paged states move to the CPU by themselves. Weights come to the GPU layer by layer only where nothing reads them outside of their layer:
    plain LoRA, on a base that is not packed in 4 bits.
    """
    recipe = strategy.train
    if recipe is None or device_kind == "cpu":
        return ()
    steps: list[MemoryStep] = []
    if not recipe.optimizer.startswith("paged"):
        steps.append("offloaded-optimizer")
    plain_lora = strategy.method == "peft" and peft_type(strategy) == "LORA" and not strategy.adapter.get("use_dora")
    if plain_lora and strategy.quantization is None and not divided:
        steps.append("offloaded-weights")
    return steps
