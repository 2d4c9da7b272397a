"""Strategies of one adapter, with and without 4-bit weights, and full fine-tuning, whose steps are tried."""

from __future__ import annotations

from harness.types import QuantizationSpec, Strategy, TrainSpec

ADAPTER = {"peft_type": "LORA", "r": 4, "lora_dropout": 0.1, "target_modules": "all-linear"}
LORA = Strategy(name="l", method="peft", train=TrainSpec(), adapter=ADAPTER)
QLORA = LORA.model_copy(update={"quantization": QuantizationSpec()})
FULL = Strategy(name="f", method="full", train=TrainSpec())
