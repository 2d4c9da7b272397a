"""The report as one HTML file that needs nothing else: no network, no script, and nothing in it that a browser would run.

Three things keep hostile text inert, each enough on its own for most of it: Jinja escapes whatever is printed, `visible` spells out
characters that a browser acts on, and the Content-Security-Policy allows one inlined style, by its hash, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from harness.catalog.shipped import shipped_folder
from harness.reporting import cost_chart, learning, learning_chart, marks, numbers, phase_chart, training_chart, words
from harness.reporting.build import report_view
from harness.reporting.text import one_line, short, visible
from harness.reporting.view import PHASES
from harness.store import Run
from harness.store.atomic import write_text

_TEMPLATE = "report.html.j2"
_STYLE = "report.css"


def render(run: Run) -> str:
    """The whole page.

    Raises:
        BenchError: when the run's files are damaged.
    """
    folder = shipped_folder("reports")
    style = (folder / _STYLE).read_text(encoding="utf-8")
    template = _environment(folder).get_template(_TEMPLATE)
    # The hash is over the characters between the tags, so the style must stand there as it is; it is ours and holds no '<'.
    return template.render(report=report_view(run), style=Markup(style), policy=content_security_policy(style))


def write_page(run: Run, path: Path) -> None:
    """`render` into a file, whole or not at all."""
    write_text(path, render(run))


def content_security_policy(style: str) -> str:
    """What the page may load and run: this style, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _environment(folder: Path) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    rooms = (cost_chart, learning, learning_chart, marks, numbers, phase_chart, training_chart, words)
    environment.globals |= {room.__name__.rpartition(".")[2]: room for room in rooms} | {"PHASES": PHASES}
    environment.filters |= {"one_line": one_line, "short": short}
    return environment


def _shown(value: Any) -> Any:
    """Every text that the template prints goes through `visible`, so that none can be forgotten."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return visible(value)
    return "" if value is None else value
