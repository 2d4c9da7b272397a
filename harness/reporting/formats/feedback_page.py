"""What users say about the answers of a task, as a page that needs nothing else."""

from __future__ import annotations

from markupsafe import Markup

from harness.catalog import shipped_folder
from harness.lifecycle.feedback import FeedbackSummary
from harness.reporting.wording import feedback_sentences
from harness.webpage import content_security_policy, page_environment, seal_page

_TEMPLATE = "feedback.html.j2"
_STYLE = "report.css"


def render_feedback(summary: FeedbackSummary) -> str:
    """The whole page. It has no script."""
    folder = shipped_folder("reports")
    style = (folder / _STYLE).read_text(encoding="utf-8")
    environment = page_environment(folder)
    environment.globals |= {"sentences": feedback_sentences}
    policy = content_security_policy(style, "")
    return seal_page(environment.get_template(_TEMPLATE).render(summary=summary, style=Markup(style), policy=policy))
