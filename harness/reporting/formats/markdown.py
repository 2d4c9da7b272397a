"""The decision as Markdown, for the description of a pull request: what to ship, how sure that is, and a small table a task."""

from __future__ import annotations

import re

from harness.reporting.views.build import report_view
from harness.reporting.views.view import Report, TaskView
from harness.reporting.wording import numbers
from harness.reporting.wording import result_sentences as words
from harness.results import RunResults, StrategyCosts, StrategyResult
from harness.text import one_line, short

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!])")
_LINKED = re.compile(r":(?=//)|\bwww(?=\.)|@|mailto(?=:)|xmpp(?=:)", re.IGNORECASE)
_STANDINGS = {"within": "yes", "worse": "no", "undecided": "cannot tell"}


def to_markdown(run: RunResults) -> str:
    """The report in GitHub's Markdown. Names and errors are escaped: nothing in them formats, links, or calls a person."""
    report = report_view(run, with_text=False)
    parts = [f"## {escaped(words.title(report))}", _facts(report), *(part for task in report.tasks for part in _task(task))]
    return "\n\n".join(parts) + "\n"


def escaped(text: str, limit: int = 600) -> str:
    """A text that means what it says: Markdown's own characters behind a backslash, no entity, and nothing that a forge makes a link of, or
    calls a person by: an empty comment stands within."""
    plain = _SPECIAL.sub(r"\\\1", one_line(text, limit).replace("&", "&amp;"))
    return _LINKED.sub(lambda match: f"{match.group()}<!-- -->", plain)


def _facts(report: Report) -> str:
    statuses = ", ".join(f"{n} {status}" for status, n in report.statuses.items())
    spent = numbers.money(report.spent_price, report.currency)
    unfinished = "" if report.finished else " **This run has not ended.**"
    cells = f"{escaped(report.device)}; cells: {statuses}; {numbers.seconds(report.spent_seconds)}, {escaped(spent)}."
    return f"Run {escaped(report.name)}, {report.created[:16].replace('T', ' ')}, on {cells}{unfinished}"


def _task(task: TaskView) -> list[str]:
    said = [task.headline, *task.reductions, *filter(None, [task.forgetting]), *task.caveats]
    first, *others = [*task.advice, *said] if task.advice else said
    parts = [f"### {escaped(task.name)}", f"**{escaped(first)}**", _table(task), "\n".join(f"- {escaped(sentence)}" for sentence in others)]
    return [part for part in parts if part]


def _table(task: TaskView) -> str:
    costs = ["cost to train", "cost of 1,000 answers", "time per answer", "memory"]
    heads = ["strategy", escaped(task.primary.name), "within Δ of the best", *costs]
    lines = ["| " + " | ".join(heads) + " |", "| --- | ---: | --- | ---: | ---: | ---: | ---: |"]
    lines += ["| " + " | ".join(_cells(task, ln)) + " |" for ln in task.lines]
    return "\n".join(lines)


def _cells(task: TaskView, ln: StrategyResult) -> list[str]:
    unit, costs = task.primary.unit, ln.costs
    value = numbers.score(ln.primary.value if ln.primary else None, unit)
    spread = numbers.interval(ln.primary.low, ln.primary.high, unit) if ln.primary else ""
    name = escaped(short(ln.label, 60))
    name = f"**{name}**" if ln.label == task.choice else name
    return [
        name if ln.complete else f"{name} ({escaped(words.status(ln))})",
        f"{value} ({spread})" if spread else value,
        _STANDINGS.get(task.standings.get(ln.label, ""), numbers.NOTHING),
        _money(costs, costs.training_price if costs else None),
        _money(costs, costs.thousand_price if costs else None),
        numbers.seconds(costs.answer_seconds if costs else None),
        numbers.size(costs.peak_allocated if costs else None),
    ]


def _money(costs: StrategyCosts | None, amount: float | None) -> str:
    return escaped(numbers.money(amount, costs.currency)) if costs else numbers.NOTHING
