"""Which weights a strategy trains: PEFT's adapters and full fine-tuning, checked, applied to a model, stored and loaded."""

from harness.engine.adapters.adalora import RankAllocation
from harness.engine.adapters.adapt import adapt, check_adapter, trainable_parameters
from harness.engine.adapters.peft_methods import peft_type
from harness.engine.adapters.storage import load_adapter, save_artifact

__all__ = [
    "RankAllocation",
    "adapt",
    "check_adapter",
    "load_adapter",
    "peft_type",
    "save_artifact",
    "trainable_parameters",
]
