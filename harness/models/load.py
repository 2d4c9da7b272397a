"""A model and its tokenizer in memory, in 4 bits if asked, with what a training loop and a decoder need to know of them."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from harness.errors import BenchError, first_line
from harness.models.device import Device
from harness.models.quiet import quiet_libraries
from harness.models.resolve import ModelSource
from harness.types import QuantizationSpec, Shape


@dataclass
class LoadedModel:
    """`model` is a model of that `shape` on its device; `context` its longest sequence in tokens; `parameters` counts the base."""

    model: Any
    tokenizer: Any
    context: int
    parameters: int
    shape: Shape = "decoder"


def load_model(
    source: ModelSource,
    device: Device,
    *,
    full_precision: bool = False,
    quantization: QuantizationSpec | None = None,
    trust_remote_code: bool = False,
) -> LoadedModel:
    """Load from safetensors.

    Args:
        full_precision: keep the weights in float32 whatever the device's dtype: weights that are trained need it.
        quantization: load the linear layers in 4 bits.

    Raises:
        BenchError: when the folder does not hold a causal language model that can be loaded.
    """
    quiet_libraries()
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    dtype = torch.float32 if full_precision else device.torch_dtype
    options: dict[str, Any] = {"dtype": dtype, "use_safetensors": True, "trust_remote_code": trust_remote_code}
    if quantization is not None:
        options["quantization_config"] = _bitsandbytes(quantization, dtype)
        options["device_map"] = {"": 0 if device.kind == "cuda" else "cpu"}
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(source.folder), trust_remote_code=trust_remote_code)
        model = AutoModelForCausalLM.from_pretrained(str(source.folder), **options)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise _cannot_load(source, error) from None
    if quantization is None:
        model.to(device.kind)
    else:
        avoid_repacking(model)
    model.config.use_cache = True
    model.eval()
    return _loaded(model, tokenizer)


def load_skeleton(source: ModelSource, *, trust_remote_code: bool = False) -> LoadedModel:
    """The tokenizer, and the model without its weights (on torch's meta device): enough to try prompts and adapters on.

    Raises:
        BenchError: as `load_model` does.
    """
    quiet_libraries()
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(str(source.folder), trust_remote_code=trust_remote_code)
        config = AutoConfig.from_pretrained(str(source.folder), trust_remote_code=trust_remote_code)
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(config, trust_remote_code=trust_remote_code)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise _cannot_load(source, error) from None
    if "cache" not in inspect.signature(model.forward).parameters:
        raise BenchError(f"the model '{source.name}' ({type(model).__name__}) has no key-value cache, which bench needs to generate")
    return _loaded(model, tokenizer)


def avoid_repacking(model: Any) -> None:
    """Keep bitsandbytes from repacking 4-bit weights on CPUs with AVX512-BF16.

    The first forward pass without gradients would repack them, and training afterwards runs with wrong gradients in silence
    (bitsandbytes 0.50.2; cosine to the right ones about 0.2). The switch is an attribute of each layer.
    """
    from bitsandbytes.nn import Linear4bit

    for module in model.modules():
        if isinstance(module, Linear4bit):
            module.support_avx512bf16_for_cpu = False


def context_length(config: Any, tokenizer: Any) -> int:
    """The longest sequence, in tokens, that both the model and the tokenizer say they take; 2048 where neither says."""
    limits = [getattr(config, name, None) for name in ("max_position_embeddings", "n_positions", "seq_length")]
    limits.append(tokenizer.model_max_length)
    said = [int(n) for n in limits if n and n < 10**9]  # tokenizers say 1e30 for "no limit"
    return min(said, default=2048)


def _loaded(model: Any, tokenizer: Any) -> LoadedModel:
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    return LoadedModel(model, tokenizer, context_length(model.config, tokenizer), _parameters(model))


def _cannot_load(source: ModelSource, error: Exception) -> BenchError:
    hint = " Say --trust-remote-code if you trust its code." if "trust_remote_code" in str(error) else ""
    return BenchError(f"the model '{source.name}' cannot be loaded as a causal language model: {first_line(error)}{hint}")


def _bitsandbytes(spec: QuantizationSpec, dtype: Any) -> Any:
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type=spec.type,
        bnb_4bit_use_double_quant=spec.double_quantization,
        bnb_4bit_compute_dtype=dtype,
    )


def _parameters(model: Any) -> int:
    """Parameters of the base model; a 4-bit tensor holds two in a byte."""
    total = 0
    for parameter in model.parameters():
        state = getattr(parameter, "quant_state", None)
        total += state.shape.numel() if state is not None else parameter.numel()
    return total
