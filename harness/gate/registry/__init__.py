"""The registry of models: a sealed history, and a copy of each model that was in service or in another stage."""

from harness.gate.registry.event import STAGES, Event, Stage, check_stage
from harness.gate.registry.journal import Look
from harness.gate.registry.registry import Registry, refuse_cascade
from harness.gate.registry.stages import StagedModel, assign_stages, stack_service

__all__ = [
    "STAGES",
    "Event",
    "Look",
    "Registry",
    "Stage",
    "StagedModel",
    "assign_stages",
    "check_stage",
    "refuse_cascade",
    "stack_service",
]
