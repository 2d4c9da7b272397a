"""The charts of the report, drawn as SVG."""

from harness.reporting.charts.calibration_chart import draw_calibration_chart
from harness.reporting.charts.cascade_chart import draw_cascade_chart
from harness.reporting.charts.cost_chart import (
    MOST_NAMES,
    CostMeasure,
    draw_cost_chart,
    draw_overall_chart,
    list_measures,
    list_overall_measures,
)
from harness.reporting.charts.learning_chart import draw_learning_chart
from harness.reporting.charts.limits_chart import draw_limits_chart
from harness.reporting.charts.phase_chart import Spending, draw_phase_chart, list_spending
from harness.reporting.charts.rate_mark import rate_mark
from harness.reporting.charts.ratings_chart import draw_ratings_chart
from harness.reporting.charts.replacement_chart import draw_replacement_chart
from harness.reporting.charts.search_charts import draw_loss_chart, draw_progress_chart
from harness.reporting.charts.service_chart import draw_service_chart
from harness.reporting.charts.shade import heat
from harness.reporting.charts.training_chart import MOST_CURVES, draw_training_chart
from harness.reporting.charts.watch_chart import draw_watch_chart

__all__ = [
    "MOST_CURVES",
    "MOST_NAMES",
    "CostMeasure",
    "Spending",
    "draw_calibration_chart",
    "draw_cascade_chart",
    "draw_cost_chart",
    "draw_learning_chart",
    "draw_limits_chart",
    "draw_loss_chart",
    "draw_overall_chart",
    "draw_phase_chart",
    "draw_progress_chart",
    "draw_ratings_chart",
    "draw_replacement_chart",
    "draw_service_chart",
    "draw_training_chart",
    "draw_watch_chart",
    "heat",
    "list_measures",
    "list_overall_measures",
    "list_spending",
    "rate_mark",
]
