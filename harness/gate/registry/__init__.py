"""The registry of promoted models: a sealed history, and a copy of each model that was in service."""

from harness.gate.registry.journal import Event, Look
from harness.gate.registry.registry import Registry

__all__ = [
    "Event",
    "Look",
    "Registry",
]
