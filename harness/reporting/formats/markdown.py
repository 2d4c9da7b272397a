"""The decision as Markdown, for the description of a pull request: what to use, how certain that is, and a small table for each task."""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.reporting.views import Report, TaskView, build_report_view
from harness.reporting.wording import (
    cascade_sentences,
    decision_sentences,
    guardrail_tables,
    headings,
    judge_wording,
    leak_sentences,
    money_sentences,
    numbers,
    replacement_sentences,
    run_sentences,
    search_sentences,
    search_tables,
    served_sentences,
    speed_sentences,
    table_notes,
    task_sentences,
    text_table,
    trivial_sentences,
)
from harness.results import RunResults, StrategyCosts, StrategyResult
from harness.text import one_line, short

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!])")
_LINKED = re.compile(r":(?=//)|\bwww(?=\.)|@|mailto(?=:)|xmpp(?=:)", re.IGNORECASE)


def to_markdown(run: RunResults, *, volume: int | None = None) -> str:
    """The report in GitHub's Markdown. Names and errors are escaped: nothing in them formats, links, or mentions a person.

    Args:
        volume: outputs per month, for costs; by default those that each task declares.
    """
    return as_markdown(build_report_view(run, with_text=False, volume=volume))


def as_markdown(report: Report) -> str:
    """`to_markdown` of a report that is built; it shows no inputs, references and outputs."""
    parts = [
        f"## {escape_markdown(run_sentences.describe_title(report))}",
        _facts(report),
        *(part for task in report.tasks for part in _task(task)),
    ]
    return "\n\n".join(parts) + "\n"


def escape_markdown(text: str, limit: int = 600) -> str:
    """A text that is shown literally: Markdown's own characters are escaped, entities too, and an empty comment breaks what a forge would
    turn into a link or a mention."""
    plain = _SPECIAL.sub(r"\\\1", one_line(text, limit).replace("&", "&amp;"))
    return _LINKED.sub(lambda match: f"{match.group()}<!-- -->", plain)


def _facts(report: Report) -> str:
    unfinished = "" if report.finished else f" **{escape_markdown(run_sentences.describe_unfinished(report))}**"
    return f"{escape_markdown(run_sentences.describe_run(report))}{unfinished}"


def _task(task: TaskView) -> list[str]:
    summary = task_sentences.summarize_task(task)
    text = summary.decision
    marked = any(result.primary and task_sentences.has_low_confidence(result.primary) for result in task.strategies)
    table = f"{_table(task)}\n\n{escape_markdown(headings.LOW_CONFIDENCE_NOTE)}" if marked else _table(task)
    parts = [
        f"### {escape_markdown(task.name)}",
        f"**{escape_markdown(text.state)}. {escape_markdown(text.headline)}**",
        _list("", [*text.why, *filter(None, [text.confidence])]),
        _list(decision_sentences.CONDITIONS, text.conditions),
        _guardrails(task),
        _list(decision_sentences.NEXT_STEPS, [step.text for step in text.steps], [step.code for step in text.steps]),
        table,
        _text_table(money_sentences.build_money_table(task)) if task.money.rows else "",
        *_replacements(task),
        *_speeds(task),
        _list("", [f"{each.label}: {' '.join(cascade_sentences.describe_cascade(each))}" for each in task.cascades]),
        _list(judge_wording.SECTION, [f"{judge_wording.judge_headline(each)} {judge_wording.describe_role(each)}" for each in task.judges]),
        *_leaks(task),
        *_search(task),
        _list("", [*summary.reasons, *summary.reductions, *summary.caveats]),
    ]
    return [part for part in parts if part]


def _list(title: str, sentences: Sequence[str], codes: Sequence[str] = ()) -> str:
    """A titled list; `codes` are what to type, shown literally."""
    if not sentences:
        return ""
    shown = [f" {_code(code)}" if code else "" for code in codes] or [""] * len(sentences)
    lines = [f"- {escape_markdown(sentence)}{code}" for sentence, code in zip(sentences, shown, strict=True)]
    return "\n".join([f"{title}:\n", *lines] if title else lines)


