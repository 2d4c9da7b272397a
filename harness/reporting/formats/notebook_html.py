"""A run in a notebook: a small table of strategies and scores. Every text is escaped."""

from __future__ import annotations

from markupsafe import Markup

from harness.reporting.wording import headings, numbers, run_sentences, table_notes
from harness.results import RunResults, StrategyResult, TaskResults
from harness.text import short


def to_notebook_html(run: RunResults) -> str:
    """One table per task, the best strategy first, and a link to the report if there is one."""
    address = run.folder.report.resolve().as_uri()
    link = Markup(' · <a href="{}" target="_blank">{}</a>').format(address, headings.NOTEBOOK_LINK)
    title = Markup("<b>{}</b>{}").format(run.name, link if run.folder.report.is_file() else "")
    return str(Markup("<div>{}{}</div>").format(title, Markup("").join(_table(results) for results in run.by_task.values())))


def _table(results: TaskResults) -> Markup:
    strategy, *others = headings.NOTEBOOK_HEADINGS
    caption = table_notes.caption_notebook(results.task.name, results.test_size)
    heading = Markup("").join(Markup("<th>{}</th>").format(name) for name in (strategy, results.task.primary, *others))
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
        run_sentences.describe_status(strategy),
    )
    return Markup("<tr>{}</tr>").format(Markup("").join(Markup("<td>{}</td>").format(cell) for cell in cells))
