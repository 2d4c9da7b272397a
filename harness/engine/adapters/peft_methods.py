"""What PEFT's methods need, and which of them cannot work here: an adapter's fields become PEFT's own configuration."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from harness.engine.adapters.adapter_fields import checked_fields
from harness.engine.adapters.target_layers import check_names, default_layers
from harness.engine.models import quiet_libraries
from harness.errors import BenchError, did_you_mean, first_line
from harness.types import Shape, Strategy

_TASK_TYPES: dict[Shape, str] = {"decoder": "CAUSAL_LM", "encoder-decoder": "SEQ_2_SEQ_LM", "encoder": "SEQ_CLS"}

# Any method that PEFT knows is taken, but for these (peft 0.21).
_REFUSED = {
    "CPT": "it is made of the token ids of training examples, which a strategy cannot know before it meets a model",
    "MULTITASK_PROMPT_TUNING": "it learns several tasks at once, and a cell has one",
    "POLY": "it learns several tasks at once, and a cell has one",
    "SHADOW": "it generates something else with a key-value cache than without",
    "XLORA": "it mixes adapters that were trained before",
}

# With a base model in 4 bits, these were found to give the outputs and the gradients of the same weights unpacked (peft 0.21);
# the others fail, or change packed bytes in silence.
_FOUR_BIT = frozenset({
    "ADALORA", "BEFT", "BOFT", "CARTRIDGE", "FOURIERFT", "HIRA", "IA3", "LILY", "LN_TUNING", "LORA", "MISS", "OFT", "PREFIX_TUNING",
    "PROMPT_TUNING", "PVERA", "P_TUNING", "RANDLORA", "ROAD", "SHIRA", "TRAINABLE_TOKENS", "VBLORA", "VERA", "WAVEFT",
})  # fmt: skip


def peft_type(strategy: Strategy) -> str:
    """The name of the strategy's method as PEFT writes it."""
    return str(strategy.adapter["peft_type"]).upper()


def adapter_config(strategy: Strategy, shape: Shape, steps: int | None, model: Any = None) -> Any:
    """PEFT's configuration of the strategy's adapter.

    Args:
        steps: how many optimizer steps the training takes, for methods that plan by it; None: not known yet.
        model: what it is for; without one, what depends on it stays open.

    Raises:
        BenchError: for a method or a field that PEFT does not have or that cannot work here, or with PEFT's own reason.
    """
    kind, config_class = _method(strategy)
    values = copy.deepcopy(dict(strategy.adapter))  # PEFT's classes change lists that they are given
    del values["peft_type"]
    values = checked_fields(f"strategy '{strategy.name}': adapter", kind, config_class, values)
    if kind == "ADALORA":
        values = rank_schedule(strategy, values, steps)
    if kind == "PROMPT_TUNING" and str(values.get("prompt_tuning_init")).upper() == "TEXT":
        values["tokenizer_name_or_path"] = getattr(getattr(model, "config", None), "_name_or_path", "") or "the model's own"
    if model is not None:
        check_names(f"strategy '{strategy.name}': adapter", values, model)
        values |= default_layers(kind, config_class, values, shape, model)
    try:
        return config_class(task_type=_TASK_TYPES[shape], **values)
    except (TypeError, ValueError, AttributeError) as error:
        raise BenchError(f"strategy '{strategy.name}': adapter: {first_line(error)}") from None


def rank_schedule(strategy: Strategy, values: Mapping[str, Any], steps: int | None) -> dict[str, Any]:
    """AdaLoRA's three phases, in steps: `tinit` at full rank, then the ranks are cut, then `tfinal` at the ranks that are left.

    Where the strategy says nothing, the first phase is a tenth and the last one half of the training.

    Raises:
        BenchError: when a training of so many steps has no room for the phase between them, or there is no rank to cut.
    """
    begin = f"strategy '{strategy.name}': adapter"
    for name in ("init_r", "target_r", "tinit", "tfinal"):
        value = values.get(name, 0)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise BenchError(f"{begin}.{name}: a whole number of 0 or more, not {value!r}")
    for name in ("beta1", "beta2"):
        value = values.get(name, 0.85)
        if not isinstance(value, int | float) or not 0 < value < 1:
            raise BenchError(f"{begin}.{name}: a number between 0 and 1, not {value!r}")
    initial, target = values.get("init_r", 12), values.get("target_r", 8)  # PEFT's defaults
    if target >= initial:
        raise BenchError(f"{begin}.target_r: must be below init_r ({initial}), not {target}: AdaLoRA cuts ranks")
    total = 1000 + values.get("tinit", 0) + values.get("tfinal", 0) if steps is None else steps
    first, last = values.get("tinit", total // 10), values.get("tfinal", max(0, min(total // 2, total - 2)))
    # PEFT cuts for the last time after step `total - last`, by what it has seen in the steps before.
    if total - last < max(2, first + 1):
        raise BenchError(
            f"{begin}: tinit {first} and tfinal {last} leave no step to cut the ranks in a training of {total} steps. "
            + ("Lower them, or train on more rows or for more epochs." if first or last else "Train on more rows or for more epochs.")
        )
    return dict(values) | {"init_r": initial, "target_r": target, "tinit": first, "tfinal": last, "total_step": total}


def _method(strategy: Strategy) -> tuple[str, Any]:
    quiet_libraries()
    from peft import PeftType
    from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING

    kind = peft_type(strategy)
    known = {t.value: c for t, c in PEFT_TYPE_TO_CONFIG_MAPPING.items()}
    where = f"strategy '{strategy.name}': adapter.peft_type"
    if kind not in known:
        raise BenchError(f"{where}: unknown method '{kind}'.{did_you_mean(kind, known)}")
    if kind in _REFUSED:
        raise BenchError(f"{where}: {kind} cannot be used here: {_REFUSED[kind]}")
    if strategy.quantization is not None and kind not in _FOUR_BIT:
        raise BenchError(f"{where}: {kind} does not work on a base model in 4 bits: leave 'quantization' out")
    return kind, known[PeftType(kind)]
