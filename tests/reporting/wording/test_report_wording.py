"""Every sentence of a report in typical situations. The snapshots are there to be read and reviewed."""

from __future__ import annotations

import html
import re

import pytest
from situations import SITUATIONS, report_of
from syrupy.assertion import SnapshotAssertion

from harness.reporting import charts
from harness.reporting.views import TaskView, compute_overall_gains
from harness.reporting.wording import headings, learning_sentences, names, run_sentences, table_notes, task_sentences
from harness.reporting.wording.example_texts import EXPLORER_TEXTS


def about(task: TaskView) -> list[str]:
    """What a report says about a task, outside its tables."""
    summary = task_sentences.summarize_task(task)
    text = summary.decision
    lines = [f"### {table_notes.describe_task_title(task)}", f"[{text.state}] {text.headline}"]
    lines += [f"  why: {sentence}" for sentence in text.why]
    lines += [f"  condition: {sentence}" for sentence in text.conditions]
    lines += [text.confidence] if text.confidence else []
    lines += [f"  next: {step.text} {step.code}".rstrip() for step in text.steps]
    lines += [f"- {sentence}" for sentence in (*summary.reasons, *summary.reductions)]
    lines += [f"  caveat: {sentence}" for sentence in summary.caveats]
    if task.learning:
        for curve in task.learning.curves:
            sentences = learning_sentences.describe_curve(curve.curve, task.primary)
            lines += [f"- {names.strategy_name(curve.label)}: {sentence}" for sentence in sentences]
        lines += [f"  caveat: {sentence}" for sentence in learning_sentences.list_curve_caveats(task.learning)]
    for result in task.strategies:
        lines += [f"- {names.strategy_name(result.label)}: {run_sentences.describe_problem(problem)}" for problem in result.problems]
    return lines


@pytest.mark.parametrize("name", [situation.name for situation in SITUATIONS])
def test_sentences_of_a_report(name: str, snapshot: SnapshotAssertion) -> None:
    report = report_of(name)
    lines = [f"# {run_sentences.describe_title(report)}", run_sentences.describe_run(report)]
    lines += [] if report.finished else [run_sentences.describe_unfinished(report)]
    assert "\n".join([*lines, *(line for task in report.tasks for line in about(task))]) == snapshot


@pytest.mark.parametrize(
    "name", ["clear winner", "failed cells", "two models and two sizes", "a learning curve that rises", "lower is better"]
)
def test_captions_and_notes_of_tables(name: str, snapshot: SnapshotAssertion) -> None:
    report = report_of(name)
    (task,) = report.tasks
    lines = [
        table_notes.describe_task(task) + table_notes.describe_direction(task.primary),
        table_notes.note_decision(task),
        table_notes.note_costs(report.device),
        table_notes.caption_cost_chart(task, 2),
        table_notes.caption_versus_base(task),
        table_notes.note_versus_base(task),
        table_notes.note_scores(task),
        *([table_notes.title_pairs(task.pairs), table_notes.caption_pairs(task), table_notes.note_pairs(task.pairs)] if task.pairs else []),
        *([table_notes.note_versus_full(task)] if task.full_tuning else []),
        *([table_notes.caption_learning(task), table_notes.note_learning(task, task.learning)] if task.learning else []),
        *(table_notes.title_learning_chart(task, model) for model in (task.learning.models if task.learning else ())),
        *(table_notes.heading_forecast(size) for size in (task.learning.forecast_sizes if task.learning else ())),
        *([table_notes.note_slices(task.slices[0]), *map(table_notes.caption_slices, task.slices)] if task.slices else []),
        *([table_notes.note_classes(task), table_notes.note_confusions(30)] if task.classes else []),
        *map(table_notes.name_length, task.lengths),
        table_notes.describe_duplicates(task.data),
        table_notes.describe_overlap(task.data),
        table_notes.describe_withheld(task),
        run_sentences.describe_price(report.provenance.price),
    ]
    assert "\n".join(lines) == snapshot


