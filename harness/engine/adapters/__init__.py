"""Which weights a strategy trains: PEFT's adapters and full fine-tuning, checked, applied to a model, stored and loaded."""

from harness.engine.adapters.adalora import RankAllocation
from harness.engine.adapters.adapt import adapt, check_adapter, trainable_parameters
from harness.engine.adapters.peft_methods import leaves_experts_out, peft_type
from harness.engine.adapters.storage import load_adapter, save_artifact

__all__ = [
    "RankAllocation",
    "adapt",
    "check_adapter",
    "leaves_experts_out",
    "load_adapter",
    "peft_type",
    "save_artifact",
    "trainable_parameters",
]
