"""The registry of promoted models: a sealed history, and a copy of each model that was in service."""

from harness.gate.registry.journal import Look
from harness.gate.registry.registry import Registry

__all__ = [
    "Look",
    "Registry",
]
