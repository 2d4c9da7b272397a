"""From a model's name to a model in memory: found, checked, digested, loaded on the device that is there."""

from harness.engine.models.device import Device, find_device
from harness.engine.models.load import LoadedModel, load_model
from harness.engine.models.logits import logits_only_at
from harness.engine.models.resolve import ModelSource, known_models, resolve_model
from harness.engine.prompts.prompt_encoder import EncodedPrompt, PromptEncoder, Shot

__all__ = [
    "Device",
    "EncodedPrompt",
    "LoadedModel",
    "ModelSource",
    "PromptEncoder",
    "Shot",
    "find_device",
    "known_models",
    "load_model",
    "logits_only_at",
    "resolve_model",
]
