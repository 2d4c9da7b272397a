"""Texts that leave a run: a warning names what they contain, and --anonymize replaces it."""

from __future__ import annotations

import base64
import csv
import gzip
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from finished_runs import Finished
from report_factory import Made, make_run, summarization

from harness.catalog import prompt_variables
from harness.data.privacy import TextGuard, count_identifiers
from harness.engine.artifacts.exports.anonymized_texts import anonymize_template, make_export_guard
from harness.errors import BenchError
from harness.reporting.wording.data import anonymize_sentences
from harness.review import load_reviews
from harness.store import StoredRun
from tests.cli.conftest import Call

NOTE = "Dr. Zorbak Vintel called 415-867-5309 on March 14, 2024 about MRN 00123456."
PLANTED = ("Zorbak", "Vintel", "867-5309", "March 14", "00123456")


@pytest.fixture
def run(tmp_path: Path) -> StoredRun:
    cells = [
        Made("base", 0.2),
        Made("lora", 0.9, 1, train_seconds=9, answer=lambda example, rng: f"{NOTE} {example.id}"),
        Made("full", 0.9, 1, status="failed", error=f"cannot encode '{NOTE}'"),
    ]
    return make_run(tmp_path / "runs" / "done", [summarization(cells, rows=40, text=lambda i: f"{NOTE} Visit {i}")])


def unpack(page: str) -> str:
    """The page, with what is packed in it."""
    packed = re.findall(r"H4sI[A-Za-z0-9+/=]{40,}", page)
    return page + "".join(gzip.decompress(base64.b64decode(each)).decode() for each in packed)


def find_planted(*files: Path) -> set[str]:
    return {each for file in files for each in PLANTED if each in unpack(file.read_text(encoding="utf-8", errors="replace"))}


def test_report_warns_and_replaces(call: Call, run: StoredRun, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    ended = call("report", str(run.path), "--out", str(page))
    assert re.search(r"Warning: the texts contain what looks like identifiers of people.*: .*names", ended.err)
    assert "Use --anonymize or --without-text." in ended.err
    assert not any(each in ended.err for each in PLANTED)
    assert find_planted(page) == set(PLANTED)
    ended = call("report", str(run.path), "--anonymize", "--out", str(page))
    assert "Replaced " in ended.err and "Patterns checked" in ended.err
    assert find_planted(page) == set()
    assert "Visit 3" in unpack(page.read_text())  # the rest of the texts stays


@pytest.mark.parametrize("format_", ["html", "md", "json", "csv"])
def test_a_report_without_texts_has_nothing_that_quotes_them(call: Call, run: StoredRun, tmp_path: Path, format_: str) -> None:
    out = tmp_path / f"report.{format_}"
    ended = call("report", str(run.path), "--without-text", "--format", format_, "--out", str(out))
    assert ended.code == 0, ended
    assert "Warning" not in ended.err
    assert find_planted(out) == set()


def test_an_exported_prompt_that_quotes_a_patient_is_named() -> None:
    (line,) = anonymize_sentences.describe_prompt(count_identifiers([f"Summarize. Example: {NOTE}", "refill"]))
    assert "identifiers of people: 1 date, 1 name, 1 phone number, 1 record number." in line
    assert anonymize_sentences.describe_prompt(count_identifiers(["Summarize the visit in three lines.", "refill"])) == []


def test_an_anonymized_prompt_keeps_its_variables() -> None:
    guard = TextGuard(anonymize=True)
    template = f"{{% if choices|length <= 20 %}}{{{{ choices }}}}{{% endif %}}\nExample: {NOTE}\n\n{{{{ input }}}}\nSummary:\n"
    replaced = anonymize_template(template, guard)
    assert not any(each in replaced for each in PLANTED) and replaced != template
    assert prompt_variables(replaced) == prompt_variables(template)
    assert replaced.endswith("\n\n{{ input }}\nSummary:\n"), "every line break is part of the prompt"
    assert anonymize_template(template, guard) == replaced, "the same in prompt.json and on the card"


def test_labels_with_identifiers_are_not_replaced() -> None:
    """The model answers with its labels."""
    finished = SimpleNamespace(task=SimpleNamespace(name="wards"), example=SimpleNamespace(choices=("Dr. Zorbak Vintel", "other")))
    with pytest.raises(BenchError, match=r"labels of the task 'wards' contain .* \(1\).*Rename the labels"):
        make_export_guard(finished)  # type: ignore[arg-type]


def test_an_anonymized_export_says_what_the_model_was_trained_with(call: Call, finished: Finished, here: Path) -> None:
    ended = call("export", finished.folder, "--strategy", "lora", "--task", "notes", "--anonymize", "--out", "adapter")
    assert (ended.code, ended.out) == (0, "adapter\n"), ended
    assert "The model was trained with the original prompt" in (here / "adapter" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("format_", ["html", "csv", "label-studio"])
def test_packets_warn_and_replace(call: Call, run: StoredRun, tmp_path: Path, format_: str) -> None:
    arguments = ("review", "export", str(run.path), "--strategies", "base,lora", "--n", "5", "--format", format_)
    ended = call(*arguments, "--out", str(tmp_path / "plain"))
    assert "Warning: the texts contain what looks like identifiers of people" in ended.err and "Use --anonymize." in ended.err
    assert find_planted(*(tmp_path / "plain").iterdir()) == set(PLANTED)
    ended = call(*arguments, "--anonymize", "--out", str(tmp_path / "anonymized"))
    assert ended.code == 0, ended
    assert find_planted(*(tmp_path / "anonymized").iterdir()) == set()


def test_an_unchanged_surrogate_text_is_no_correction(call: Call, run: StoredRun) -> None:
    """Two of three corrections are the output as they saw it."""
    call("review", "export", str(run.path), "--strategies", "lora", "--mode", "scales", "--n", "3", "--format", "csv", "--anonymize")
    (file,) = run.path.glob("review/*/send/*.csv")
    with file.open(newline="", encoding="utf-8-sig") as opened:
        rows = list(csv.DictReader(opened))
    assert not any("Zorbak" in row["output"] for row in rows)
    for number, row in enumerate(rows):
        row.update({"quality": "good", "corrected version": row["output"] if number < 2 else "Something else."})
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    ended = call("review", "import", str(run.path), str(file))
    assert ended.code == 0, ended
    (review,) = load_reviews(run)
    assert [rating.corrected for rating in review.ratings] == [None, None, "Something else."]
