"""A score that is undefined has no value in any form of the report, and each says why."""

from __future__ import annotations

import csv
import io

import pytest
from report_factory import Made, MadeTask, make_run
from rich.console import Console

from harness.reporting import ComparisonRequest, compare_runs, render, to_csv, to_json, to_markdown
from harness.reporting.terminal import print_comparison, print_run
from harness.reporting.wording import comparison_sentences

REASON = "every test example has the label 'ham'"


@pytest.fixture(scope="module")
def one_class(tmp_path_factory):
    """A small test set that holds one class, as an unstratified sample may."""
    cells = [Made("base", 0.0), Made("lora", answer=lambda example, draw: "ham", seed=1, train_seconds=9)]
    metrics = ("classification", "probabilities")
    task = MadeTask("messages", "classification", cells, labels=("ham", "spam"), rows=12, targets=lambda i: "ham", metrics=metrics)
    return make_run(tmp_path_factory.mktemp("one") / "run", [task])


def test_json_has_null_and_the_reason(one_class):
    scores = to_json(one_class)["cells"][1]["scores"]
    for name in ("macro_f1", "balanced_accuracy", "auroc", "mcc"):
        assert (scores[name]["value"], scores[name]["low"], scores[name]["high"]) == (None, None, None)
    assert scores["macro_f1"]["reason"] == scores["auroc"]["reason"] == REASON
    assert scores["mcc"]["reason"] == "every output is 'ham'"
    assert (scores["accuracy"]["value"], scores["accuracy"]["reason"]) == (1.0, "fewer than 30 examples")


def test_json_has_the_trivial_baseline(one_class):
    (decision,) = to_json(one_class)["decisions"]
    assert decision["trivial"] == {"kind": "majority", "label": "ham", "value": None}


def test_csv_is_empty_and_has_the_reason(one_class):
    _, row = csv.DictReader(io.StringIO(to_csv(one_class), newline=""))
    assert (row["macro_f1"], row["macro_f1 low"], row["macro_f1 missing because"]) == ("", "", REASON)
    assert row["accuracy"] == "1.0"
    assert "accuracy missing because" not in row


def test_page_and_markdown_have_a_dash_and_the_reason(one_class):
    page, markdown = render(one_class), to_markdown(one_class)
    sentence = "Undefined, because every test example has the label"
    assert "Undefined for LoRA, because every output is" in page, "only its answers are constant"
    assert sentence in page
    assert sentence in markdown
    assert "| lora | – |" in markdown
    assert "Trivial baseline: always answers “ham” | – |" in markdown
    assert "1.000" not in markdown


def test_terminal_has_a_dash(one_class):
    text = io.StringIO()
    print_run(one_class, Console(file=text, width=200))
    row = next(line for line in text.getvalue().splitlines() if line.startswith("lora"))
    assert row.split()[:3] == ["lora", "–", "1.000"], "macro F1 is undefined, accuracy is not"
    assert "very test example has the label “ham”." in text.getvalue()


def test_comparison_has_no_verdict(one_class):
    (view,) = compare_runs([one_class], ComparisonRequest(("base", "lora")))
    conclusion = f"No conclusion: F1, every class equal is undefined on these test examples: {REASON}."
    assert comparison_sentences.describe_conclusion(view) == conclusion
    text = io.StringIO()
    print_comparison(view, Console(file=text, width=200))
    row = next(line for line in text.getvalue().splitlines() if line.startswith("AUROC"))
    assert row.split() == ["AUROC", "12", "–", "–", "–", "–", "–"]
