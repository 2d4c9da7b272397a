"""The training loop: one for all strategies and model shapes."""

from harness.engine.tuning.batches import EncodedExample, batch_order, collate, list_reads, micro_batches
from harness.engine.tuning.example_losses import example_losses
from harness.engine.tuning.fused_layers import fused_layers, pays_to_compile
from harness.engine.tuning.fused_lora import fused_lora
from harness.engine.tuning.general_text_loss import general_loss
from harness.engine.tuning.joint_steps import JointSteps
from harness.engine.tuning.keyed_dropout import KeyedRandom
from harness.engine.tuning.loop import Progress, train, training_steps
from harness.engine.tuning.loss import batch_loss
from harness.engine.tuning.memory_ladder import list_restarts, reaches
from harness.engine.tuning.optimizers import make_optimizer
from harness.engine.tuning.preference_loss import preference_losses
from harness.engine.tuning.prepare import encode_examples, encode_material
from harness.engine.tuning.schedule import Schedule, planned_steps
from harness.engine.tuning.steps import StepRequest, Steps, StepTaken, take_alone
from harness.engine.tuning.trainer import MICRO_BATCH_TOKENS, DivergedError, GroupMemoryError
from harness.engine.tuning.training_checks import check_training_device, list_training_problems
from harness.engine.tuning.training_part import TrainingPart

__all__ = [
    "MICRO_BATCH_TOKENS",
    "DivergedError",
    "EncodedExample",
    "GroupMemoryError",
    "JointSteps",
    "KeyedRandom",
    "Progress",
    "Schedule",
    "StepRequest",
    "StepTaken",
    "Steps",
    "TrainingPart",
    "batch_loss",
    "batch_order",
    "check_training_device",
    "collate",
    "encode_examples",
    "encode_material",
    "example_losses",
    "fused_layers",
    "fused_lora",
    "general_loss",
    "list_reads",
    "list_restarts",
    "list_training_problems",
    "make_optimizer",
    "micro_batches",
    "pays_to_compile",
    "planned_steps",
    "preference_losses",
    "reaches",
    "take_alone",
    "train",
    "training_steps",
]
