"""What trackers learn at the end of a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from harness.api.loaded_run import Run

if TYPE_CHECKING:
    from harness.grid import RunOutcome


@contextmanager
def summarize_for_trackers(run: Run) -> Iterator[RunOutcome]:
    """The outcome of a finished run: what it took, the decision of each task, and its report without the texts of its examples.

    The report is in a temporary folder, which is deleted at the end of the context.
    """
    from harness.grid import RunOutcome

    spent = run.stored.spent
    metrics = {"cost/seconds": spent.seconds}
    if spent.price is not None and spent.currency is not None:
        metrics[f"cost/price_{spent.currency.lower()}"] = spent.price
    tags = {f"decision/{each['task']}": f"{each['state']}: {each['headline']}" for each in run.to_dict()["decisions"]}
    with TemporaryDirectory() as folder:
        report = run.write_report(Path(folder) / "report.html", with_text=False)
        yield RunOutcome("finished" if run.complete else "failed", metrics, tags, report)
