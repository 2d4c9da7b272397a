"""What would more training examples bring? Learning curves and their forecasts."""

from harness.statistics.learning.laws import Law, LawName, LogLaw, PowerLaw, fit_log_law, fit_power_law
from harness.statistics.learning.learning_curve import (
    FAR_FACTOR,
    TARGET_SIZES,
    Forecast,
    GainOutlook,
    LearningCurve,
    Step,
    fit_learning_curve,
)

__all__ = [
    "FAR_FACTOR",
    "TARGET_SIZES",
    "Forecast",
    "GainOutlook",
    "Law",
    "LawName",
    "LearningCurve",
    "LogLaw",
    "PowerLaw",
    "Step",
    "fit_learning_curve",
    "fit_log_law",
    "fit_power_law",
]
