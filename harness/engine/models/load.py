"""A model and its tokenizer in memory, in 4 bits if requested, with what training and prediction must know about them."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.engine.models.device import Device
from harness.engine.models.folder_check import check_config, has_tokenizer, number_formats_of, parameters_of
from harness.engine.models.four_bit import avoid_repacking, quantization_config, quantize_when_moved
from harness.engine.models.head import draw_parameters, head_modules, reorder_outputs, set_labels, stored_rows
from harness.engine.models.peft_import import import_peft
from harness.engine.models.quiet import quiet_libraries
from harness.engine.models.resolve import TINY, ModelSource
from harness.engine.models.shape import AUTO_CLASS, shape_of
from harness.engine.models.tokenizer_reading import read_tokenizer, try_tokenizer
from harness.errors import BenchError, first_line, setting
from harness.garbage import without_garbage_collection
from harness.types import QuantizationSpec, Shape

_MAX_GROWTH = 4  # how many times as many weights a model may have as its files hold, some of which are shared
_SMALL_MODEL = 20_000_000  # weights that a model may have in any case
_DEFAULT_CONTEXT = 2048
_OUT_OF_MEMORY = ("out of memory", "not enough memory", "can't allocate memory")  # as torch says it


@dataclass
class LoadedModel:
    """A model on its device with its tokenizer."""

    model: Any
    tokenizer: Any
    context: int
    """The longest sequence, in tokens."""
    parameters: int
    """The weights of the base model, without adapters."""
    shape: Shape = "decoder"
    added_tokens: int = 0
    """The embeddings that a foreign adapter has added to those of the base model."""


def load_model(
    source: ModelSource,
    device: Device,
    *,
    full_precision: bool = False,
    quantization: QuantizationSpec | None = None,
    trust_remote_code: bool = False,
    labels: Sequence[str] = (),
    to_divide: bool = False,
) -> LoadedModel:
    """Load a model from safetensors.

    Args:
        full_precision: keep the weights in float32 whatever the device's dtype, as weights that are trained need it. An encoder's weights
            always stay in float32, because every strategy trains its head.
        quantization: load the linear layers in 4 bits; an encoder's head is not quantized.
        labels: the labels that an encoder chooses from, in this order. A stored head for the same labels is kept, any other drawn anew.
        to_divide: leave the weights of a decoder in host memory, to be converted and moved block by block when the model is divided among
            processes. Where the files have the number format of the model, or all a 16-bit one, the weights are the files themselves,
            mapped into memory, of which all processes share one copy. 4-bit layers are quantized when they are moved.

    Raises:
        BenchError: the folder does not contain a complete language model, or an encoder gets no labels.
    """
    tokenizer, config, shape = _read(source, trust_remote_code)
    import torch
    import transformers

    head_rows = _prepare_head(source, config, shape, labels)
    dtype = torch.float32 if full_precision or shape == "encoder" else device.torch_dtype
    options: dict[str, Any] = {"dtype": dtype, "use_safetensors": True, "trust_remote_code": trust_remote_code}
    if to_divide and full_precision:
        options["dtype"] = _stored_dtype(source)
    if quantization is not None:
        import_peft()
    if quantization is not None and not to_divide:
        unpacked = head_modules(_without_weights(config, shape, trust_remote_code)) if shape == "encoder" else None
        options["quantization_config"] = quantization_config(quantization, dtype if full_precision else device.torch_dtype, unpacked)
        options["device_map"] = {"": torch.cuda.current_device() if device.kind == "cuda" else "cpu"}
    with explain_loading(source.name):
        _check_size(source, _without_weights(config, shape, trust_remote_code))
        model, info = getattr(transformers, AUTO_CLASS[shape]).from_pretrained(
            str(source.folder), config=config, output_loading_info=True, ignore_mismatched_sizes=True, **options
        )
    missing = set(info["missing_keys"]) | {key for key, *_ in info["mismatched_keys"]}
    _require_complete(source, model, missing, shape)
    if shape == "encoder":
        _complete_head(model, missing, head_rows)
    if quantization is not None and to_divide:
        quantize_when_moved(model, quantization, dtype if full_precision else device.torch_dtype)
    if quantization is not None:
        avoid_repacking(model)
    elif not to_divide:
        model.to(device.kind)
    if shape != "encoder":
        model.config.use_cache = True
    model.eval()
    with explain_loading(source.name):
        return _loaded(model, tokenizer, shape)


def load_skeleton(source: ModelSource, *, trust_remote_code: bool = False, labels: Sequence[str] = ()) -> LoadedModel:
    """The tokenizer, and the model without its weights (on torch's meta device): enough to try out prompts and adapters.

    Raises:
        BenchError: as `load_model`, or the model cannot be used for generation.
    """
    tokenizer, config, shape = _read(source, trust_remote_code)
    _prepare_head(source, config, shape, labels)
    with explain_loading(source.name):
        model = _without_weights(config, shape, trust_remote_code)
        _check_size(source, model)
    if shape != "encoder" and "cache" not in inspect.signature(model.forward).parameters:
        raise BenchError(f"the model '{source.name}' ({type(model).__name__}) has no key-value cache, which bench needs to generate")
    with explain_loading(source.name):
        return _loaded(model, tokenizer, shape)


def load_description(source: ModelSource, *, labels: Sequence[str] = (), trust_remote_code: bool = False) -> LoadedModel:
    """The model that a config.json describes, without its weights, which need not be there.

    Where the folder has no tokenizer, texts are cut by that of the included model, whose small vocabulary makes more tokens of them.

    Raises:
        BenchError: the configuration cannot be read, describes more than any model has, or is not that of a language model.
    """
    quiet_libraries()
    from transformers import AutoConfig

    check_config(source.folder)
    with explain_loading(source.name):
        config = AutoConfig.from_pretrained(str(source.folder), trust_remote_code=trust_remote_code)
        shape = shape_of(config)
        words = source.folder if has_tokenizer(source.folder) else TINY
        tokenizer = read_tokenizer(words, trust_remote_code=trust_remote_code)
    _prepare_head(source, config, shape, labels)
    with explain_loading(source.name):
        return _loaded(_without_weights(config, shape, trust_remote_code), tokenizer, shape)


def load_tokenizer(source: ModelSource) -> Any:
    """The tokenizer of a model, without the code that comes with it.

    Raises:
        BenchError: the folder has no tokenizer that can be loaded.
    """
    quiet_libraries()
    check_config(source.folder)
    with explain_loading(source.name):
        return read_tokenizer(source.folder)


def use_tokenizer_of(folder: Path, loaded: LoadedModel) -> LoadedModel:
    """The model with the tokenizer in another folder, whose code is not run.

    Raises:
        BenchError: it cannot be loaded.
    """
    with explain_loading(str(folder)):
        return _loaded(loaded.model, read_tokenizer(folder), loaded.shape)


def shape_of_model(source: ModelSource, *, trust_remote_code: bool = False) -> Shape:
    """The shape of a model, from its configuration alone.

    Raises:
        BenchError: it is not a language model.
    """
    quiet_libraries()
    check_config(source.folder)
    with without_garbage_collection(), explain_loading(source.name):  # to know the shape, transformers imports half of its modules
        from transformers import AutoConfig

        return shape_of(AutoConfig.from_pretrained(str(source.folder), trust_remote_code=trust_remote_code))


def has_head(source: ModelSource, labels: Sequence[str], *, trust_remote_code: bool = False) -> bool:
    """Whether the model comes with a classification head that was trained for exactly these labels.

    Raises:
        BenchError: it is not a language model.
    """
    _, config, shape = _read(source, trust_remote_code)
    return shape == "encoder" and stored_rows(config, labels) is not None


def head_labels(source: ModelSource, *, trust_remote_code: bool = False) -> tuple[str, ...]:
    """The labels of an encoder's stored classification head, in their order; none without such a head.

    Raises:
        BenchError: it is not a language model.
    """
    _, config, shape = _read(source, trust_remote_code)
    labels = tuple(str(name) for _, name in sorted(config.id2label.items())) if shape == "encoder" else ()
    return labels if labels and stored_rows(config, labels) is not None else ()


def context_length(model: Any, tokenizer: Any) -> int:
    """The longest sequence in tokens that both the model and the tokenizer accept; 2048 if neither has a limit."""
    names = ("max_position_embeddings", "n_positions", "seq_length", "max_encoder_position_embeddings")
    limits = [getattr(model.config, name, None) for name in names]
    limits.append(tokenizer.model_max_length)
    for name, module in model.named_modules():
        # RoBERTa and its relatives count positions from behind the position of the padding.
        padding = getattr(module, "padding_idx", None)
        if name.endswith("position_embeddings") and padding is not None:
            limits.append(module.num_embeddings - padding - 1)
    finite = [int(n) for n in limits if n and n < 10**9]  # tokenizers write 1e30 for "no limit"
    return min(finite, default=_DEFAULT_CONTEXT)


def _read(source: ModelSource, trust_remote_code: bool) -> tuple[Any, Any, Shape]:
    """The tokenizer, the configuration and the shape of a model."""
    quiet_libraries()
    from transformers import AutoConfig

    check_config(source.folder)
    with explain_loading(source.name):
        tokenizer = read_tokenizer(source.folder, trust_remote_code=trust_remote_code)
        config = AutoConfig.from_pretrained(str(source.folder), trust_remote_code=trust_remote_code)
        return tokenizer, config, shape_of(config)


def _prepare_head(source: ModelSource, config: Any, shape: Shape, labels: Sequence[str]) -> list[int] | None:
    """Set an encoder's labels in its configuration; returns their rows in the stored head, or None if a new head must be drawn."""
    if shape != "encoder":
        return None
    if not labels:
        raise BenchError(
            f"the model '{source.name}' is an encoder ({config.model_type}): it can only choose among labels and writes no text. Use it "
            "for a task of the kind classification, or a task with labels."
        )
    rows = stored_rows(config, labels)
    set_labels(config, labels)
    return rows


def _without_weights(config: Any, shape: Shape, trust_remote_code: bool) -> Any:
    import torch
    import transformers

    with torch.device("meta"):
        return getattr(transformers, AUTO_CLASS[shape]).from_config(config, trust_remote_code=trust_remote_code)


def _stored_dtype(source: ModelSource) -> Any:
    """The torch dtype that holds all stored weights exactly."""
    import torch

    sixteen_bit = {frozenset({"BF16"}): torch.bfloat16, frozenset({"F16"}): torch.float16}
    return sixteen_bit.get(number_formats_of(source.folder), torch.float32)


def _require_complete(source: ModelSource, model: Any, missing: set[str], shape: Shape) -> None:
    """Refuse a model whose files lack parameters other than an encoder's head: they would silently be random.

    Args:
        missing: the parameters that the files lack, or have in another size.
    """
    heads = tuple(f"{name}." for name in head_modules(model)) if shape == "encoder" else ()
    lacking = sorted(name for name in missing if not name.startswith(heads))
    if lacking:
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        raise BenchError(
            f"{source.folder}: its weights do not make a complete {type(model).__name__}: missing, or of another size: {lacking[0]}{more}"
        )


def _complete_head(model: Any, missing: set[str], head_rows: Sequence[int] | None) -> None:
    """Draw what an encoder's head lacks; draw all of it if there is no head for these labels."""
    heads = tuple(f"{name}." for name in head_modules(model))
    inside = f"{model.base_model_prefix}."  # a pooler that was trained with the encoder stays
    head = {n for n, _ in model.named_parameters() if n.startswith(heads) and not n.startswith(inside)}
    draw_parameters(model, missing if head_rows is not None else missing | head)
    if head_rows is not None:
        reorder_outputs(model, head_rows)


def _loaded(model: Any, tokenizer: Any, shape: Shape) -> LoadedModel:
    try_tokenizer(tokenizer)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    if shape == "encoder" and model.config.get_text_config().pad_token_id is None:  # heads that read the last token need it
        model.config.get_text_config().pad_token_id = tokenizer.pad_token_id
    return LoadedModel(model, tokenizer, context_length(model, tokenizer), _parameters(model), shape)


@contextlib.contextmanager
def explain_loading(name: str) -> Iterator[None]:
    """Name the model in every error about its files, which may be a stranger's: the libraries raise all kinds of exceptions for them, and
    the tokenizers, written in Rust, panic. A lack of memory stays what it is.

    Raises:
        BenchError: something inside raised an exception.
    """
    try:
        yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError):
        raise
    except BaseException as error:
        if isinstance(error, RuntimeError) and any(words in str(error) for words in _OUT_OF_MEMORY):
            raise
        hint = f" If you trust its code, allow it with {setting('trust_remote_code')}." if "trust_remote_code" in str(error) else ""
        raise BenchError(f"the model '{name}' cannot be loaded: {first_line(error)}{hint}") from error


def _check_size(source: ModelSource, skeleton: Any) -> None:
    """Refuse a configuration that describes far more weights than the files hold: memory would be filled with random ones.

    Raises:
        BenchError: there are too many.
    """
    stored = parameters_of(source.folder)
    described = sum(tensor.numel() for tensor in (*skeleton.parameters(), *skeleton.buffers()))
    if stored is not None and described > max(_SMALL_MODEL, _MAX_GROWTH * stored):
        raise BenchError(f"config.json describes {described:,} weights, but the files hold {stored:,}")


def _parameters(model: Any) -> int:
    """The number of weights; a 4-bit tensor has two in each byte."""
    total = 0
    for parameter in model.parameters():
        state = getattr(parameter, "quant_state", None)
        total += state.shape.numel() if state is not None else parameter.numel()
    return total
