"""From a model's name to a model in memory: found, checked, digested, loaded on the device that is there."""

from harness.models.device import Device, find_device
from harness.models.encode import EncodedPrompt, PromptEncoder, Shot
from harness.models.load import LoadedModel, load_model
from harness.models.logits import logits_only_at
from harness.models.resolve import ModelSource, known_models, resolve_model

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
