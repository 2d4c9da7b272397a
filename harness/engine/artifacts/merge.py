"""A base model and its adapter merged into one model that computes the same, to the precision of float32."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from harness.engine.adapters import load_adapter, peft_type
from harness.engine.artifacts.equivalence import COMPARED_EXAMPLES, measure_difference, next_token_distributions
from harness.engine.foreign import prepare_for_adapter
from harness.engine.inference import Predictor
from harness.engine.models import Device, ModelSource, import_peft, load_model, quiet_libraries
from harness.errors import BenchError, first_line, setting
from harness.results import FinishedCell

_COMPARED_PROMPT_TOKENS = 64  # of each prompt: the comparison runs on the CPU
_MOST_UNPACKED_PARAMETERS = 2_000_000_000  # of a 4-bit base that is merged only to be timed: in float32, they take 8 GB


@dataclass
class Merged:
    """A merged model in float32, in main memory. `unpacked_layers` counts the layers that had been quantized to 4 bits."""

    model: Any
    unpacked_layers: int


def dtype_of(finished: FinishedCell) -> str:
    """The dtype that the cell computed in."""
    return finished.run.results[finished.cell.id].provenance.get("dtype") or str(finished.run.plan.options["dtype"])


def require_mergeable(finished: FinishedCell) -> None:
    """Refuse methods with virtual tokens before anything is loaded: they change no weight of the base model.

    Raises:
        BenchError: the method cannot be merged, or its configuration is damaged.
    """
    quiet_libraries()
    import_peft()
    from peft import PeftConfig

    try:
        config = PeftConfig.from_pretrained(str(finished.files.artifact))
    except (ValueError, TypeError, KeyError) as error:
        raise BenchError(f"{finished.files.artifact / 'adapter_config.json'}: is damaged: {first_line(error)}") from None
    if config.is_prompt_learning:
        raise BenchError(
            f"'{finished.strategy.name}' ({config.peft_type.value}) puts trained tokens in front of the prompt and changes no weights, so "
            f"there is nothing to merge. {_without_merging()}"
        )


def merge_with_base(
    finished: FinishedCell, predictor: Predictor, source: ModelSource, device: Device, *, trust_remote_code: bool
) -> Merged:
    """Merge the cell's adapter into its base model.

    The base is loaded in the dtype that it was measured in and widened afterwards: its rounding is part of what was measured. The merge
    happens in main memory, which has room for a float32 model more often than a GPU has.

    Args:
        predictor: the cell's predictor, for its prompts; its model may have been dropped.

    Raises:
        BenchError: PEFT cannot merge the method into this model, or the merged model computes something else.
    """
    device = replace(device, dtype=dtype_of(finished))
    weights = _dequantized(finished, source, device, trust_remote_code)
    base = _measured_base(finished, source, device, weights, trust_remote_code)
    weight_names = set(base.state_dict())
    adapted = load_adapter(base, finished.files.artifact)
    refusal = _describe_refusal(finished)
    _require_own_weights(base, refusal)
    expected = _distributions(finished, predictor, adapted)
    merged = _merge(adapted, refusal)
    changed = sorted(set(merged.state_dict()) ^ weight_names)
    if changed:
        raise BenchError(
            f"{refusal}: the merged model would not have the weights of its base, for example {changed[0]}. {_without_merging()}"
        )
    difference = measure_difference(expected, _distributions(finished, predictor, merged), "float32")
    if not difference.is_rounding:
        raise BenchError(
            f"{refusal}: PEFT's merge computes something else than the base model with its adapter. Their probabilities differ "
            f"{difference}. {_without_merging()}"
        )
    return Merged(merged, len(weights))


def merge_for_speed(
    finished: FinishedCell, predictor: Predictor, source: ModelSource, device: Device, *, trust_remote_code: bool
) -> Predictor:
    """The predictor with its adapter merged, on the device and in the dtype that the cell computed in, as an export would be served.

    An adapter on a base that is not quantized is merged where it is, which changes `predictor`.

    Raises:
        BenchError: the adapter cannot be merged, or its base has too many 4-bit weights to unpack for this.
    """
    require_mergeable(finished)
    if finished.strategy.quantization is None:
        base, refusal = predictor.loaded.model.get_base_model(), _describe_refusal(finished)
        _require_own_weights(base, refusal)
        merged = _merge(predictor.loaded.model, refusal)
        return replace(predictor, loaded=replace(predictor.loaded, model=merged))
    if predictor.loaded.parameters > _MOST_UNPACKED_PARAMETERS:
        raise BenchError(f"merging would unpack {predictor.loaded.parameters:,} weights of 4 bits, which takes too long to be timed here")
    model = merge_with_base(finished, predictor, source, device, trust_remote_code=trust_remote_code).model
    import torch

    model.to(device=device.kind, dtype=getattr(torch, dtype_of(finished)))
    return replace(predictor, loaded=replace(predictor.loaded, model=model))


def _describe_refusal(finished: FinishedCell) -> str:
    return f"'{finished.strategy.name}' ({peft_type(finished.strategy)}) cannot be merged"


def _without_merging() -> str:
    return f"Without {setting('merge')}, the adapter is exported unchanged."


def _distributions(finished: FinishedCell, predictor: Predictor, model: Any) -> list[Any]:
    examples = finished.run.examples(finished.task.name, first=COMPARED_EXAMPLES)
    return next_token_distributions(replace(predictor, loaded=replace(predictor.loaded, model=model)), examples, _COMPARED_PROMPT_TOKENS)


def _measured_base(finished: FinishedCell, source: ModelSource, device: Device, weights: Mapping[str, Any], trust_remote_code: bool) -> Any:
    """The base model in float32, in main memory, with the unpacked `weights` in the place of the original ones."""
    import torch

    labels = finished.example.choices
    loaded = load_model(source, replace(device, kind="cpu"), trust_remote_code=trust_remote_code, labels=labels)
    if finished.strategy.artifact is not None:
        loaded = prepare_for_adapter(loaded, finished.files.artifact)
    base = loaded.model.float()
    with torch.no_grad():
        for name, weight in weights.items():
            base.get_submodule(name).weight.copy_(weight)
    return base


def _dequantized(finished: FinishedCell, source: ModelSource, device: Device, trust_remote_code: bool) -> Mapping[str, Any]:
    """The unpacked weights of the 4-bit layers by layer name; empty if the strategy does not quantize."""
    quantization, labels = finished.strategy.quantization, finished.example.choices
    if quantization is None:
        return {}
    model = load_model(source, device, quantization=quantization, trust_remote_code=trust_remote_code, labels=labels).model
    from bitsandbytes.functional import dequantize_4bit
    from bitsandbytes.nn import Linear4bit

    layers = {name: module.weight for name, module in model.named_modules() if isinstance(module, Linear4bit)}
    return {name: dequantize_4bit(weight.data, weight.quant_state).cpu() for name, weight in layers.items()}


def _require_own_weights(base: Any, refusal: str) -> None:
    """Refuse an adapter that would change more than it was trained for.

    Raises:
        BenchError: it is on one of two layers that share their weights.
    """
    if _adapts_one_of_two_tied_layers(base):
        raise BenchError(
            f"{refusal}: it changes only the input embeddings or only the output layer, but this model shares their weights, so that the "
            f"merge would change both. {_without_merging()}"
        )


def _adapts_one_of_two_tied_layers(base: Any) -> bool:
    """Whether input embeddings and output layer share their weights and an adapter is on only one of the two.

    PEFT gives the layers of `modules_to_save` weights of their own, so that these share nothing.
    """
    from peft.tuners.tuners_utils import BaseTunerLayer
    from peft.utils.other import AuxiliaryTrainingWrapper

    ends = (base.get_input_embeddings(), base.get_output_embeddings())
    if not base.config.get_text_config().tie_word_embeddings or None in ends:
        return False
    on_one = any(isinstance(end, BaseTunerLayer) for end in ends)
    return on_one and not all(isinstance(end, BaseTunerLayer | AuxiliaryTrainingWrapper) for end in ends)


def _merge(adapted: Any, refusal: str) -> Any:
    """Let PEFT merge the adapter; its warnings address programmers and are not shown.

    Raises:
        BenchError: PEFT cannot merge it.
    """
    family = adapted.get_base_model().config.model_type
    try:
        with warnings.catch_warnings(action="ignore"):
            return adapted.merge_and_unload(safe_merge=True)
    except (NotImplementedError, ValueError, RuntimeError) as error:
        reason = f" ({first_line(error).rstrip('.')})"
    except (AttributeError, TypeError):  # PEFT fails halfway, with a message about its own code
        reason = ""
    raise BenchError(f"{refusal}: PEFT cannot merge this method into a model of the type {family}{reason}. {_without_merging()}")
