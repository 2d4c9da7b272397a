"""What training leaves: checked, loaded, merged, exported, described."""

from harness.engine.artifacts.checks import check_artifact
from harness.engine.artifacts.export import Exported, check_target, export_adapter, export_model
from harness.engine.artifacts.loading import device_for, find_base, load_finished, usable_rows
from harness.engine.artifacts.model_card import model_card
from harness.engine.artifacts.prediction_table import PredictionTable

__all__ = [
    "Exported",
    "PredictionTable",
    "check_artifact",
    "check_target",
    "device_for",
    "export_adapter",
    "export_model",
    "find_base",
    "load_finished",
    "model_card",
    "usable_rows",
]
