"""Lengths are those of the stored texts."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from report_factory import Made, classification, make_run, summarization

from harness.reporting import render
from harness.reporting.views import build_report_view
from harness.reporting.wording.table_notes import name_length


def test_inputs_references_and_outputs(tmp_path: Path) -> None:
    empty = Made("base", answer=lambda e, r: "" if e.id == "row-3" else "one two")
    run = make_run(tmp_path / "run", [summarization([empty, Made("lora", 0.5, 1)], text=lambda i: "word " * (i + 1), rows=40)])
    lengths = {name_length(length): length for length in build_report_view(run).tasks[0].lengths}
    assert list(lengths) == ["input", "reference", "output of LoRA", "output of Untuned model"]
    assert (lengths["input"].median, lengths["input"].longest, lengths["input"].empty) == (median(range(1, 41)), 40, 0)
    assert 37 <= lengths["input"].most <= 39
    assert (lengths["output of Untuned model"].median, lengths["output of Untuned model"].empty) == (2, 1)
    assert "output of LoRA" in render(run)


def test_labels_have_no_length_worth_telling(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [classification([Made("base", 0.4)])])
    assert [length.name for length in build_report_view(run).tasks[0].lengths] == ["input"]
