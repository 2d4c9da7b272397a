"""The report as one HTML file that needs nothing else: no network, one style and one script of ours, and nothing else that runs."""

from __future__ import annotations

from pathlib import Path

import jinja2
from markupsafe import Markup

from harness.catalog import shipped_folder
from harness.reporting.charts import cost_chart, learning_chart, marks, phase_chart, training_chart
from harness.reporting.views import calibration, example_browser, learning, overview
from harness.reporting.views.build import report_view
from harness.reporting.wording import numbers, result_sentences, review_sentences
from harness.results import PHASES, RunResults
from harness.store import write_text
from harness.webpage import content_security_policy, page_environment

_TEMPLATE = "report.html.j2"
_STYLE = "report.css"
_SCRIPT = "report.js"
_WITHOUT_TEXT = '<meta name="bench-texts" content="left out">'
_HEAD = 4000  # characters; it stands before anything of the run


def render(run: RunResults, *, with_text: bool = True) -> str:
    """The whole page.

    Args:
        with_text: whether inputs, references and outputs are in it.

    Raises:
        BenchError: when the run's files are damaged.
    """
    folder = shipped_folder("reports")
    style, script = ((folder / name).read_text(encoding="utf-8") for name in (_STYLE, _SCRIPT))
    template = _environment(folder).get_template(_TEMPLATE)
    # The hashes are over the characters between the tags, so both must stand there as they are; they are ours and hold no '</'.
    policy = content_security_policy(style, script)
    return template.render(report=report_view(run, with_text=with_text), style=Markup(style), script=Markup(script), policy=policy)


def write_page(run: RunResults, path: Path, *, with_text: bool = True) -> None:
    """`render` into a file, whole or not at all."""
    write_text(path, render(run, with_text=with_text))


def rewrite_page(run: RunResults) -> None:
    """Write the report in the run's folder anew, where there is one; one that was written without texts stays without."""
    path = run.folder.report
    if path.is_file():
        with path.open(encoding="utf-8", errors="replace") as file:
            without_text = _WITHOUT_TEXT in file.read(_HEAD)
        write_text(path, render(run, with_text=not without_text))


def _environment(folder: Path) -> jinja2.Environment:
    found = page_environment(folder)
    modules = (
        calibration, cost_chart, example_browser, learning, learning_chart, marks, numbers, overview, phase_chart, result_sentences,
        review_sentences, training_chart,
    )  # fmt: skip
    found.globals |= {module.__name__.rpartition(".")[2]: module for module in modules} | {"PHASES": PHASES}
    return found
