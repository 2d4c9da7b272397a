"""What a user reads about the disk space of a run before it starts."""

from __future__ import annotations

from harness.reporting.wording import numbers
from harness.types import DiskForecast


def describe_disk_forecast(forecast: DiskForecast) -> str:
    """What the run will store, and of what kinds."""
    kinds = {
        "trained weights": forecast.weights,
        "checkpoints": forecast.checkpoints,
        "trials of the search": forecast.trials,
        "outputs": forecast.outputs,
    }
    parts = ", ".join(f"{numbers.size(size)} {kind}" for kind, size in kinds.items() if size)
    there = f", of which {numbers.size(forecast.held)} are there" if forecast.held else ""
    return f"Disk space: about {numbers.size(forecast.needed)} at most ({parts}{there}). Enough is free."
