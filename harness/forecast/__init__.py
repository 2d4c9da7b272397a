"""What a cell will take before it runs: memory by kind, time and money, on this device and on those of a table."""

from harness.forecast.cell_planning import CellWork, FittedTraining, TargetDevice, target_of_machine, target_of_table
from harness.forecast.corrections import CellKind, calibrated, read_calibration
from harness.forecast.device_speeds import measure_speeds
from harness.forecast.ledger import ForecastRecord, add_to_ledger, ledger_file, read_ledger
from harness.forecast.outlines import find_outline
from harness.forecast.sizing import SIZING_DEVICES, SizingRow, build_sizing, sizing_settings
from harness.forecast.trainable_sizes import TrainableSize, find_trainable_sizes, least_memory_to_yaml
from harness.forecast.trial_budget import choose_trials
from harness.forecast.trials import read_trials, repeat_slow_trials, trial_file

__all__ = [
    "SIZING_DEVICES",
    "CellKind",
    "CellWork",
    "FittedTraining",
    "ForecastRecord",
    "SizingRow",
    "TargetDevice",
    "TrainableSize",
    "add_to_ledger",
    "build_sizing",
    "calibrated",
    "choose_trials",
    "find_outline",
    "find_trainable_sizes",
    "least_memory_to_yaml",
    "ledger_file",
    "measure_speeds",
    "read_calibration",
    "read_ledger",
    "read_trials",
    "repeat_slow_trials",
    "sizing_settings",
    "target_of_machine",
    "target_of_table",
    "trial_file",
]
