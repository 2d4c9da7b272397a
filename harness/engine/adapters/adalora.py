"""What AdaLoRA adds to a training step: it keeps its factors orthogonal and removes ranks by their importance.

PEFT adds the orthogonality penalty to a loss that its own forward pass computes, which is not the loss used here; the removal of ranks is a
call after each step. The importance of a rank is a running mean over the steps, so a checkpoint must store it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def freeze_rank_counts(model: Any) -> None:
    """Keep the divisor of each layer's scale, its initial rank, constant.

    peft 0.21 would train it if the base computes in 16 bits, but does not store it: the loaded adapter would differ.
    """
    for name, parameter in model.named_parameters():
        if ".ranknum." in name:
            parameter.requires_grad_(False)


class RankAllocation:
    """The AdaLoRA part of a training."""

    def __init__(self, tuner: Any) -> None:
        self._tuner = tuner
        self._config = tuner.peft_config[tuner.trainable_adapter_name]
        self._allocator = tuner.rankallocator
        named = list(tuner.model.named_parameters())
        self._rows = [p for name, p in named if "lora_A." in name]  # (r, in)
        self._columns = [p for name, p in named if "lora_B." in name]  # (out, r)

    @staticmethod
    def of(model: Any) -> RankAllocation | None:
        """The rank allocation of a model that is trained with AdaLoRA; None for any other model."""
        tuner = getattr(model, "base_model", None)
        return RankAllocation(tuner) if getattr(tuner, "rankallocator", None) is not None else None

    def penalty(self) -> Any:
        """`orth_reg_weight` times the mean of ‖PPᵀ − I‖ over all factors P (r, features), as in `AdaLoraModel.forward` of peft 0.21.

        Returns a scalar tensor.
        """
        import torch

        factors = [*self._rows, *(p.T for p in self._columns)]
        norms = [torch.linalg.matrix_norm(p @ p.T - torch.eye(len(p), device=p.device)) for p in factors]
        return self._config.orth_reg_weight * torch.stack(norms).mean()

    def after_step(self, step: int) -> None:
        """Update the importance of ranks and remove some.

        Call it after each optimizer step, counted from 1, while the gradients of the step are still there.
        """
        self._tuner.update_and_allocate(step)

    def settle(self) -> None:
        """Drop the ranks whose singular value is 0, so that the model in memory is the one that is stored.

        They are read from the weights, because the best weights may be older than the last removal.
        """
        pattern = {name: (p != 0).view(-1).tolist() for name, p in self._tuner.model.named_parameters() if "lora_E." in name}
        self._tuner.resize_modules_by_rank_pattern(pattern, self._tuner.trainable_adapter_name)
        self._config.rank_pattern = pattern
        self._allocator.reset_ipt()  # which only a training needs
        freeze_rank_counts(self._tuner)

    def tensors(self) -> dict[str, Any]:
        """The state that a checkpoint must store."""
        import torch

        pattern = self._config.rank_pattern or {}
        return (
            {f"importance.{name}": value.contiguous() for name, value in self._allocator.exp_avg_ipt.items()}
            | {f"uncertainty.{name}": value.contiguous() for name, value in self._allocator.exp_avg_unc.items()}
            | {f"pattern.{name}": torch.tensor(kept, dtype=torch.bool) for name, kept in pattern.items()}
        )

    def restore(self, tensors: Mapping[str, Any]) -> None:
        """Restore the state that `tensors` returned."""
        import torch

        parts: dict[str, dict[str, Any]] = {"importance": {}, "uncertainty": {}, "pattern": {}}
        for key, value in tensors.items():
            part, name = key.split(".", 1)
            parts[part][name] = value
        device = self._rows[0].device
        self._allocator.exp_avg_ipt = {name: value.to(device) for name, value in parts["importance"].items()}
        self._allocator.exp_avg_unc = {name: value.to(device) for name, value in parts["uncertainty"].items()}
        self._allocator.ipt = {name: torch.zeros_like(value) for name, value in self._allocator.exp_avg_ipt.items()}
        self._config.rank_pattern = {name: value.tolist() for name, value in parts["pattern"].items()} or None
