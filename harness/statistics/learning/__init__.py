"""What would more training examples bring? Learning curves and their forecasts."""

from harness.statistics.learning.learning_curve import (
    FAR_FACTOR,
    TARGET_SIZES,
    Forecast,
    GainOutlook,
    LearningCurve,
    Step,
    fit_learning_curve,
)
from harness.statistics.learning.power_law import Fit, fit_power_law

__all__ = [
    "FAR_FACTOR",
    "TARGET_SIZES",
    "Fit",
    "Forecast",
    "GainOutlook",
    "LearningCurve",
    "Step",
    "fit_learning_curve",
    "fit_power_law",
]
