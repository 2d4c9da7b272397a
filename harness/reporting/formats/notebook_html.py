"""A run in a notebook: a small table of strategies and scores. Every text is escaped."""

from __future__ import annotations

from markupsafe import Markup

from harness.reporting.wording import numbers
from harness.results import RunResults, StrategyResult, TaskResults
from harness.text import short

_HEADINGS = ("strategy", "{score}", "95% CI", "vs base", "cost", "status")


def to_notebook_html(run: RunResults) -> str:
    """One table per task, the best strategy first, and a link to the report if there is one."""
    link = Markup(' · <a href="{}" target="_blank">report</a>').format(run.folder.report.resolve().as_uri())
    title = Markup("<b>{}</b>{}").format(run.name, link if run.folder.report.is_file() else "")
    return str(Markup("<div>{}{}</div>").format(title, Markup("").join(_table(results) for results in run.by_task.values())))


def _table(results: TaskResults) -> Markup:
    caption = f"{results.task.name} · {numbers.plural(len(results.examples), 'test example')}"
    heading = Markup("").join(Markup("<th>{}</th>").format(name.format(score=results.task.primary)) for name in _HEADINGS)
    rows = Markup("").join(_row(strategy, results) for strategy in results.strategies)
    return Markup("<table><caption>{}</caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(caption, heading, rows)


def _row(strategy: StrategyResult, results: TaskResults) -> Markup:
    unit = results.primary.unit if results.primary else ""
    score, difference, costs = strategy.primary, strategy.versus_base, strategy.costs
    cells = (
        short(strategy.label, 60),
        numbers.score(score.value if score else None, unit),
        numbers.interval(score.low, score.high, unit) if score else "",
        numbers.signed(difference.difference, unit) if difference else numbers.NOTHING,
        numbers.money(costs.total_price, costs.currency) if costs else numbers.NOTHING,
        "done" if strategy.complete else ", ".join(dict.fromkeys(strategy.statuses)),
    )
    return Markup("<tr>{}</tr>").format(Markup("").join(Markup("<td>{}</td>").format(cell) for cell in cells))
