"""The methods of PEFT that are not refused, and what each must be told for a small model."""

from __future__ import annotations

from typing import Any

from peft import PeftType

from harness.engine.adapters.peft_methods import _REFUSED

METHODS = sorted({kind.value for kind in PeftType} - set(_REFUSED))
FIELDS: dict[str, dict[str, Any]] = {  # most need nothing
    "ADAPTION_PROMPT": {"adapter_len": 4, "adapter_layers": 2},
    "ADALORA": {"init_r": 6, "target_r": 3},
    "C3A": {"block_size": 16},
    "CARTRIDGE": {"num_virtual_tokens": 4, "num_frozen_tokens": 1},
    "P_TUNING": {"num_virtual_tokens": 4, "encoder_hidden_size": 32},
    "PREFIX_TUNING": {"num_virtual_tokens": 4},
    "PROMPT_TUNING": {"num_virtual_tokens": 4},
    "ROAD": {"group_size": 16},
    "SHIRA": {"r": 4},
    "TRAINABLE_TOKENS": {"token_indices": list(range(3, 20))},
    "VBLORA": {"vector_length": 16},
    "WAVEFT": {"n_frequency": 100},
}
