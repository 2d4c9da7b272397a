"""The methods of PEFT: what they need, which of them cannot work here, and an adapter's fields as PEFT's own configuration."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from typing import Any

from harness.engine.adapters.adapter_fields import checked_fields
from harness.engine.adapters.target_layers import check_names, covers_all_layers, default_layers
from harness.engine.models import import_peft, quiet_libraries
from harness.errors import BenchError, did_you_mean, first_line
from harness.types import Shape, Strategy

_TASK_TYPES: dict[Shape, str] = {"decoder": "CAUSAL_LM", "encoder-decoder": "SEQ_2_SEQ_LM", "encoder": "SEQ_CLS"}

# Every method that PEFT knows is supported, except these (peft 0.21).
_REFUSED = {
    "CPT": "it is made of the token ids of training examples, which a strategy cannot know before it meets a model",
    "LILY": "it averages over all tokens of a batch, so that an answer depends on the rows that are answered with it",
    "MULTITASK_PROMPT_TUNING": "it learns several tasks at once, but a cell has one",
    "POLY": "it learns several tasks at once, but a cell has one",
    "SHADOW": "it generates different text with a key-value cache than without",
    "XLORA": "it mixes adapters that were trained before",
}

# Methods that give the same outputs and gradients on a base model in 4 bits as on its weights unpacked (peft 0.21). The others fail, or
# silently change packed bytes.
_FOUR_BIT = frozenset({
    "ADALORA", "BEFT", "BOFT", "CARTRIDGE", "FOURIERFT", "HIRA", "IA3", "LN_TUNING", "LORA", "MISS", "OFT", "PREFIX_TUNING",
    "PROMPT_TUNING", "PVERA", "P_TUNING", "RANDLORA", "ROAD", "SHIRA", "TRAINABLE_TOKENS", "VBLORA", "VERA", "WAVEFT",
})  # fmt: skip

# Methods whose virtual tokens are cached keys and values.
_CACHED = frozenset({"CARTRIDGE", "PREFIX_TUNING"})


def peft_type(strategy: Strategy) -> str:
    """PEFT's name of the strategy's method, such as LORA."""
    return str(strategy.adapter["peft_type"]).upper()


def shared_key_head(config: Any) -> dict[str, int]:
    """The size of cached keys and values in models whose heads share one (Falcon 7B, StarCoder), to which PEFT gives one each.

    Models with `num_key_value_heads` are known to PEFT; models of Falcon's newer architecture store keys for every head.
    """
    if not getattr(config, "multi_query", False) or getattr(config, "new_decoder_architecture", False):
        return {}
    return {"num_attention_heads": 1, "token_dim": config.hidden_size // config.num_attention_heads}


def leaves_experts_out(strategy: Strategy) -> bool:
    """Whether the strategy's adapter is on all linear layers, to which the stacked experts of a mixture do not belong."""
    kind, config_class = _method(strategy)
    return "target_modules" in {f.name for f in dataclasses.fields(config_class)} and covers_all_layers(kind, strategy.adapter)


def adapter_config(strategy: Strategy, shape: Shape, steps: int | None, model: Any = None) -> Any:
    """PEFT's configuration of the strategy's adapter.

    Args:
        steps: the optimizer steps of the training, for methods that plan by them; None: not known yet.
        model: the base model; without one, the fields that depend on it stay open.

    Raises:
        BenchError: a method or field that PEFT does not have or that cannot work here, or PEFT's own reason.
    """
    kind, config_class = _method(strategy)
    place = f"strategy '{strategy.name}': adapter"
    values = copy.deepcopy(dict(strategy.adapter))  # PEFT's classes change the lists that they are given
    del values["peft_type"]
    values = checked_fields(place, kind, config_class, values)
    if kind == "ADALORA":
        values = rank_schedule(strategy, values, steps)
    if kind == "PROMPT_TUNING" and str(values.get("prompt_tuning_init")).upper() == "TEXT":
        values["tokenizer_name_or_path"] = getattr(getattr(model, "config", None), "_name_or_path", "") or "the model's own"
    if model is not None:
        check_names(place, values, model)
        values |= default_layers(kind, config_class, values, shape, model)
        if kind in _CACHED:
            values = shared_key_head(model.config) | values
    try:
        return config_class(task_type=_TASK_TYPES[shape], **values)
    except (TypeError, ValueError, AttributeError) as error:
        raise BenchError(f"{place}: {first_line(error)}") from None


def rank_schedule(strategy: Strategy, values: Mapping[str, Any], steps: int | None) -> dict[str, Any]:
    """AdaLoRA's three phases, in steps: `tinit` at full rank, then ranks are removed, then `tfinal` at the remaining ranks.

    By default, the first phase takes a tenth of the training and the last phase half of it.

    Raises:
        BenchError: the training is too short for the phase between them, or there is no rank to remove.
    """
    place = f"strategy '{strategy.name}': adapter"
    _check_rank_fields(place, values)
    initial, target = values.get("init_r", 12), values.get("target_r", 8)  # PEFT's defaults
    if target >= initial:
        raise BenchError(f"{place}.target_r: must be below init_r ({initial}), not {target}: AdaLoRA removes ranks")
    total = 1000 + values.get("tinit", 0) + values.get("tfinal", 0) if steps is None else steps
    first, last = values.get("tinit", total // 10), values.get("tfinal", max(0, min(total // 2, total - 2)))
    # PEFT removes ranks for the last time after step `total - last`, by what it has seen in the steps before.
    if total - last < max(2, first + 1):
        advice = ("Lower them, or train" if first or last else "Train") + " on more examples or for more epochs."
        raise BenchError(f"{place}: tinit {first} and tfinal {last} leave no step to remove ranks in a training of {total} steps. {advice}")
    return dict(values) | {"init_r": initial, "target_r": target, "tinit": first, "tfinal": last, "total_step": total}


def _check_rank_fields(place: str, values: Mapping[str, Any]) -> None:
    for name in ("init_r", "target_r", "tinit", "tfinal"):
        value = values.get(name, 0)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise BenchError(f"{place}.{name}: must be a whole number of 0 or more, not {value!r}")
    for name in ("beta1", "beta2"):
        value = values.get(name, 0.85)
        if not isinstance(value, int | float) or not 0 < value < 1:
            raise BenchError(f"{place}.{name}: must be a number between 0 and 1, not {value!r}")


def _method(strategy: Strategy) -> tuple[str, Any]:
    """The name of the strategy's method, and its configuration class."""
    quiet_libraries()
    import_peft()
    from peft import PeftType
    from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING

    kind = peft_type(strategy)
    known = {t.value: c for t, c in PEFT_TYPE_TO_CONFIG_MAPPING.items()}
    place = f"strategy '{strategy.name}': adapter.peft_type"
    if kind not in known:
        raise BenchError(f"{place}: unknown method '{kind}'.{did_you_mean(kind, known)}")
    if kind in _REFUSED:
        raise BenchError(f"{place}: {kind} cannot be used here: {_REFUSED[kind]}")
    if strategy.quantization is not None and kind not in _FOUR_BIT:
        raise BenchError(f"{place}: {kind} does not work on a base model in 4 bits: leave out 'quantization'")
    return kind, known[PeftType(kind)]
