"""The report as one HTML file that needs nothing else: no network, one style and one script of ours, and nothing else that runs.

Three things keep hostile text inert, each enough on its own for most of it: Jinja escapes whatever is printed (and the script sets texts as
texts), `visible` spells out characters that a browser acts on, and the Content-Security-Policy allows the inlined style and the inlined
script, by their hashes, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from harness.catalog.shipped import shipped_folder
from harness.reporting import (
    calibration,
    cost_chart,
    examples,
    learning,
    learning_chart,
    marks,
    numbers,
    overview,
    phase_chart,
    training_chart,
    words,
)
from harness.reporting.build import report_view
from harness.reporting.text import one_line, short, visible
from harness.reporting.view import PHASES
from harness.store import Run
from harness.store.atomic import write_text

_TEMPLATE = "report.html.j2"
_STYLE = "report.css"
_SCRIPT = "report.js"


def render(run: Run, *, with_text: bool = True) -> str:
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


def write_page(run: Run, path: Path) -> None:
    """`render` into a file, whole or not at all."""
    write_text(path, render(run))


def content_security_policy(style: str, script: str) -> str:
    """What the page may load and run: this style and this script, and nothing else."""
    styles, scripts = (base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii") for text in (style, script))
    return f"default-src 'none'; style-src 'sha256-{styles}'; script-src 'sha256-{scripts}'; base-uri 'none'; form-action 'none'"


def _environment(folder: Path) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    rooms = (calibration, cost_chart, examples, learning, learning_chart, marks, numbers, overview, phase_chart, training_chart, words)
    environment.globals |= {room.__name__.rpartition(".")[2]: room for room in rooms} | {"PHASES": PHASES}
    environment.filters |= {"one_line": one_line, "short": short}
    return environment


def _shown(value: Any) -> Any:
    """Every text that the template prints goes through `visible`, so that none can be forgotten."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return visible(value)
    return "" if value is None else value
