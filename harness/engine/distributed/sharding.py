"""A model divided among processes: each holds an equal part of the rows of every weight, and collects a block's weights to compute it.

This is FSDP2, `torch.distributed.fsdp.fully_shard`, called directly. accelerate's way to it does not fit for three reasons: it leaves 4-bit
weights that are stored as uint8 whole on every process, it needs the whole model on a process before it divides it, and it takes its
settings from environment variables. Numbers stay in the formats of a single process, so that the result does, too.
"""

from __future__ import annotations

from typing import Any

from harness.engine.distributed.process_group import ProcessGroup
from harness.types import Shape, Strategy, TrainSpec

# How PEFT may initialize LoRA on weights that are not quantized yet; the other ways compute with them.
_INITIALIZED_WITHOUT_BASE = (None, True, False, "gaussian")


def can_shard(strategy: Strategy, shape: Shape) -> bool:
    """Whether a model that is trained with this strategy can be divided; otherwise each process trains a whole copy on its examples.

    Full fine-tuning and LoRA of decoders can, with AdamW on float32 weights. Other adapters may read weights outside of their block's
    computation, where they are not collected. The norms of DoRA's layers, and LoRA's initial values from the base's singular values,
    cannot be computed from a base in 4 bits that is quantized only when it is divided.
    """
    if shape != "decoder" or not _steps_in_parts(strategy.train):
        return False
    if strategy.method == "full":
        return True
    adapter = strategy.adapter
    if strategy.method != "peft" or str(adapter.get("peft_type")).upper() != "LORA":
        return False
    plain = not adapter.get("use_dora") and adapter.get("init_lora_weights") in _INITIALIZED_WITHOUT_BASE
    return plain if strategy.quantization is not None else True


def shard(model: Any, group: ProcessGroup, *, full_precision: bool = False) -> None:
    """Divide a model in place. Its weights may be in host memory: each block is moved to the device, divided, and let go of in turn.

    Args:
        model: a decoder of transformers, or PEFT's wrapper of one. Layers of `quantize_when_moved` are quantized here.
        full_precision: convert the weights to float32, block by block.
    """
    import torch
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh(group.device, (group.size,))
    device = torch.device(group.device, group.rank) if group.device == "cuda" else torch.device("cpu")
    for block in (*_blocks(model), model):
        if full_precision:
            _widen(block)
        block.to(device)
        # Also of the outermost module, which would otherwise show whole weights after a validation: a checkpoint needs the divided ones.
        fully_shard(block, mesh=mesh, reshard_after_forward=True)


def _steps_in_parts(recipe: TrainSpec | None) -> bool:
    """Whether the optimizer can step the rows of a weight apart. Those of 8 bits and Adafactor look at blocks of it, or at all of it."""
    return recipe is None or (recipe.optimizer == "adamw" and recipe.weights == "float32")


def is_sharded(model: Any) -> bool:
    """Whether the model is divided among processes. The gradients of such a model are means over the processes."""
    from torch.distributed.fsdp import FSDPModule

    return isinstance(model, FSDPModule)


def _blocks(model: Any) -> list[Any]:
    """The parts whose weights are collected together: the layers, and the embeddings before and behind them unless they are the same."""
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    names = set(base._no_split_modules or ())
    blocks = [module for module in base.modules() if type(module).__name__ in names]
    before, behind = base.get_input_embeddings(), base.get_output_embeddings()
    tied = {id(p) for p in before.parameters()} & {id(p) for p in behind.parameters()}
    return blocks if tied else [*blocks, before, behind]


def _widen(block: Any) -> None:
    import torch

    for parameter in block.parameters():
        if parameter.dtype in (torch.bfloat16, torch.float16):
            parameter.data = parameter.data.float()
