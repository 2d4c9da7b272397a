"""A verdict of the gate for programs: Markdown, JSON and JUnit XML. What models wrote is escaped in Markdown and XML."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

from harness.gate import Verdict
from harness.reporting.formats.markdown import escape_markdown
from harness.reporting.wording import gate_sentences, gate_tables, numbers, rule_sentences
from harness.text import visible

_MOST_REGRESSIONS = 10


def verdict_to_markdown(verdict: Verdict) -> str:
    """A verdict as Markdown, for a pull request and for the summary of a CI job."""
    lines = [
        f"## {escape_markdown(gate_sentences.headline(verdict))}",
        "",
        f"| {' | '.join(gate_tables.RULE_COLUMNS)} |",
        "| --- | --- | ---: | --- |",
    ]
    for rule in verdict.rules:
        title, outcome, measured, reason = gate_tables.rule_cells(rule)
        cells = [escape_markdown(title, 200), f"**{outcome}**", escape_markdown(measured), escape_markdown(reason, 400)]
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", *(f"- {escape_markdown(sentence)}" for sentence in _list_sentences(verdict))]
    if verdict.regressions:
        lines += ["", f"| {' | '.join(gate_tables.REGRESSION_COLUMNS)} |", "| --- | ---: | ---: | --- |"]
        for each in verdict.regressions[:_MOST_REGRESSIONS]:
            name = escape_markdown(each.example, 60) + (f" **{gate_sentences.describe_regression(each)}**" if each.critical else "")
            scores = f"{numbers.score(each.baseline)} | {numbers.score(each.candidate)}"
            lines.append(f"| {name} | {scores} | {escape_markdown(each.candidate_output, 200)} |")
    return "\n".join(lines) + "\n"


def verdict_to_json(verdict: Verdict) -> dict[str, Any]:
    """A verdict as plain values, with sentences beside the codes: `headline`, `sentences`, and `title`, `measured_text` and `sentence` of
    each rule. `approvals_required`, `approvals_given` and `awaits_approval` count people."""
    values = verdict.to_json()
    for stored, rule in zip(values["rules"], verdict.rules, strict=True):
        stored |= {
            "title": rule_sentences.rule_title(rule),
            "measured_text": rule_sentences.measured_value(rule),
            "sentence": rule_sentences.reason_sentence(rule),
        }
    counts = {
        "approvals_required": verdict.approvals_required,
        "approvals_given": verdict.approvals_given,
        "awaits_approval": verdict.awaits_approval,
    }
    return values | counts | {"headline": gate_sentences.headline(verdict), "sentences": _list_sentences(verdict)}


def verdict_to_junit(verdict: Verdict) -> str:
    """A test case for each rule: a failed rule is a failure, an undecided one an error, so that no CI takes it for a pass. An advisory rule
    that does not pass is skipped, with the reason. A PASS whose policy requires approvals has a case for them, an error while they lack."""
    blocking = [rule.outcome for rule in verdict.rules if rule.rule.tier == "blocking"]
    skipped = sum(rule.rule.tier == "advisory" and rule.outcome != "PASS" for rule in verdict.rules)
    needs_approval = verdict.outcome == "PASS" and verdict.approvals_required > 0
    errors = blocking.count("INCONCLUSIVE") + verdict.awaits_approval
    numbers = {"tests": len(verdict.rules) + needs_approval, "failures": blocking.count("FAIL"), "errors": errors}
    counts = {name: str(number) for name, number in (numbers | {"skipped": skipped}).items()}
    root = ET.Element("testsuites", {"name": "bench gate", **counts})
    suite_name = _xml(f"{verdict.task}: {verdict.candidate.label}")
    suite = ET.SubElement(root, "testsuite", {"name": suite_name, "timestamp": verdict.at[:19], **counts})
    for rule in verdict.rules:
        attributes = {"classname": _xml(f"gate.{verdict.task}"), "name": _xml(rule_sentences.full_rule_title(rule)), "time": "0"}
        case = ET.SubElement(suite, "testcase", attributes)
        if rule.outcome != "PASS":
            kind = "skipped" if rule.rule.tier == "advisory" else "failure" if rule.outcome == "FAIL" else "error"
            message = f"{rule_sentences.measured_value(rule)}: {rule_sentences.reason_sentence(rule)}"
            ET.SubElement(case, kind, {"message": _xml(message), "type": rule.outcome}).text = _xml(f"{message}\n{rule.method}")
    if needs_approval:
        attributes = {"classname": _xml(f"gate.{verdict.task}"), "name": gate_sentences.APPROVAL_CASE, "time": "0"}
        case = ET.SubElement(suite, "testcase", attributes)
        if verdict.awaits_approval:
            sentences = gate_sentences.approval_sentences(verdict)
            ET.SubElement(case, "error", {"message": _xml(sentences[0]), "type": "WAITING"}).text = _xml("\n".join(sentences))
    out = ET.SubElement(suite, "system-out")
    regressions = [f"{gate_sentences.describe_regression(each)}: {each.example}: {each.candidate_output}" for each in verdict.regressions]
    out.text = _xml("\n".join([gate_sentences.headline(verdict), *_list_sentences(verdict), *regressions]))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _list_sentences(verdict: Verdict) -> list[str]:
    return [*gate_sentences.verdict_sentences(verdict), gate_sentences.describe_models(verdict)]


def _xml(text: str) -> str:
    """XML allows no control characters, and readers should not act on others."""
    return visible(text, 4000)
