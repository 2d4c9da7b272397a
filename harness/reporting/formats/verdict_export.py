"""A verdict of the gate for CI: Markdown and JUnit XML. What models wrote is escaped."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from harness.gate import Verdict
from harness.reporting.formats.markdown import escape_markdown
from harness.reporting.wording import gate_words, numbers
from harness.text import visible


def verdict_to_markdown(verdict: Verdict) -> str:
    """A verdict as Markdown, for a pull request and for the summary of a CI job."""
    lines = [
        f"## {escape_markdown(gate_words.headline(verdict))}",
        "",
        f"| {' | '.join(gate_words.RULE_COLUMNS)} |",
        "| --- | --- | ---: | --- |",
    ]
    for ruling in verdict.rulings:
        cells = (
            escape_markdown(ruling.rule, 200),
            f"**{ruling.outcome}**",
            escape_markdown(gate_words.measured(ruling)),
            escape_markdown(gate_words.reason(ruling), 400),
        )
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", *(f"- {escape_markdown(sentence)}" for sentence in gate_words.list_sentences(verdict))]
    if verdict.worse:
        lines += ["", f"| {' | '.join(gate_words.WORSE_COLUMNS)} |", "| --- | ---: | ---: | --- |"]
        for row in verdict.worse[:10]:
            name = escape_markdown(row.example, 60) + (f" **{gate_words.how(row)}**" if row.critical else "")
            cells = (name, numbers.score(row.baseline), numbers.score(row.candidate), escape_markdown(row.candidate_output, 200))
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def verdict_to_junit(verdict: Verdict) -> str:
    """A test case for each rule: a failed rule is a failure, an undecided one an error, so that no CI takes it for a pass."""
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
            message = f"{gate_words.measured(ruling)}: {gate_words.reason(ruling)}"
            ET.SubElement(case, kind, {"message": _xml(message), "type": ruling.outcome}).text = _xml(f"{message}\n{ruling.method}")
    out = ET.SubElement(suite, "system-out")
    rows = [f"{gate_words.how(row)}: {row.example}: {row.candidate_output}" for row in verdict.worse]
    out.text = _xml("\n".join([gate_words.headline(verdict), *gate_words.list_sentences(verdict), *rows]))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _xml(text: str) -> str:
    """XML allows no control characters, and readers should not act on others."""
    return visible(text, 4000)
