"""What a watch found as a page that needs nothing else, and as JSON for programs."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from harness.catalog import shipped_folder
from harness.lifecycle.watch import SignalFinding, WatchResult
from harness.reporting import charts
from harness.reporting.wording import watch_sentences
from harness.webpage import content_security_policy, page_environment, seal_page

_TEMPLATE = "watch.html.j2"
_STYLE = "report.css"
_MOST_CHARTS = 6


def render_watch(result: WatchResult) -> str:
    """The whole page. It has no script."""
    folder = shipped_folder("reports")
    style = (folder / _STYLE).read_text(encoding="utf-8")
    environment = page_environment(folder)
    environment.globals |= {"sentences": watch_sentences, "charts": charts}
    several_days = [finding for finding in result.moved if len(finding.days) > 1]
    whole = [finding for finding in several_days if finding.test.column is None or finding.test.signal == "slice"]
    drawn = (whole or several_days)[:_MOST_CHARTS]
    policy = content_security_policy(style, "")
    page = environment.get_template(_TEMPLATE).render(result=result, drawn=drawn, style=Markup(style), policy=policy)
    return seal_page(page)


def watch_to_json(result: WatchResult) -> dict[str, Any]:
    """Every signal with its numbers, and the sentences that the page shows."""
    return {
        "task": result.task,
        "model": {"strategy": result.strategy, "run": result.run, "promoted": result.promoted},
        "outcome": result.outcome,
        "since": _day(result.since),
        "first_alarm": _day(result.first_alarm),
        "sentences": watch_sentences.describe_outcome(result),
        "rows": {"new": result.new_rows, "known": result.known_rows, "all": result.rows, "independent": result.units},
        "days": {"first": _day(result.first_day), "last": _day(result.last_day)},
        "reference": {"examples": result.reference_examples, "independent": result.reference_units},
        "score": result.score or None,
        "signals": [_finding(finding, result) for finding in result.signals],
        "slices": [_finding(finding, result) for finding in result.slices],
        "words": [
            {
                "word": word.word,
                "in": word.place,
                "before": word.before,
                "now": word.now,
                "examples": [{"id": id_, "text": text} for id_, text in word.examples],
            }
            for word in result.words
        ],
        "notes": watch_sentences.list_notes(result),
    }


def _finding(finding: SignalFinding, result: WatchResult) -> dict[str, Any]:
    test, difference = finding.test, finding.difference
    return {
        "signal": test.signal,
        "name": watch_sentences.name_signal(finding, result),
        "class": test.label,
        "slice": None if test.column is None else {"column": test.column, "value": test.value},
        "reference": finding.reference,
        "reference_examples": finding.n_reference,
        "now": finding.now,
        "examples": finding.n_now,
        "difference": None
        if difference is None or difference.low is None
        else {"low": difference.low, "high": difference.high, "reliable": difference.reliable},
        "p_value": finding.p_value,
        "share_of_alpha": test.share,
        "moved": finding.has_moved,
        "alarm": _day(finding.alarm),
        "since": _day(finding.since),
    }


def _day(day: Any) -> str | None:
    return None if day is None else day.isoformat()
