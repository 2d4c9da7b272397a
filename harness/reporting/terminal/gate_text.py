"""A verdict for people and for CI: in the terminal, as Markdown, as JUnit XML. Whatever models wrote is shown as text."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.gate import Verdict
from harness.reporting.formats.markdown import escaped
from harness.reporting.terminal.console import UNLIMITED, print_table, print_text
from harness.reporting.wording import numbers
from harness.reporting.wording.gate_words import about, headline, how, measured, reason, worse
from harness.text import one_line, visible

STYLES = {"PASS": "green", "FAIL": "red", "INCONCLUSIVE": "yellow"}


def print_verdict(verdict: Verdict, console: Console) -> None:
    """The verdict in a terminal."""
    width = console.width if console.is_terminal else UNLIMITED
    print_text(console, Text(one_line(headline(verdict)), style=f"bold {STYLES[verdict.outcome]}"))
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name in ("rule", "verdict", "measured (limits)", "why"):
        table.add_column(Text(name), no_wrap=True, overflow="fold")
    for ruling in verdict.rulings:
        cells = (one_line(ruling.rule, 120), ruling.outcome, measured(ruling), one_line(reason(ruling), 200))
        table.add_row(*(Text(cell) for cell in cells), style=STYLES[ruling.outcome])
    print_table(console, table, width)
    for sentence in [*about(verdict), *filter(None, [worse(verdict)])]:
        print_text(console, Text(one_line(sentence)))
    for row in verdict.worse[:5]:
        change = f"{numbers.score(row.baseline)} → {numbers.score(row.candidate)}"
        print_text(console, Text(f"{how(row)}  {one_line(row.example, 40)}  {change}  {one_line(row.candidate_output, 120)}"))


def verdict_to_markdown(verdict: Verdict) -> str:
    """For a pull request, and for the summary of a CI job."""
    lines = [f"## {escaped(headline(verdict))}", "", "| rule | verdict | measured (limits) | why |", "| --- | --- | ---: | --- |"]
    for ruling in verdict.rulings:
        cells = (escaped(ruling.rule, 200), f"**{ruling.outcome}**", escaped(measured(ruling)), escaped(reason(ruling), 400))
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", *(f"- {escaped(sentence)}" for sentence in [*about(verdict), *filter(None, [worse(verdict)])])]
    if verdict.worse:
        lines += ["", "| row | baseline | candidate | what the candidate says |", "| --- | ---: | ---: | --- |"]
        for row in verdict.worse[:10]:
            name = escaped(row.example, 60) + (f" **{how(row)}**" if row.critical else "")
            lines.append(
                f"| {name} | {numbers.score(row.baseline)} | {numbers.score(row.candidate)} | {escaped(row.candidate_output, 200)} |"
            )
    return "\n".join(lines) + "\n"


def verdict_to_junit(verdict: Verdict) -> str:
    """A test case a rule: one that fails is a failure, one that cannot be decided an error, so that no CI takes it for a pass."""
    failures = sum(r.outcome == "FAIL" for r in verdict.rulings)
    errors = sum(r.outcome == "INCONCLUSIVE" for r in verdict.rulings)
    counts = {"tests": str(len(verdict.rulings)), "failures": str(failures), "errors": str(errors)}
    root = ET.Element("testsuites", {"name": "bench gate", **counts})
    suite = ET.SubElement(
        root, "testsuite", {"name": _xml(f"{verdict.task}: {verdict.candidate.label}"), "timestamp": verdict.at[:19], **counts}
    )
    for ruling in verdict.rulings:
        case = ET.SubElement(suite, "testcase", {"classname": _xml(f"gate.{verdict.task}"), "name": _xml(ruling.rule), "time": "0"})
        if ruling.outcome != "PASS":
            kind = "failure" if ruling.outcome == "FAIL" else "error"
            said = f"{measured(ruling)}: {reason(ruling)}"
            ET.SubElement(case, kind, {"message": _xml(said), "type": ruling.outcome}).text = _xml(f"{said}\n{ruling.method}")
    out = ET.SubElement(suite, "system-out")
    rows = [f"{how(row)}: {row.example}: {row.candidate_output}" for row in verdict.worse]
    out.text = _xml("\n".join([headline(verdict), *about(verdict), worse(verdict), *rows]))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _xml(text: str) -> str:
    """XML holds no control characters, and no reader should obey others."""
    return visible(text, 4000)
