"""A check of data as a page that needs nothing else, and as JSON for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from markupsafe import Markup

from harness.catalog import shipped_folder
from harness.data.checks import DataCheck
from harness.reporting.wording import check_fixes, check_sentences, finding_sentences
from harness.types import DataFinding
from harness.webpage import content_security_policy, page_environment, seal_page

_TEMPLATE = "check.html.j2"
_STYLE = "report.css"


def render_check(check: DataCheck) -> str:
    """The whole page. It has no script."""
    folder = shipped_folder("reports")
    style = (folder / _STYLE).read_text(encoding="utf-8")
    environment = page_environment(folder)
    environment.globals |= {"check_sentences": check_sentences, "check_fixes": check_fixes, "finding_sentences": finding_sentences}
    page = environment.get_template(_TEMPLATE).render(check=check, style=Markup(style), policy=content_security_policy(style, ""))
    return seal_page(page)


def check_to_json(check: DataCheck) -> dict[str, Any]:
    """What was checked, and every finding with its rows, its sentence, and what to do about it."""
    return {
        "name": check.name,
        "kind": check.kind,
        "columns": dict(check.columns),
        "guessed": check.guessed,
        "given_splits": check.is_split,
        "rows": dict(check.sizes),
        "origin": dict(check.origin),
        "summary": check_sentences.describe_summary(check),
        "spoils": check.spoils,
        "findings": [_finding(finding, check) for finding in check.findings],
    }


def _finding(finding: DataFinding, check: DataCheck) -> dict[str, Any]:
    fix = check_fixes.find_fix(finding, check)
    return {
        "code": finding.code,
        "severity": finding.severity,
        "count": finding.count,
        "of": finding.of,
        "splits": dict(finding.splits),
        "values": dict(finding.values),
        "limits": dict(finding.limits),
        "sentence": finding_sentences.describe(finding),
        "advice": fix.advice,
        "yaml": fix.yaml or None,
        "command": fix.command or None,
        "rows": [asdict(row) for row in finding.rows],
    }
