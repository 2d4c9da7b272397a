"""Training a model again when it is due: what `bench retrain` decides, assembles and remembers."""

from harness.lifecycle.retraining.cost_forecast import CostForecast, MeasuredCosts, StrategyForecast, forecast_costs, measure
from harness.lifecycle.retraining.data_files import declare_task, write_data_files
from harness.lifecycle.retraining.lifecycle_file import Lifecycle, LifecycleSpec, read_lifecycle
from harness.lifecycle.retraining.new_data import CollectedData, NewRow, find_present_files, read_new_data
from harness.lifecycle.retraining.notify_spec import EmailSpec, NotifySpec, find_address_problem
from harness.lifecycle.retraining.step_result import EXIT_CODES, ChampionName, DataCounts, StepOutcome, StepResult
from harness.lifecycle.retraining.step_store import OpenStep, RetrainingState, StepStore, UsedRows
from harness.lifecycle.retraining.training_data import TrainingData, assemble
from harness.lifecycle.retraining.triggers import Situation, Trigger, TriggerKind, check_clock, count_days_to_wait, read_triggers

__all__ = [
    "EXIT_CODES",
    "ChampionName",
    "CollectedData",
    "CostForecast",
    "DataCounts",
    "EmailSpec",
    "Lifecycle",
    "LifecycleSpec",
    "MeasuredCosts",
    "NewRow",
    "NotifySpec",
    "OpenStep",
    "RetrainingState",
    "Situation",
    "StepOutcome",
    "StepResult",
    "StepStore",
    "StrategyForecast",
    "TrainingData",
    "Trigger",
    "TriggerKind",
    "UsedRows",
    "assemble",
    "check_clock",
    "count_days_to_wait",
    "declare_task",
    "find_address_problem",
    "find_present_files",
    "forecast_costs",
    "measure",
    "read_lifecycle",
    "read_new_data",
    "read_triggers",
    "write_data_files",
]
