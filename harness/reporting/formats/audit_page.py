"""An audit as a page that needs nothing else, and as JSON for programs."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from harness.catalog import shipped_folder
from harness.reporting.views import RunAudit
from harness.reporting.wording import audit_sentences, headings
from harness.statistics import Audit, AuditCheck, Rate
from harness.webpage import content_security_policy, page_environment, seal_page

_TEMPLATE = "audit.html.j2"
_STYLE = "report.css"


def render_audit(audit: RunAudit) -> str:
    """The whole page. It has no script."""
    folder = shipped_folder("reports")
    style = (folder / _STYLE).read_text(encoding="utf-8")
    environment = page_environment(folder)
    environment.globals |= {"audit_sentences": audit_sentences, "labels": headings.LABELS}
    page = environment.get_template(_TEMPLATE).render(run=audit, style=Markup(style), policy=content_security_policy(style, ""))
    return seal_page(page)


def audit_to_json(audit: RunAudit) -> dict[str, Any]:
    """`{"run": name, "tasks": [...]}`: every check with its numbers, and the sentences that the page shows."""
    tasks = [
        {"task": each.task, "problem": each.why or None, "audit": None if each.audit is None else _audit(each.audit)}
        for each in audit.tasks
    ]
    return {"run": audit.run, "tasks": tasks}


def _audit(audit: Audit) -> dict[str, Any]:
    return {
        "score": audit.score,
        "examples": audit.n,
        "units": audit.units,
        "dropped": audit.dropped,
        "strategies": list(audit.strategies),
        "best": audit.best,
        "margin": audit.margin,
        "alpha": audit.alpha,
        "simulations": audit.simulations,
        "requested": audit.requested,
        "seed": audit.seed,
        "checks": [_check(check) for check in audit.checks],
        "skipped": [{"check": each.kind, "strategies": list(each.strategies), "reason": each.reason} for each in audit.skipped],
        "recommended": [{"strategy": name, **_rate(rate)} for name, rate in audit.choices.items()],
        "recommended_within_margin": None if audit.good_choices is None else _rate(audit.good_choices),
        "sentences": [audit_sentences.describe_result(audit), *filter(None, [audit_sentences.describe_choices(audit)])],
    }


def _check(check: AuditCheck) -> dict[str, Any]:
    return {
        "check": check.kind,
        "strategies": list(check.strategies),
        "score": check.score,
        "truth": check.truth,
        "is_coverage": check.is_coverage,
        "limit": check.limit,
        **_rate(check.rate),
        "low_confidence": check.low_confidence.share,
        "wrong_without_low_confidence": check.unmarked.share,
        "outcome": check.outcome,
    }


def _rate(rate: Rate) -> dict[str, Any]:
    low, high = rate.limits
    return {"rate": rate.share, "low": low, "high": high, "times": rate.times}
