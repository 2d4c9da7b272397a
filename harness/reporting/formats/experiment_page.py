"""What the events of an A/B test show, as a page that needs nothing else."""

from __future__ import annotations

from markupsafe import Markup

from harness.catalog import shipped_folder
from harness.lifecycle.experiments import ExperimentReading
from harness.reporting.charts import draw_limits_chart
from harness.reporting.wording import headings
from harness.reporting.wording.experiments import reading_sentences
from harness.webpage import content_security_policy, page_environment, seal_page

_TEMPLATE = "experiment.html.j2"
_STYLE = "report.css"


def render_experiment(reading: ExperimentReading) -> str:
    """The whole page. It has no script."""
    folder = shipped_folder("reports")
    style = (folder / _STYLE).read_text(encoding="utf-8")
    environment = page_environment(folder)
    environment.globals |= {"sentences": reading_sentences, "labels": headings.LABELS}
    page = environment.get_template(_TEMPLATE).render(
        reading=reading,
        chart=draw_limits_chart(reading, "limits"),
        style=Markup(style),
        policy=content_security_policy(style, ""),
    )
    return seal_page(page)
