"""The sections of a task's report, one file each: plain values, computed from the results of the task."""

from harness.reporting.views.sections.calibration import Calibration, CalibrationBin, build_calibration, calibration_bins
from harness.reporting.views.sections.cascade_report import CascadeReport, list_cascades
from harness.reporting.views.sections.class_scores import ClassReport, Confusion, build_class_report
from harness.reporting.views.sections.common_claims import ClaimCode, ClaimReason, ClaimVerdict, CommonClaim, check_common_claims
from harness.reporting.views.sections.full_tuning import FullTuningShare, compare_with_full_tuning
from harness.reporting.views.sections.hosted_replacement import (
    HostedRival,
    QualityStanding,
    ReplacementReport,
    ReplacementRow,
    build_replacement_report,
)
from harness.reporting.views.sections.leak_report import ExtraExposure, LeakProblem, LeakReport, LeakRow, build_leak_report
from harness.reporting.views.sections.learning_curves import LearningCurves, StrategyCurve, build_learning_curves, shown_forecasts
from harness.reporting.views.sections.money import Money, MoneyRow, ReviewTime, build_money
from harness.reporting.views.sections.output_source import OutputSource
from harness.reporting.views.sections.safety import ErrorRow, ErrorTable, Safety, Subgroup, build_safety
from harness.reporting.views.sections.search_report import (
    FieldFigure,
    LossLine,
    LossPoint,
    SearchedStrategy,
    SearchReport,
    build_search_report,
)
from harness.reporting.views.sections.served_comparison import ServedComparison, list_served_comparisons
from harness.reporting.views.sections.serving_speed import ServingSpeeds, SpeedRow, build_serving_speeds
from harness.reporting.views.sections.shown_examples import ShownExample, ShownOutput, choose_strategies, sample_examples
from harness.reporting.views.sections.slice_scores import SliceRow, SliceTable, build_slice_tables
from harness.reporting.views.sections.strategy_pairs import StrategyPairs, build_strategy_pairs
from harness.reporting.views.sections.text_lengths import TextLength, measure_lengths
from harness.reporting.views.sections.training_curves import TrainingCurve, list_training_curves

__all__ = [
    "Calibration",
    "CalibrationBin",
    "CascadeReport",
    "ClaimCode",
    "ClaimReason",
    "ClaimVerdict",
    "ClassReport",
    "CommonClaim",
    "Confusion",
    "ErrorRow",
    "ErrorTable",
    "ExtraExposure",
    "FieldFigure",
    "FullTuningShare",
    "HostedRival",
    "LeakProblem",
    "LeakReport",
    "LeakRow",
    "LearningCurves",
    "LossLine",
    "LossPoint",
    "Money",
    "MoneyRow",
    "OutputSource",
    "QualityStanding",
    "ReplacementReport",
    "ReplacementRow",
    "ReviewTime",
    "Safety",
    "SearchReport",
    "SearchedStrategy",
    "ServedComparison",
    "ServingSpeeds",
    "ShownExample",
    "ShownOutput",
    "SliceRow",
    "SliceTable",
    "SpeedRow",
    "StrategyCurve",
    "StrategyPairs",
    "Subgroup",
    "TextLength",
    "TrainingCurve",
    "build_calibration",
    "build_class_report",
    "build_leak_report",
    "build_learning_curves",
    "build_money",
    "build_replacement_report",
    "build_safety",
    "build_search_report",
    "build_serving_speeds",
    "build_slice_tables",
    "build_strategy_pairs",
    "calibration_bins",
    "check_common_claims",
    "choose_strategies",
    "compare_with_full_tuning",
    "list_cascades",
    "list_served_comparisons",
    "list_training_curves",
    "measure_lengths",
    "sample_examples",
    "shown_forecasts",
]
