"""The value types that every folder shares: what users declare (tasks, strategies), and what the program computes."""

from __future__ import annotations

from harness.types.api_spec import ApiSpec, LabelForm, TokenPrice
from harness.types.artifact_spec import ArtifactKind, ArtifactSpec
from harness.types.cascade_measurement import CascadeMeasurement, CascadePoint, ConfidenceKind
from harness.types.cell import Cell, CellResult, Cost, Phase, Shape, Status, TrainingSummary
from harness.types.cell_forecast import FEWEST_CELLS, CellForecast, ForecastRange, MemoryParts, PlannedForecast
from harness.types.cell_note import CellNote, NoteCode
from harness.types.data_about import DataAbout
from harness.types.data_finding import DataFinding, FindingCode, FlaggedRow, RowName, Severity
from harness.types.data_spec import DataSpec, FilesSpec, SplitSpec
from harness.types.declared import Declared, Name, Paths
from harness.types.disk_forecast import DiskForecast
from harness.types.example import DataReport, Example, Finish, Prediction, SplitName, Splits
from harness.types.faithfulness_spec import FaithfulnessSpec, SupportKind
from harness.types.guardrail_spec import GuardrailSpec
from harness.types.hosted_forecast import HostedForecast
from harness.types.hosted_measurement import HostedMeasurement
from harness.types.judge_spec import JudgeKind, JudgeSpec
from harness.types.leak_measurement import CanaryOutcome, LeakMeasurement
from harness.types.memory_step import AS_PLANNED, MEMORY_STEPS, LadderPlace, MemoryStep, MemoryUse
from harness.types.metric import Metric, Score, Statistic, StoredScore, always_defined
from harness.types.privacy_spec import MOST_CANARIES, MOST_REFERENCES, PrivacySpec
from harness.types.report_spec import MOST_OUTPUTS_A_MONTH, OUTPUTS_A_MONTH, ReplacementSpec, ReportSpec
from harness.types.review_spec import ReviewSpec, ScaleSpec
from harness.types.rule import Rule, RuleKind, Tier
from harness.types.score_total import ScoreTotal
from harness.types.search_forecast import SearchForecast
from harness.types.search_spec import MOST_TRIALS, TRIALS, FieldFactor, FieldRange, SearchedField, SearchSpec
from harness.types.served_measurement import LabelSource, ServedMeasurement
from harness.types.serving_measurement import BatchEnd, ServingMeasurement, ServingSpeed, TimedAnswer, TimedBatch, WeightForm
from harness.types.strategy import Method, OutputsSpec, QuantizationSpec, Strategy
from harness.types.task import DecodeSpec, Kind, PromptFormat, Task
from harness.types.train_spec import (
    HIGHEST_LEARNING_RATE,
    MEMORY_FIELDS,
    MOST_EPOCHS,
    Attention,
    Choice,
    Objective,
    Optimizer,
    TrainSpec,
    WeightsFormat,
)
from harness.types.trial import CONTINUED, COOLDOWN, DroppedStrategy, Trial, TrialMeasurement, discarded_steps
from harness.types.turn import EARLIER_TURNS, Role, RowLayout, Turn, read_turns, write_turns

__all__ = [
    "AS_PLANNED",
    "CONTINUED",
    "COOLDOWN",
    "EARLIER_TURNS",
    "FEWEST_CELLS",
    "HIGHEST_LEARNING_RATE",
    "MEMORY_FIELDS",
    "MEMORY_STEPS",
    "MOST_CANARIES",
    "MOST_EPOCHS",
    "MOST_OUTPUTS_A_MONTH",
    "MOST_REFERENCES",
    "MOST_TRIALS",
    "OUTPUTS_A_MONTH",
    "TRIALS",
    "ApiSpec",
    "ArtifactKind",
    "ArtifactSpec",
    "Attention",
    "BatchEnd",
    "CanaryOutcome",
    "CascadeMeasurement",
    "CascadePoint",
    "Cell",
    "CellForecast",
    "CellNote",
    "CellResult",
    "Choice",
    "ConfidenceKind",
    "Cost",
    "DataAbout",
    "DataFinding",
    "DataReport",
    "DataSpec",
    "Declared",
    "DecodeSpec",
    "DiskForecast",
    "DroppedStrategy",
    "Example",
    "FaithfulnessSpec",
    "FieldFactor",
    "FieldRange",
    "FilesSpec",
    "FindingCode",
    "Finish",
    "FlaggedRow",
    "ForecastRange",
    "GuardrailSpec",
    "HostedForecast",
    "HostedMeasurement",
    "JudgeKind",
    "JudgeSpec",
    "Kind",
    "LabelForm",
    "LabelSource",
    "LadderPlace",
    "LeakMeasurement",
    "MemoryParts",
    "MemoryStep",
    "MemoryUse",
    "Method",
    "Metric",
    "Name",
    "NoteCode",
    "Objective",
    "Optimizer",
    "OutputsSpec",
    "Paths",
    "Phase",
    "PlannedForecast",
    "Prediction",
    "PrivacySpec",
    "PromptFormat",
    "QuantizationSpec",
    "ReplacementSpec",
    "ReportSpec",
    "ReviewSpec",
    "Role",
    "RowLayout",
    "RowName",
    "Rule",
    "RuleKind",
    "ScaleSpec",
    "Score",
    "ScoreTotal",
    "SearchForecast",
    "SearchSpec",
    "SearchedField",
    "ServedMeasurement",
    "ServingMeasurement",
    "ServingSpeed",
    "Severity",
    "Shape",
    "SplitName",
    "SplitSpec",
    "Splits",
    "Statistic",
    "Status",
    "StoredScore",
    "Strategy",
    "SupportKind",
    "Task",
    "Tier",
    "TimedAnswer",
    "TimedBatch",
    "TokenPrice",
    "TrainSpec",
    "TrainingSummary",
    "Trial",
    "TrialMeasurement",
    "Turn",
    "WeightForm",
    "WeightsFormat",
    "always_defined",
    "discarded_steps",
    "read_turns",
    "write_turns",
]
