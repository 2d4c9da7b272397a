"""A finished cell's adapter or model as a folder that other programs load, with everything that its model card uses."""

from harness.engine.artifacts.exports.adapter_export import ADDED_TOKENS, export_adapter, needs_base
from harness.engine.artifacts.exports.anonymized_texts import make_export_guard
from harness.engine.artifacts.exports.export_folder import Completion, Exported, check_target
from harness.engine.artifacts.exports.gguf_file import find_converter
from harness.engine.artifacts.exports.model_card import model_card
from harness.engine.artifacts.exports.model_export import GgufUse, export_model
from harness.engine.artifacts.exports.prompt_file import PromptParts

__all__ = [
    "ADDED_TOKENS",
    "Completion",
    "Exported",
    "GgufUse",
    "PromptParts",
    "check_target",
    "export_adapter",
    "export_model",
    "find_converter",
    "make_export_guard",
    "model_card",
    "needs_base",
]
