"""The leak test in every form of the report."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from report_factory import HOSTILE, Made, leaked, make_run, summarization
from rich.console import Console

from harness import load_run
from harness.api import pack
from harness.reporting import print_run, render, to_json, to_markdown
from harness.reporting.views import build_task_outcome
from harness.reporting.views.sections import LeakReport
from harness.reporting.wording import leak_sentences
from harness.results import RunResults
from harness.store import RunFolder, verify_run
from harness.types import CellResult

LOW = leaked([8.0, 16.0, 32.0, 64.0] * 8)  # exposures of 5, 4, 3 and 2 bits
HIGH = leaked([8.0, 16.0, 32.0, 64.0] * 4 + [1.0] * 16, extracted=8)


@pytest.fixture
def run(tmp_path: Path) -> RunResults:
    cells = [Made("base", 0.2), Made("lora", 0.6, 0, train_seconds=9, size=560), Made("full", 0.6, 0, train_seconds=9, size=560)]
    return make_run(tmp_path / "run", [summarization(cells, rows=60, leaks={0: [LOW], 1: [LOW, LOW], 2: [HIGH]})])


def report_of(run: RunResults) -> LeakReport:
    (results,) = run.by_task.values()
    report = build_task_outcome(results).leaks
    assert report is not None
    return report


def test_the_untuned_model_is_the_first_row_and_means_are_over_canaries(run: RunResults) -> None:
    base, lora, full = report_of(run).rows
    assert (base.label, lora.label, full.label) == ("base", "lora", "full")
    assert (base.exposure.value, base.seeds, lora.seeds) == (3.5, 1, 2)
    assert (full.exposure.value, full.at_least, full.by_repeats) == (pytest.approx(5.75), True, {1: (3.5, False), 16: (8.0, True)})
    assert (full.extracted, full.extraction.value, full.canaries) == (8, 0.25, 32)
    assert full.exposure.high is not None and full.exposure.high <= 8, "more than log2 256 bits cannot be measured"


def test_full_fine_tuning_is_compared_with_every_other_strategy(run: RunResults) -> None:
    (compared,) = report_of(run).comparisons
    assert (compared.label, compared.other, compared.bits) == ("full", "lora", pytest.approx(2.25))
    sentence, *others = leak_sentences.list_findings(report_of(run))
    assert all("not shown to repeat more of training targets" in other for other in others) and len(others) == 2
    assert sentence.startswith("Full fine-tuning remembers more than LoRA: planted secrets are 2.2 bits more exposed (95% CI ")


def test_every_form_shows_the_same_numbers_and_no_strategy_more(run: RunResults) -> None:
    terminal = io.StringIO()
    print_run(run, Console(file=terminal, width=300))
    for text in (render(run), to_markdown(run), terminal.getvalue()):
        for part in (leak_sentences.TITLE, "at least 5.8", "8 of 32: 25% (", "Full fine-tuning remembers more than LoRA"):
            assert part in text, part
        assert "low confidence" not in text.split(leak_sentences.TITLE)[1].split("In brackets")[0]
    record = to_json(run)
    (decision,) = record["decisions"]
    rows = {row["label"]: row for row in decision["leak_test"]["rows"]}
    assert rows["full"]["exposure"]["value"] == pytest.approx(5.75) and rows["full"]["at_least"]
    assert rows["full"]["by_repeats"] == [
        {"repeats": 1, "exposure": 3.5, "at_least": False},
        {"repeats": 16, "exposure": 8.0, "at_least": True},
    ]
    assert len(record["cells"]) == 3 and {row["strategy"] for row in decision["standings"]} <= {"base", "lora", "full"}


def test_its_cost_is_named_and_part_of_the_total(run: RunResults) -> None:
    assert report_of(run).cost.seconds == 160 == run.spent_on_leak_test.seconds
    note = leak_sentences.build_leak_table(report_of(run)).under
    assert "The leak test took 2 min 40 s, $0.0040, which the total of the run includes." in note


def test_without_a_leak_test_nothing_is_said(tmp_path: Path) -> None:
    plain = make_run(tmp_path / "plain", [summarization([Made("base", 0.2), Made("lora", 0.6, 0, train_seconds=9)], rows=40)])
    assert leak_sentences.TITLE not in render(plain) + to_markdown(plain)
    assert to_json(plain)["decisions"][0]["leak_test"] is None


def test_a_failed_cell_is_named_and_hostile_errors_are_text(run: RunResults) -> None:
    cell = run.plan.leak_cells[-1]
    run.folder.cell(cell.id).write_result(CellResult(cell, "failed", error=HOSTILE))
    run.folder.seal()
    failed = RunResults(RunFolder(run.path))
    assert [row.label for row in report_of(failed).rows] == ["base", "lora"]
    page = render(failed)
    assert "Leak test of full fine-tuning, seed 0: failed" in page and "<img src=x" not in page
    assert not load_run(run.path).complete


def test_a_packed_run_keeps_its_leak_test_and_has_no_texts(run: RunResults, tmp_path: Path) -> None:
    """A result holds ranks and counts, and no secret, prompt or output."""
    file = run.folder.cell(run.plan.leak_cells[1].id).result_file.read_text()
    texts = [text for example in run.examples("summarization") for text in (*example.inputs.values(), *example.targets)]
    assert not any(text in file for text in texts)
    for with_text in (True, False):
        archive = tmp_path / f"packed-{with_text}.zip"
        pack(run.path, archive, with_text=with_text)
        place = tmp_path / f"unpacked-{with_text}"
        zipfile.ZipFile(archive).extractall(place)
        (folder,) = place.iterdir()
        assert verify_run(RunFolder(folder)).problems == ()
        assert load_run(folder).stored.leak_results[run.plan.leak_cells[1].id].leak == LOW
