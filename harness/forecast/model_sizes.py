"""How many parameters a model has, by kind, and the bytes that they take: from shapes alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.types import QuantizationSpec, TrainSpec

_BLOCK = 64  # weights that share a constant in 4-bit formats (bitsandbytes' default)
_OUTER_BLOCK = 256  # constants that share a constant with double quantization (QLoRA, section 3)
_TABLE_BYTES = 4 * (16 + 256)  # of a quantized layer: the values of the two formats
_EIGHT_BIT_FROM = 4096  # smaller tensors keep states in 32 bits (bitsandbytes' min_8bit_size)
_STATE_BLOCK = 256  # of 8-bit states, each block with one constant


@dataclass(frozen=True)
class Weight:
    """One parameter, or what an adapter adds.

    Attributes:
        packs: whether 4-bit formats pack it: the linear layers, but for the output layer and the head of an encoder.
        is_base: whether it belongs to the base model.
        is_embedding: whether it is looked up instead of multiplied.
    """

    shape: tuple[int, ...]
    packs: bool
    is_base: bool
    is_trained: bool
    is_embedding: bool

    @property
    def count(self) -> int:
        """Its numbers."""
        total = 1
        for size in self.shape:
            total *= size
        return total


@dataclass(frozen=True)
class ModelSizes:
    """The weights of a model with its adapter. Tied weights count once."""

    weights: tuple[Weight, ...]

    @property
    def base(self) -> int:
        """The parameters of the base model."""
        return sum(each.count for each in self.weights if each.is_base)

    @property
    def trained(self) -> int:
        """The parameters that are trained."""
        return sum(each.count for each in self.weights if each.is_trained)

    @property
    def adapter(self) -> int:
        """The parameters that an adapter adds."""
        return sum(each.count for each in self.weights if not each.is_base)

    @property
    def packed(self) -> int:
        """The parameters that 4-bit formats pack."""
        return sum(each.count for each in self.weights if each.packs)

    @property
    def largest_packed(self) -> int:
        """The parameters of the largest layer that 4-bit formats pack; it is unpacked while it computes."""
        return max((each.count for each in self.weights if each.packs), default=0)

    @property
    def largest_trained(self) -> int:
        """The parameters of the largest trained tensor."""
        return max((each.count for each in self.weights if each.is_trained), default=0)

    def base_bytes(self, width: int, quantization: QuantizationSpec | None) -> tuple[float, float]:
        """The bytes of the base model's weights, and those of the constants of 4-bit formats.

        Args:
            width: bytes of a weight that is not packed.
        """
        if quantization is None:
            return float(width * self.base), 0.0
        layers = sum(each.packs for each in self.weights)
        per_weight = (1 + 4 / _OUTER_BLOCK) / _BLOCK if quantization.double_quantization else 4 / _BLOCK
        return self.packed / 2 + width * (self.base - self.packed), per_weight * self.packed + _TABLE_BYTES * layers

    def state_bytes(self, recipe: TrainSpec) -> float:
        """The bytes of the optimizer's states, with what compensated updates carry from step to step.

        Weights in bfloat16 are stepped on a float32 copy, so that theirs are in float32, too.
        """
        carried = 2.0 * self.trained if recipe.updates == "compensated" else 0.0
        return carried + sum(_state_bytes(each, recipe) for each in self.weights if each.is_trained)


def _state_bytes(weight: Weight, recipe: TrainSpec) -> float:
    count = weight.count
    if recipe.optimizer == "adafactor":  # one state for each row and one for each column (Shazeer and Stern 2018)
        *outer, rows, columns = weight.shape if len(weight.shape) > 1 else (1, 0, count)
        return 4.0 * (rows + columns) * (outer[0] if outer else 1)
    if recipe.optimizer in ("adamw_8bit", "paged_adamw_8bit") and count >= _EIGHT_BIT_FROM:
        return 2.0 * count * (1 + 4 / _STATE_BLOCK)
    return 2.0 * count * 4


def list_weights(model: Any, base_names: frozenset[str]) -> ModelSizes:
    """The weights of a model of transformers, with PEFT's adapter or without one.

    Args:
        base_names: `id`s of the base model's parameters as texts, see `name_parameters`.
    """
    return ModelSizes(tuple(_list_weights(model, base_names)))


def name_parameters(model: Any) -> frozenset[str]:
    """What tells the parameters of a base model from those that an adapter adds later: PEFT moves them, but keeps the objects."""
    return frozenset(str(id(parameter)) for parameter in model.parameters())


def _list_weights(model: Any, base_names: frozenset[str]) -> Iterator[Weight]:
    import torch

    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    output = base.get_output_embeddings() if hasattr(base, "get_output_embeddings") else None
    unpacked = {id(parameter) for module in (output,) if module is not None for parameter in module.parameters()}
    linear = torch.nn.Linear
    packable = {id(m.weight) for m in model.modules() if isinstance(m, linear) and m.weight is not None} - unpacked
    looked_up = {id(m.weight) for m in model.modules() if isinstance(m, torch.nn.Embedding)} - unpacked
    for parameter in model.parameters():
        is_base = str(id(parameter)) in base_names
        yield Weight(
            shape=tuple(parameter.shape),
            packs=is_base and id(parameter) in packable,
            is_base=is_base,
            is_trained=bool(parameter.requires_grad),
            is_embedding=id(parameter) in looked_up,
        )