def texts_of(svg: str) -> list[str]:
    """What a chart says: title, description, axes, and what its first point shows when hovered over."""
    said = re.findall(r'<(?:title|desc) id[^>]*>([^<]+)<|class="axis-title"[^>]*>([^<]+)<', svg)
    return [first or second for first, second in said] + re.findall(r"<title>([^<]+)<", svg)[:1]


@pytest.mark.parametrize("name", ["failed cells", "a learning curve that rises", "two tasks"])
def test_texts_of_charts(name: str, snapshot: SnapshotAssertion) -> None:
    report = report_of(name)
    gains = compute_overall_gains(report.tasks)
    drawn = [charts.draw_overall_chart(gains, measure, "c") for measure in charts.list_overall_measures(gains)[:1]]
    for task in report.tasks:
        drawn += [charts.draw_cost_chart(task, measure, "c") for measure in charts.list_measures(task.strategies)]
        drawn += [charts.draw_phase_chart(task, spending, "c") for spending in charts.list_spending(task.strategies)]
        drawn += [charts.draw_training_chart(curve, "c") for curve in task.training[:1]]
        drawn += [charts.draw_learning_chart(task, model, "c") for model in (task.learning.models if task.learning else ())]
    assert "\n".join(dict.fromkeys(html.unescape(text) for svg in drawn for text in texts_of(svg))) == snapshot


def test_fixed_texts(snapshot: SnapshotAssertion) -> None:
    """Headings, column names, fixed notes, and the texts of the page's script."""
    notes = {
        name: value for name, value in vars(table_notes).items() if name.isupper() and isinstance(value, str) and not name.startswith("_")
    }
    groups = {
        "notes": notes,
        "labels": headings.LABELS,
        "answers": headings.STANDING_ANSWERS,
        "standings": headings.STANDING_NAMES,
        "terminal": headings.TERMINAL_HEADINGS,
        "explorer": EXPLORER_TEXTS,
        "strategies": names.STRATEGY_NAMES,
        "scores": names.SCORE_NAMES,
    }
    lines = [f"{group}.{name}: {text}" for group, texts in groups.items() for name, text in texts.items()]
    lines += [f"markdown: {' | '.join(headings.MARKDOWN_HEADINGS)}", f"notebook: {' | '.join(headings.NOTEBOOK_HEADINGS)}"]
    assert "\n".join(lines) == snapshot


def test_every_shipped_strategy_has_a_plain_name() -> None:
    from harness.catalog import shipped_folder

    assert {file.stem for file in shipped_folder("strategies").glob("*.yaml")} == set(names.STRATEGY_NAMES)


def test_every_score_of_ours_has_a_plain_name() -> None:
    from harness.metrics import families

    assert {score for family in families().values() for score in family.scores} <= set(names.SCORE_NAMES)


@pytest.mark.parametrize(
    ("label", "in_a_table", "in_a_sentence"),
    [
        ("base", "Untuned model", "the untuned model"),
        ("lora:r=8 · tiny · 100 examples", "LoRA:r=8 · tiny · 100 examples", "LoRA:r=8 · tiny · 100 examples"),
        ("vendor", "vendor", "vendor"),
        ("loraplus", "loraplus", "loraplus"),
        ("cascade:first=lora,then=incumbent,risk=0.1 · tiny", "Cascade of LoRA:risk=0.1 · tiny", "Cascade of LoRA:risk=0.1 · tiny"),
        ("cascade:first=full,then=incumbent", "Cascade of Full fine-tuning", "Cascade of full fine-tuning"),
    ],
)
def test_only_shipped_strategies_are_renamed(label: str, in_a_table: str, in_a_sentence: str) -> None:
    assert (names.strategy_name(label), names.strategy_in_sentence(label)) == (in_a_table, in_a_sentence)
