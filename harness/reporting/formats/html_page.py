"""The report as one HTML file that needs nothing else: no network, and nothing runs but one script of ours."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup

from harness.catalog import shipped_folder
from harness.data.privacy import TextGuard, tag_identifiers
from harness.reporting import charts
from harness.reporting.formats.example_package import pack_examples
from harness.reporting.formats.markdown import as_markdown
from harness.reporting.views import Report, build_overview_rows, build_report_view, compute_overall_gains
from harness.reporting.wording import (
    card_sentences,
    cascade_sentences,
    check_sentences,
    claim_sentences,
    combined_wording,
    decision_sentences,
    example_texts,
    finding_sentences,
    first_screen,
    forecast_sentences,
    gate_sentences,
    gate_tables,
    guardrail_tables,
    headings,
    judge_tables,
    judge_wording,
    leak_sentences,
    learning_sentences,
    money_sentences,
    names,
    numbers,
    replacement_sentences,
    review_sentences,
    review_tables,
    run_sentences,
    safety_sentences,
    search_sentences,
    search_tables,
    served_sentences,
    speed_sentences,
    table_notes,
    task_sentences,
    trivial_sentences,
)
from harness.results import PHASES, RunResults
from harness.store import write_text
from harness.webpage import content_security_policy, page_environment, seal_page

_TEMPLATE = "report.html.j2"
_STYLE = "report.css"
_SCRIPTS = ("report.js", "amounts.js", "money.js", "break_even.js")
_WITHOUT_TEXT = '<meta name="bench-texts" content="left out">'
_ANONYMIZED = '<meta name="bench-texts" content="anonymized">'
_HEAD = 4000  # characters; the mark stands before anything of the run


def render(run: RunResults, *, with_text: bool = True, volume: int | None = None, guard: TextGuard | None = None) -> str:
    """The whole page.

    Args:
        with_text: whether inputs, references and outputs are in it.
        volume: outputs per month, for costs; by default those that each task declares.
        guard: inputs, references and outputs pass it; it counts and may replace identifiers of people.

    Raises:
        BenchError: the run's files are damaged.
    """
    folder = shipped_folder("reports")
    style, *scripts = ((folder / name).read_text(encoding="utf-8") for name in (_STYLE, *_SCRIPTS))
    script = "\n".join(scripts)
    template = _environment(folder).get_template(_TEMPLATE)
    # The hashes are over the characters between the tags, so both are inserted unescaped; they are ours and hold no '</'.
    policy = content_security_policy(style, script)
    report = build_report_view(run, with_text=with_text, volume=volume, guard=guard)
    return seal_page(template.render(report=report, style=Markup(style), script=Markup(script), policy=policy))


def write_page(run: RunResults, path: Path, *, with_text: bool = True, volume: int | None = None) -> None:
    """Write the page to a file, atomically."""
    write_text(path, render(run, with_text=with_text, volume=volume), private=path.parent.resolve() == run.path.resolve())


def rewrite_page(run: RunResults) -> None:
    """Write the report in the run's folder again, if it has one; one without texts, or with surrogates, stays so."""
    path = run.folder.report
    if path.is_file():
        with path.open(encoding="utf-8", errors="replace") as file:
            head = file.read(_HEAD)
        guard = TextGuard(anonymize=True) if _ANONYMIZED in head else None
        write_text(path, render(run, with_text=_WITHOUT_TEXT not in head, guard=guard), private=True)


def _make_shareable(text: str, report: Report) -> str:
    """A message that may quote the data: in a report without texts, or with surrogates, identifiers in it become tags."""
    return text if report.with_text and not report.anonymized else tag_identifiers(text)


@cache
def _environment(folder: Path) -> jinja2.Environment:
    environment = page_environment(folder)
    modules = (
        card_sentences, cascade_sentences, charts, check_sentences, claim_sentences, combined_wording, decision_sentences,
        finding_sentences, first_screen, forecast_sentences, gate_sentences, gate_tables, guardrail_tables, judge_tables, judge_wording,
        leak_sentences,
        learning_sentences, money_sentences, names, numbers, replacement_sentences, review_sentences, review_tables, run_sentences,
        safety_sentences, search_sentences, search_tables, served_sentences, speed_sentences, table_notes, task_sentences,
        trivial_sentences,
    )  # fmt: skip
    environment.filters |= {"summarize": task_sentences.summarize_task, "shareable": _make_shareable}
    environment.globals |= {module.__name__.rpartition(".")[2]: module for module in modules}
    environment.globals |= {
        "labels": headings.LABELS,
        "LOW_CONFIDENCE_MARK": headings.LOW_CONFIDENCE_MARK,
        "PHASES": PHASES,
        "PHASE_NAMES": headings.PHASE_NAMES,
        "STANDING_ANSWERS": headings.STANDING_ANSWERS,
        "explorer_texts": json.dumps(example_texts.EXPLORER_TEXTS, ensure_ascii=False),
        "build_overview_rows": build_overview_rows,
        "compute_overall_gains": compute_overall_gains,
        "as_markdown": as_markdown,
        "pack_examples": pack_examples,
    }
    return environment
