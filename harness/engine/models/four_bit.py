"""4-bit weights by bitsandbytes: whether they work here, how they are configured, and a trap on some CPUs."""

from __future__ import annotations

import importlib.util
from typing import Any

from harness.engine.models.device import Device
from harness.errors import BenchError
from harness.types import QuantizationSpec


def require_four_bit(device: Device, strategy: str) -> None:
    """Refuse a strategy with 4-bit weights where they cannot work, before anything starts.

    Raises:
        BenchError: bitsandbytes is not installed, or does not support the device.
    """
    if device.kind == "mps":
        raise BenchError(
            f"strategy '{strategy}' needs 4-bit weights, which are not supported on the GPU of a Mac: bitsandbytes has no kernels for it "
            "of its own, and would download code from the Hub. Leave out the strategy; those without 4-bit weights, such as lora, work."
        )
    if importlib.util.find_spec("bitsandbytes") is None:
        raise BenchError(f"strategy '{strategy}' needs 4-bit weights, and bitsandbytes is not installed: pip install bitsandbytes")
    if device.kind == "cuda":
        import torch

        if torch.cuda.get_device_capability(0) < (6, 0):
            raise BenchError(f"strategy '{strategy}' needs 4-bit weights, which {device.name} does not support (Pascal or newer does)")


def quantization_config(spec: QuantizationSpec, compute_dtype: Any, unpacked_modules: list[str] | None) -> Any:
    """The configuration of transformers for 4-bit weights.

    Args:
        compute_dtype: the torch dtype that the layers compute in.
        unpacked_modules: modules that are not quantized.
    """
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type=spec.type,
        bnb_4bit_use_double_quant=spec.double_quantization,
        bnb_4bit_compute_dtype=compute_dtype,
        llm_int8_skip_modules=unpacked_modules,
    )


def quantize_when_moved(model: Any, spec: QuantizationSpec, compute_dtype: Any) -> None:
    """Replace the linear layers of a decoder in host memory by 4-bit ones whose weights are quantized when they are moved to a device.

    transformers quantizes all layers while it reads them. Here, one after the other can be quantized, divided among processes, and let go
    of. The packed bytes are the same, but they are stored as bfloat16 numbers: weights in integers cannot be divided.

    Args:
        compute_dtype: the torch dtype that the layers compute in.
    """
    import torch
    from bitsandbytes.nn import Linear4bit, Params4bit
    from transformers.pytorch_utils import Conv1D
    from transformers.quantizers.base import get_keys_to_not_convert
    from transformers.quantizers.quantizers_utils import should_convert_module

    kept = [*get_keys_to_not_convert(model), *(model._keep_in_fp32_modules or ())]
    options = {"compress_statistics": spec.double_quantization, "quant_type": spec.type, "quant_storage": torch.bfloat16}
    for name, module in list(model.named_modules()):
        transposed = isinstance(module, Conv1D)
        if not (transposed or type(module) is torch.nn.Linear) or not should_convert_module(name, kept):
            continue
        weight = module.weight.data.T if transposed else module.weight.data  # (out, in)
        with torch.device("meta"):
            layer = Linear4bit(weight.shape[1], weight.shape[0], module.bias is not None, compute_dtype, **options)
        layer.weight = Params4bit(weight, requires_grad=False, module=layer, **options)
        layer.bias = module.bias
        layer.source_cls = type(module)
        model.set_submodule(name, layer.requires_grad_(False))
    model.is_loaded_in_4bit = True  # as PEFT asks


def avoid_repacking(model: Any) -> None:
    """Keep bitsandbytes from repacking 4-bit weights on CPUs with AVX512-BF16.

    The first forward pass without gradients would repack them, and any training after it would silently compute wrong gradients
    (bitsandbytes 0.50.2; their cosine to the right ones is about 0.2). The switch is an attribute of each layer.
    """
    from bitsandbytes.nn import Linear4bit

    for module in model.modules():
        if isinstance(module, Linear4bit):
            module.support_avx512bf16_for_cpu = False
