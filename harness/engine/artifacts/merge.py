"""Base and adapter as one model, which must compute what the two compute together, to the precision of float32."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

from harness.engine.artifacts.checks import with_adapter
from harness.engine.artifacts.equivalence import TOLERANCE, distributions, furthest_apart
from harness.engine.artifacts.loading import FinishedModel
from harness.engine.models import Device, ModelSource, load_model, quiet_libraries
from harness.errors import BenchError, first_line
from harness.results import FinishedCell

_CONTEXT = 64  # tokens of each prompt on which base and adapter are compared with their merger, which is done on the CPU
_AS_IT_IS = "Without --merge, the adapter is exported as it is."


def dtype_of(finished: FinishedCell) -> str:
    """What the cell computed in."""
    return finished.run.results[finished.cell.id].provenance.get("dtype") or str(finished.run.plan.options["dtype"])


def require_mergeable(finished: FinishedCell) -> None:
    """Refuse methods that put virtual tokens in front of the prompt, before anything is loaded: they change no weight of the base."""
    quiet_libraries()
    from peft import PeftConfig

    try:
        config = PeftConfig.from_pretrained(str(finished.files.artifact))
    except (ValueError, TypeError, KeyError) as error:
        raise BenchError(f"{finished.files.artifact / 'adapter_config.json'}: is damaged: {first_line(error)}") from None
    if config.is_prompt_learning:
        raise BenchError(
            f"'{finished.strategy.name}' ({config.peft_type.value}) puts trained tokens in front of the prompt and changes no weight: "
            f"there is nothing to merge. {_AS_IT_IS}"
        )


def merged_with_base(measured: FinishedModel, source: ModelSource, device: Device, trust_remote_code: bool) -> tuple[Any, list[str]]:
    """Base and adapter as one model in float32, and what was done, as sentences.

    The base is loaded in the dtype that it was measured in and only then widened: rounding is part of what was measured. It happens
    in main memory, which holds a float32 model more often than a GPU does.

    Raises:
        BenchError: PEFT cannot merge the method into this model, or what it makes of them is another model.
    """
    import torch

    finished = measured.finished
    device = replace(device, dtype=dtype_of(finished))
    weights = _dequantized(finished, source, device, trust_remote_code)
    main_memory, labels = replace(device, kind="cpu"), finished.example.choices
    base = load_model(source, main_memory, trust_remote_code=trust_remote_code, labels=labels).model.float()
    names = set(base.state_dict())
    with torch.no_grad():
        for name, weight in weights.items():
            base.get_submodule(name).weight.copy_(weight)
    adapted = with_adapter(base, finished)
    kind = adapted.active_peft_config.peft_type.value
    refusal = f"'{finished.strategy.name}' ({kind}) cannot be merged"
    if _half_of_a_tie(base):
        raise BenchError(
            f"{refusal}: it changes either the input embeddings or the output layer, and in this model these two share their weights, so "
            f"that both would be changed. {_AS_IT_IS}"
        )
    expected = distributions(replace(measured, loaded=replace(measured.loaded, model=adapted)), _CONTEXT)
    merged = _merge(adapted, refusal)
    changed = sorted(set(merged.state_dict()) ^ names)
    if changed:
        raise BenchError(f"{refusal}: the model would have other weights than its base, such as {changed[0]}. {_AS_IT_IS}")
    apart = furthest_apart(expected, distributions(replace(measured, loaded=replace(measured.loaded, model=merged)), _CONTEXT))
    if not apart <= TOLERANCE["float32"]:  # nan is no agreement
        raise BenchError(
            f"{refusal}: what PEFT makes of base and adapter is another model than the two together: its probabilities are up to "
            f"{apart:.2g} apart (total variation; {TOLERANCE['float32']:g} would be rounding). {_AS_IT_IS}"
        )
    if not weights:
        return merged, [f"The adapter ({kind}) was merged into the base model."]
    assert finished.strategy.quantization is not None
    return merged, [
        f"The {len(weights)} linear layers of the base model were quantized to 4 bits ({finished.strategy.quantization.type}) as in "
        f"training and unpacked again, and the adapter ({kind}) was merged into them: into the weights that it was measured on, which "
        "are not the original ones."
    ]


def _dequantized(finished: FinishedCell, source: ModelSource, device: Device, trust_remote_code: bool) -> dict[str, Any]:
    """The weights of the 4-bit layers as they are computed with, by the layer's name; empty where nothing was quantized."""
    if finished.strategy.quantization is None:
        return {}
    model = load_model(
        source,
        device,
        quantization=finished.strategy.quantization,
        trust_remote_code=trust_remote_code,
        labels=finished.example.choices,
    ).model
    from bitsandbytes.functional import dequantize_4bit
    from bitsandbytes.nn import Linear4bit

    layers = {name: module.weight for name, module in model.named_modules() if isinstance(module, Linear4bit)}
    return {name: dequantize_4bit(weight.data, weight.quant_state).cpu() for name, weight in layers.items()}


def _half_of_a_tie(base: Any) -> bool:
    """Whether an adapter lies on one of two layers that share their weights, the input embeddings and the output layer, and nothing on
    the other. (Of `modules_to_save`, PEFT makes two layers that share nothing.)"""
    from peft.tuners.tuners_utils import BaseTunerLayer
    from peft.utils.other import AuxiliaryTrainingWrapper

    ends = (base.get_input_embeddings(), base.get_output_embeddings())
    if not base.config.get_text_config().tie_word_embeddings or None in ends:
        return False
    on_one = any(isinstance(end, BaseTunerLayer) for end in ends)
    return on_one and not all(isinstance(end, BaseTunerLayer | AuxiliaryTrainingWrapper) for end in ends)


def _merge(adapted: Any, refusal: str) -> Any:
    """The adapter merged into its base by PEFT, whose advice to programmers is kept from users.

    Raises:
        BenchError: when PEFT cannot.
    """
    family = adapted.get_base_model().config.model_type
    try:
        with warnings.catch_warnings(action="ignore"):
            return adapted.merge_and_unload(safe_merge=True)
    except (NotImplementedError, ValueError, RuntimeError) as error:
        reason = f" ({first_line(error).rstrip('.')})"
    except (AttributeError, TypeError):  # it fails on the way, in words about its own code
        reason = ""
    raise BenchError(f"{refusal}: PEFT cannot merge this method into a model of this type, {family}{reason}. {_AS_IT_IS}")
