"""How fast a stored model answers, as it is scored and with its adapter merged."""

from harness.engine.serving.measure import measure_serving
from harness.engine.serving.speed import SpeedProbe, measure_speed

__all__ = ["SpeedProbe", "measure_serving", "measure_speed"]
