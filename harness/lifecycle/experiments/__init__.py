"""A/B tests in production: how long one takes, who gets which variant, and what the events show at any time."""

from harness.lifecycle.experiments.event_file import EventLog, UserEvent, read_events
from harness.lifecycle.experiments.experiment_file import (
    BURN_IN_DAYS,
    BURN_IN_UNITS,
    KNOWN_OUTCOMES,
    VARIANTS,
    WINDOW_DAYS,
    BurnIn,
    Experiment,
    Goal,
    OutcomeSpec,
    VariantName,
    VariantSpec,
    VariantSpecs,
    experiment_to_yaml,
    read_experiment,
)
from harness.lifecycle.experiments.judge_events import MOST_LEFT_OUT, judge_events
from harness.lifecycle.experiments.planning import ExperimentPlan, HorizonPlan, OutcomePlan, Traffic, make_plan
from harness.lifecycle.experiments.reading import (
    ExperimentReading,
    ExperimentState,
    LookPoint,
    MoreUnits,
    OutcomeReading,
    OutcomeRole,
    OutcomeStatus,
    RatioReading,
    ReadingCode,
)
from harness.lifecycle.experiments.unit_outcomes import DAY, UnitCounts
from harness.lifecycle.experiments.variant_hash import pick_variant

__all__ = [
    "BURN_IN_DAYS",
    "BURN_IN_UNITS",
    "DAY",
    "KNOWN_OUTCOMES",
    "MOST_LEFT_OUT",
    "VARIANTS",
    "WINDOW_DAYS",
    "BurnIn",
    "EventLog",
    "Experiment",
    "ExperimentPlan",
    "ExperimentReading",
    "ExperimentState",
    "Goal",
    "HorizonPlan",
    "LookPoint",
    "MoreUnits",
    "OutcomePlan",
    "OutcomeReading",
    "OutcomeRole",
    "OutcomeSpec",
    "OutcomeStatus",
    "RatioReading",
    "ReadingCode",
    "Traffic",
    "UnitCounts",
    "UserEvent",
    "VariantName",
    "VariantSpec",
    "VariantSpecs",
    "experiment_to_yaml",
    "judge_events",
    "make_plan",
    "pick_variant",
    "read_events",
    "read_experiment",
]
