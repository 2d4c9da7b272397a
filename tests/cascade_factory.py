"""Made-up runs with a cascade: `lora`, a vendor's outputs, and a cascade of both that has measured what it is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from report_factory import Made, classification, make_run

from harness.results import RunResults
from harness.types import CascadeMeasurement, CascadePoint, Cost

POINTS = (CascadePoint(None, 1.0, 0.0, 0.93), CascadePoint(0.8, 0.4, 0.02, 0.94), CascadePoint(0.1, 0.0, 0.09, 0.88))
MEASURED = CascadeMeasurement("label_margin", 0.8, 300, 300, False, 59, "accuracy", 0.38, POINTS, 1)


def make_cascade_run(path: Path, measured: CascadeMeasurement = MEASURED, *, priced: bool = True) -> RunResults:
    """A run folder with these four strategies on labels; the cascade has the seed 0."""
    vendor = Made("vendor", 0.93, model="external", priced=priced)
    cells = [Made("base", 0.3), Made("lora", 0.85, 0, train_seconds=40), vendor, Made("cascade", 0.94, 0)]
    run = make_run(path, [classification(cells, rows=60)])
    files = run.folder.cell(next(cell.id for cell in run.cells if cell.strategy == "cascade"))
    run.folder.seal_file.unlink()
    files.write_result(
        replace(files.result(), cascade=measured, costs=(Cost("predict", 20.0, "cpu", price=0.001),)), files=files.file_digests()
    )
    run.folder.seal()
    return RunResults(run.folder)
