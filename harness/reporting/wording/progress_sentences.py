"""How far runs have come, for the page that follows them."""

from __future__ import annotations

from typing import Any

from harness.archive import RunProgress
from harness.reporting.wording import numbers
from harness.reporting.wording.names import strategy_name
from harness.text import one_line, short

TITLE = "In progress"
COLUMNS = ("Experiment", "Status", "Step", "Loss", "Validation loss", "Loss so far")
NO_RUNS = "No run is in progress."
STOPPED = "bench view does not answer. It may have been stopped."
_STATUSES = {
    "done": "done",
    "failed": "failed",
    "oom": "out of memory",
    "diverged": "diverged",
    "interrupted": "interrupted",
    "running": "running",
    "waiting": "waiting",
}


def describe_run_progress(run: RunProgress) -> dict[str, Any]:
    """The texts of one run, for the script of the page."""
    left = "" if run.seconds_left is None or run.done == run.total else f", about {numbers.seconds(run.seconds_left)} left"
    several = len({cell.task for cell in run.cells}) > 1
    rows = []
    for cell in run.cells:
        parts = [cell.task] if several else []
        parts += [strategy_name(cell.label), *([f"seed {cell.seed}"] if cell.seed is not None else [])]
        rows.append(
            {
                "texts": [
                    short(" · ".join(parts), 80),
                    one_line(_STATUSES.get(cell.status, cell.status), 40),
                    numbers.count(cell.step),
                    numbers.score(cell.loss, "nats"),
                    numbers.score(cell.validation_loss, "nats"),
                ],
                "losses": list(cell.losses),
            }
        )
    return {"name": one_line(run.name, 120), "summary": f"{run.done} of {run.total} experiments done{left}.", "rows": rows}