def _code(text: str) -> str:
    """A code span that no text can end."""
    line = one_line(text, 300)
    fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    return f"{fence} {line} {fence}" if "`" in line else f"{fence}{line}{fence}"


def _guardrails(task: TaskView) -> str:
    if not task.decision.guardrails:
        return ""
    table = guardrail_tables.list_guardrails(task.decision.guardrails)
    return "\n".join([*_rows(table), "", escape_markdown(table.under)])


def _replacements(task: TaskView) -> list[str]:
    report = task.replacement
    rivals = report.rivals if report is not None else ()
    tables = [replacement_sentences.build_replacement_table(report, rival) for rival in rivals if report is not None]
    return [part for table in tables for part in (_text_table(table), escape_markdown(table.under, 1000))]


def _speeds(task: TaskView) -> list[str]:
    tables = [speed_sentences.build_speed_table(task.speeds)] if task.speeds is not None else []
    tables += [served_sentences.build_served_table(task.served)] if task.served else []
    return [part for table in tables for part in (_text_table(table), escape_markdown(table.under, 2000))]


def _leaks(task: TaskView) -> list[str]:
    if task.leaks is None:
        return []
    table = leak_sentences.build_leak_table(task.leaks)
    return [_text_table(table), escape_markdown(table.under, 2000), _list("", leak_sentences.list_findings(task.leaks))]


def _search(task: TaskView) -> list[str]:
    if task.search is None:
        return []
    table = search_tables.build_search_table(task.search)
    title = f"{escape_markdown(search_sentences.title_section(task.search))}:"
    return [_text_table(table), escape_markdown(table.under, 2000), f"{title}\n\n{_list('', search_sentences.list_findings(task.search))}"]


def _text_table(table: text_table.TextTable) -> str:
    return "\n".join([f"{escape_markdown(table.title)}:", "", *_rows(table)])


def _rows(table: text_table.TextTable) -> list[str]:
    lines = [f"| {' | '.join(table.columns)} |", f"| {' | '.join('---:' if n else '---' for n in table.numeric)} |"]
    return [*lines, *(f"| {' | '.join(escape_markdown(cell, 200) for cell in row)} |" for row in table.rows)]


def _table(task: TaskView) -> str:
    standing = table_notes.head_standing(task)
    strategy, *costs = headings.MARKDOWN_HEADINGS
    others = [f"{standing[:1].lower()}{standing[1:]}", *costs]
    lines = ["| " + " | ".join([strategy, escape_markdown(task.primary.name), *others]) + " |"]
    lines += ["| --- | ---: | --- | ---: | ---: | ---: | ---: |"]
    lines += ["| " + " | ".join(_cells(task, result)) + " |" for result in task.strategies]
    if task.trivial:
        name = f"{headings.LABELS['trivial']}: {trivial_sentences.describe_reference(task.trivial)}"
        lines += [f"| {escape_markdown(name)} | {numbers.score(task.trivial.value, task.primary.unit)} {'| ' * len(others)}|"]
    return "\n".join(lines)


def _cells(task: TaskView, result: StrategyResult) -> list[str]:
    unit, costs, primary = task.primary.unit, result.costs, result.primary
    value = numbers.score(primary.value if primary else None, unit)
    interval = numbers.interval(primary.low, primary.high, unit) if primary else ""
    mark = f" {headings.LOW_CONFIDENCE_MARK}" if primary and task_sentences.has_low_confidence(primary) else ""
    name = escape_markdown(short(result.label, 60))
    name = f"**{name}**" if result.label == task.choice else name
    standing = task.standings.get(result.label)
    return [
        name if result.complete else f"{name} ({escape_markdown(run_sentences.describe_status(result))})",
        f"{value} ({interval}){mark}" if interval else value,
        headings.STANDING_ANSWERS[standing] if standing else numbers.NOTHING,
        _money(costs, costs.training_price if costs else None),
        _money(costs, costs.thousand_price if costs else None),
        numbers.seconds(costs.answer_seconds if costs else None),
        numbers.size(costs.peak_allocated if costs else None),
    ]


def _money(costs: StrategyCosts | None, amount: float | None) -> str:
    return escape_markdown(numbers.money(amount, costs.currency)) if costs else numbers.NOTHING
