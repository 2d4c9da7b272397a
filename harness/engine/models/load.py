"""A model and its tokenizer in memory, in 4 bits if asked, with what a training loop and a decoder need to know of them."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.engine.models.device import Device
from harness.engine.models.head import draw, head_modules, name_labels, reorder, stored_rows
from harness.engine.models.quiet import quiet_libraries
from harness.engine.models.resolve import ModelSource
from harness.engine.models.shape import AUTO_CLASS, shape_of
from harness.errors import BenchError, first_line, setting
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
    labels: Sequence[str] = (),
) -> LoadedModel:
    """Load from safetensors.

    Args:
        full_precision: keep the weights in float32 whatever the device's dtype: weights that are trained need it. Those of an encoder
            always do, since every strategy trains its head.
        quantization: load the linear layers in 4 bits; the head of an encoder stays as it is.
        labels: what an encoder chooses from, in this order. A stored head for these very labels is kept, any other drawn anew.

    Raises:
        BenchError: when the folder does not hold a language model that can be loaded whole, or an encoder gets no labels.
    """
    tokenizer, config, shape = _read(source, trust_remote_code)
    import torch
    import transformers

    rows = _prepare_head(source, config, shape, labels)
    dtype = torch.float32 if full_precision or shape == "encoder" else device.torch_dtype
    options: dict[str, Any] = {"dtype": dtype, "use_safetensors": True, "trust_remote_code": trust_remote_code}
    if quantization is not None:
        unpacked = head_modules(_without_weights(config, shape, trust_remote_code)) if shape == "encoder" else None
        options["quantization_config"] = _bitsandbytes(quantization, dtype if full_precision else device.torch_dtype, unpacked)
        options["device_map"] = {"": 0 if device.kind == "cuda" else "cpu"}
    try:
        model, info = getattr(transformers, AUTO_CLASS[shape]).from_pretrained(
            str(source.folder), config=config, output_loading_info=True, ignore_mismatched_sizes=True, **options
        )
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise _cannot_load(source, error) from None
    _complete(source, model, set(info["missing_keys"]) | {key for key, *_ in info["mismatched_keys"]}, shape, rows)
    if quantization is None:
        model.to(device.kind)
    else:
        avoid_repacking(model)
    if shape != "encoder":
        model.config.use_cache = True
    model.eval()
    return _loaded(model, tokenizer, shape)


def load_skeleton(source: ModelSource, *, trust_remote_code: bool = False, labels: Sequence[str] = ()) -> LoadedModel:
    """The tokenizer, and the model without its weights (on torch's meta device): enough to try prompts and adapters on.

    Raises:
        BenchError: as `load_model` does.
    """
    tokenizer, config, shape = _read(source, trust_remote_code)
    _prepare_head(source, config, shape, labels)
    try:
        model = _without_weights(config, shape, trust_remote_code)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise _cannot_load(source, error) from None
    if shape != "encoder" and "cache" not in inspect.signature(model.forward).parameters:
        raise BenchError(f"the model '{source.name}' ({type(model).__name__}) has no key-value cache, which bench needs to generate")
    return _loaded(model, tokenizer, shape)


def shape_of_model(source: ModelSource, *, trust_remote_code: bool = False) -> Shape:
    """The shape of a model that was found, from its configuration alone.

    Raises:
        BenchError: when it is no language model.
    """
    quiet_libraries()
    from transformers import AutoConfig

    try:
        return shape_of(AutoConfig.from_pretrained(str(source.folder), trust_remote_code=trust_remote_code))
    except (OSError, ValueError, KeyError, ImportError, BenchError) as error:
        raise _cannot_load(source, error) from None


def has_head(source: ModelSource, labels: Sequence[str], *, trust_remote_code: bool = False) -> bool:
    """Whether the model comes with a classification head that was trained for these very labels.

    Raises:
        BenchError: when it is no language model.
    """
    _, config, shape = _read(source, trust_remote_code)
    return shape == "encoder" and stored_rows(config, labels) is not None


def avoid_repacking(model: Any) -> None:
    """Keep bitsandbytes from repacking 4-bit weights on CPUs with AVX512-BF16.

    The first forward pass without gradients would repack them, and training afterwards runs with wrong gradients in silence
    (bitsandbytes 0.50.2; cosine to the right ones about 0.2). The switch is an attribute of each layer.
    """
    from bitsandbytes.nn import Linear4bit

    for module in model.modules():
        if isinstance(module, Linear4bit):
            module.support_avx512bf16_for_cpu = False


def context_length(model: Any, tokenizer: Any) -> int:
    """The longest sequence, in tokens, that both the model and the tokenizer say they take; 2048 where neither says."""
    names = ("max_position_embeddings", "n_positions", "seq_length", "max_encoder_position_embeddings")
    limits = [getattr(model.config, name, None) for name in names]
    limits.append(tokenizer.model_max_length)
    for name, module in model.named_modules():
        # RoBERTa and its kin count positions from behind the padding's own one.
        padding = getattr(module, "padding_idx", None)
        if name.endswith("position_embeddings") and padding is not None:
            limits.append(module.num_embeddings - padding - 1)
    said = [int(n) for n in limits if n and n < 10**9]  # tokenizers say 1e30 for "no limit"
    return min(said, default=2048)


def _read(source: ModelSource, trust_remote_code: bool) -> tuple[Any, Any, Shape]:
    quiet_libraries()
    from transformers import AutoConfig, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(str(source.folder), trust_remote_code=trust_remote_code)
        config = AutoConfig.from_pretrained(str(source.folder), trust_remote_code=trust_remote_code)
        return tokenizer, config, shape_of(config)
    except (OSError, ValueError, KeyError, ImportError, BenchError) as error:
        raise _cannot_load(source, error) from None


def _prepare_head(source: ModelSource, config: Any, shape: Shape, labels: Sequence[str]) -> list[int] | None:
    """Name the labels in the configuration; returns their rows in the stored head, None where a new one must be drawn."""
    if shape != "encoder":
        return None
    if not labels:
        raise BenchError(
            f"the model '{source.name}' is an encoder ({config.model_type}): it can only choose one of some labels and writes no text. "
            "Use it for a task of the kind classification, or one with labels."
        )
    rows = stored_rows(config, labels)
    name_labels(config, labels)
    return rows


def _without_weights(config: Any, shape: Shape, trust_remote_code: bool) -> Any:
    import torch
    import transformers

    with torch.device("meta"):
        return getattr(transformers, AUTO_CLASS[shape]).from_config(config, trust_remote_code=trust_remote_code)


def _complete(source: ModelSource, model: Any, missing: set[str], shape: Shape, rows: Sequence[int] | None) -> None:
    """Put a head on an encoder that lacks one; refuse a model that lacks anything else, which would be left random in silence.

    Args:
        missing: parameters that the files do not hold, or hold in another size.
    """
    heads = tuple(f"{name}." for name in head_modules(model)) if shape == "encoder" else ()
    lacking = sorted(name for name in missing if not name.startswith(heads))
    if lacking:
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        raise BenchError(
            f"{source.folder}: its weights do not make a {type(model).__name__}: missing, or of another size: {lacking[0]}{more}"
        )
    if shape != "encoder":
        return
    inside = f"{model.base_model_prefix}."  # a pooler that was trained with the encoder stays
    head = {n for n, _ in model.named_parameters() if n.startswith(heads) and not n.startswith(inside)}
    draw(model, missing if rows is not None else missing | head)
    if rows is not None:
        reorder(model, rows)


def _loaded(model: Any, tokenizer: Any, shape: Shape) -> LoadedModel:
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    if shape == "encoder" and model.config.get_text_config().pad_token_id is None:  # heads that read the last token need to know it
        model.config.get_text_config().pad_token_id = tokenizer.pad_token_id
    return LoadedModel(model, tokenizer, context_length(model, tokenizer), _parameters(model), shape)


def _cannot_load(source: ModelSource, error: Exception) -> BenchError:
    hint = f" If you trust its code, allow it with {setting('trust_remote_code')}." if "trust_remote_code" in str(error) else ""
    return BenchError(f"the model '{source.name}' cannot be loaded: {first_line(error)}{hint}")


def _bitsandbytes(spec: QuantizationSpec, dtype: Any, unpacked: list[str] | None) -> Any:
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type=spec.type,
        bnb_4bit_use_double_quant=spec.double_quantization,
        bnb_4bit_compute_dtype=dtype,
        llm_int8_skip_modules=unpacked,
    )


def _parameters(model: Any) -> int:
    """Parameters of the base model; a 4-bit tensor holds two in a byte."""
    total = 0
    for parameter in model.parameters():
        state = getattr(parameter, "quant_state", None)
        total += state.shape.numel() if state is not None else parameter.numel()
    return total
