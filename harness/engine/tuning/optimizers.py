"""The optimizer of a recipe, and its state as named tensors for checkpoints."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from harness.engine.distributed import StateRows, is_divided, local_part
from harness.engine.models import import_peft
from harness.types import TrainSpec

RATE_FACTOR = "rate_factor"  # of a parameter group: its learning rate as a multiple of the schedule's
_CONSTANTS = ("qmap1", "qmap2")  # the codes of 8-bit states: the same for every tensor, and set when states are made


def make_optimizer(model: Any, recipe: TrainSpec, *, seed: int = 0, offloaded: bool = False) -> Any:
    """The optimizer for the trained weights of a model. The learning rate is set before each step.

    Weights in bfloat16 are stepped on a float32 copy and rounded as the recipe's `updates` says.

    Args:
        seed: of the rounding.
        offloaded: keep the states on the CPU, and take the steps there.
    """
    import torch

    from harness.engine.tuning.staged_optimizer import StagedOptimizer

    named = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    groups = _groups(named, recipe.lora_plus)
    if offloaded or recipe.weights == "bfloat16":
        place = torch.device("cpu") if offloaded else None
        return StagedOptimizer(groups, lambda tensors: _make(tensors, recipe), seed, place, compensates=recipe.updates == "compensated")
    return _make(groups, recipe)


def optimizer_tensors(optimizer: Any) -> dict[str, Any]:
    """The state of an optimizer, by the number of the weight and a name. A whole number becomes a tensor without dimensions."""
    import torch

    tensors = {}
    for i, parameter in enumerate(_parameters(optimizer)):
        for name, value in optimizer.state.get(parameter, {}).items():
            if name in _CONSTANTS:
                continue
            tensor = value if isinstance(value, torch.Tensor) else torch.tensor(value)
            is_part = is_divided(parameter) and tensor.ndim and not is_divided(tensor)
            tensors[f"{i}.{name}"] = StateRows(tensor, parameter) if is_part else tensor
    return tensors


def restore_optimizer(optimizer: Any, tensors: Mapping[str, Any]) -> None:
    """Restore the state that `optimizer_tensors` returned."""
    from harness.engine.tuning.staged_optimizer import COMPENSATION, StagedOptimizer

    optimizer = getattr(optimizer, "optimizer", optimizer)  # accelerate's wrapper hides methods
    states: dict[int, dict[str, Any]] = {}
    for key, value in tensors.items():
        index, name = key.split(".", 1)
        states.setdefault(int(index), {})[name] = value
    for i, parameter in enumerate(_parameters(optimizer)):
        if i not in states:
            continue
        if isinstance(optimizer, StagedOptimizer):
            values = {name: local_part(value) for name, value in states[i].items()}
            compensation = values.pop(COMPENSATION, None)
            inner, stand_in = optimizer.stand_in(parameter)
            _restore_state(inner, stand_in, values)
            optimizer.settle(parameter, compensation)
        else:
            _restore_state(optimizer, parameter, states[i])


def _make(tensors: Sequence[Any], recipe: TrainSpec) -> Any:
    """The optimizer of these weights or parameter groups.

    Adafactor takes the learning rate as AdamW does: neither relative to the step nor to the size of the weights.
    """
    import torch

    options: dict[str, Any] = {"lr": 0.0, "weight_decay": recipe.weight_decay}
    first = tensors[0]["params"][0] if isinstance(tensors[0], dict) else tensors[0]
    if recipe.optimizer == "adamw":
        # On a CPU, in one pass over weights, gradients and states, which torch does only where it is asked to. None: as torch chooses.
        return torch.optim.AdamW(tensors, fused=True if first.device.type == "cpu" else None, **options)
    if recipe.optimizer == "adafactor":
        from transformers.optimization import Adafactor

        return Adafactor(tensors, scale_parameter=False, relative_step=False, **options)
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    import_peft()
    import bitsandbytes

    paged = recipe.optimizer.startswith("paged") and first.device.type != "cpu"  # there, nothing needs to move
    return bitsandbytes.optim.AdamW(tensors, optim_bits=8 if recipe.optimizer.endswith("8bit") else 32, is_paged=paged, **options)


def _groups(named: list[tuple[str, Any]], lora_plus: float | None) -> list[dict[str, Any]]:
    """The trained weights; with LoRA+ (Hayou, Ghosh and Yu, 2024), the matrices B are a group with a higher learning rate."""
    is_b = [lora_plus is not None and (".lora_B." in name or ".lora_embedding_B." in name) for name, _ in named]
    groups = [
        {"params": [p for (_, p), b in zip(named, is_b, strict=True) if b is part], RATE_FACTOR: factor}
        for part, factor in ((False, 1.0), (True, lora_plus))
    ]
    return [group for group in groups if group["params"]]


def _parameters(optimizer: Any) -> list[Any]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _restore_state(optimizer: Any, parameter: Any, values: Mapping[str, Any]) -> None:
    if hasattr(optimizer, "init_state"):  # bitsandbytes makes its own tensors, which may be paged
        group = next(group for group in optimizer.param_groups if any(each is parameter for each in group["params"]))
        optimizer.init_state(group, parameter, 0, 0)
        state = optimizer.state[parameter]
        for name, value in values.items():
            if value.ndim:
                state[name].copy_(value)
            else:
                state[name] = int(value)
        return
    # The step of AdamW stays on the CPU, where torch counts it.
    optimizer.state[parameter] = {
        name: int(value) if not (value.ndim or value.is_floating_point()) else value if name == "step" else value.to(parameter.device)
        for name, value in values.items()
    }
