"""What a retraining has done, for programs: JSON, Markdown and JUnit XML. No format holds a text of an example."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from xml.etree import ElementTree as ET

from harness.lifecycle.retraining import StepResult
from harness.reporting.formats.markdown import escape_markdown
from harness.reporting.formats.verdict_export import verdict_to_json, verdict_to_markdown
from harness.reporting.wording import retrain_sentences
from harness.store import to_jsonable
from harness.text import visible

_PROBLEMS = {"held": "failure", "over_limit": "failure", "not_trained": "failure"}
_OPEN = ("undecided", "no_new_data", "waiting")


def retraining_to_json(result: StepResult) -> dict[str, Any]:
    """The result as plain values, with sentences beside the codes: `headline`, `sentences`."""
    forecast, event = result.forecast, result.promoted
    return {
        "task": result.task,
        "outcome": result.outcome,
        "exit_code": result.exit_code,
        "headline": retrain_sentences.describe_outcome(result),
        "sentences": [*retrain_sentences.list_facts(result), *retrain_sentences.list_notes(result)],
        "date": result.today.isoformat(),
        "number": result.number,
        "resumed": result.resumed,
        "dry_run": result.dry_run,
        "days_to_wait": result.waits_days,
        "champion": asdict(result.champion) | {"promoted": result.champion.promoted.isoformat()},
        "triggers": [
            {
                "trigger": each.kind,
                "value": each.value,
                "due_from": each.threshold,
                "due": each.fires,
                "since": each.since.isoformat() if each.since else None,
            }
            for each in result.triggers
        ],
        "data": to_jsonable(asdict(result.data)),
        "forecast": None
        if forecast is None
        else {
            "hours": forecast.hours,
            "price": forecast.price,
            "currency": forecast.currency,
            "strategies": [asdict(each) for each in forecast.strategies],
        },
        "limits": result.limits.model_dump(mode="json"),
        "run": result.run or None,
        "candidate": result.candidate or None,
        "hours": result.hours,
        "price": result.price,
        "currency": result.currency or None,
        "verdict": None if result.verdict is None else verdict_to_json(result.verdict.without_text()),
        "promoted": None if event is None else {"event": event.number, "digest": event.digest, "at": event.at},
        "superseded": result.superseded or None,
        "undelivered": list(result.undelivered),
    }


def retraining_to_markdown(result: StepResult) -> str:
    """The result as Markdown, for the summary of a CI job or an issue."""
    lines = [f"## {escape_markdown(retrain_sentences.describe_outcome(result))}", ""]
    if result.triggers:
        table = retrain_sentences.build_trigger_table(result)
        lines += [f"| {' | '.join(table.columns)} |", "| --- | ---: | ---: | --- |"]
        lines += [f"| {' | '.join(escape_markdown(cell) for cell in row)} |" for row in table.rows]
        lines.append("")
    lines += [f"- {escape_markdown(each)}" for each in (*retrain_sentences.list_facts(result), *retrain_sentences.list_notes(result))]
    text = "\n".join(lines) + "\n"
    return text if result.verdict is None else f"{text}\n{verdict_to_markdown(result.verdict.without_text())}"


def retraining_to_junit(result: StepResult) -> str:
    """One test case: a failure if it was held, not trained or exceeds a limit; an error if nothing decides it, it waits or has no data;
    skipped if it is not due."""
    failed, is_open = result.outcome in _PROBLEMS, result.outcome in _OPEN
    is_skipped = result.outcome in ("not_due", "due")
    counts = {"tests": "1", "failures": str(int(failed)), "errors": str(int(is_open)), "skipped": str(int(is_skipped))}
    root = ET.Element("testsuites", {"name": "bench retrain", **counts})
    suite = ET.SubElement(root, "testsuite", {"name": _xml(result.task), "timestamp": f"{result.today.isoformat()}T00:00:00", **counts})
    case = ET.SubElement(suite, "testcase", {"classname": _xml(f"retrain.{result.task}"), "name": "retraining", "time": "0"})
    headline = retrain_sentences.describe_outcome(result)
    sentences = [*retrain_sentences.list_facts(result), *retrain_sentences.list_notes(result)]
    if failed or is_open or is_skipped:
        kind = "failure" if failed else "error" if is_open else "skipped"
        problem = ET.SubElement(case, kind, {"message": _xml(headline), "type": retrain_sentences.OUTCOMES[result.outcome]})
        problem.text = _xml("\n".join(sentences))
    ET.SubElement(suite, "system-out").text = _xml("\n".join([headline, *sentences]))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _xml(text: str) -> str:
    """XML allows no control characters, and readers should not act on others."""
    return visible(text, 4000)
