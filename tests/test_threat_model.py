"""The rows of docs/security.md, each with the tests that hold it; and a stranger's files in use, from opening to promoting."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from places import ROOT
from report_factory import HOSTILE, Made, make_run, summarization

from harness.api import gate, load_run, promote, review_export, review_import
from harness.errors import BenchError
from harness.reporting import render, to_csv, to_json, to_markdown

# By the first words of a row: where its tests are.
TESTS = {
    "data files": ("tests/fuzz/test_fuzz.py", "tests/data/formats/test_text_file.py", "tests/data/formats/test_xlsx_file.py"),
    "lists of data files": ("tests/data/formats/test_file_names.py", "tests/fuzz/test_fuzz.py"),
    "descriptions of datasets": (
        "tests/data/formats/test_croissant.py",
        "tests/data/formats/test_dataset_folder.py",
        "tests/fuzz/test_fuzz.py",
    ),
    "texts inside data": (
        "tests/reporting/formats/test_report_browser.py",
        "tests/test_text.py",
        "tests/review/rater_files/test_rater_page.py",
    ),
    "tasks, strategies": ("tests/catalog/test_catalog_errors.py", "tests/fuzz/test_fuzz.py"),
    "prompts": ("tests/catalog/test_catalog_prompts.py", "tests/catalog/test_prompt_sandbox.py"),
    "run folders": (
        "tests/store/test_foreign_paths.py",
        "tests/store/test_token_files.py",
        "tests/gate/test_foreign_models.py",
        "tests/test_threat_model.py",
    ),
    "registries": (
        "tests/gate/registry/test_registry_damage.py",
        "tests/gate/registry/test_stage_sequences.py",
        "tests/gate/test_foreign_models.py",
    ),
    "fingerprints and monitors": ("tests/lifecycle/watch/test_watching.py", "tests/fuzz/test_fuzz.py"),
    "lifecycle files": (
        "tests/lifecycle/retraining/test_lifecycle_file.py",
        "tests/lifecycle/retraining/test_retraining_sequences.py",
        "tests/fuzz/test_fuzz.py",
    ),
    "models": ("tests/engine/models/test_hostile_models.py", "tests/engine/models/test_resolve.py"),
    "folders of another trainer": ("tests/grid/execution/test_artifact_run.py", "tests/fuzz/test_fuzz.py"),
    "chat templates": ("tests/engine/models/test_hostile_models.py",),
    "Python code": ("tests/cli/test_cli_run.py", "tests/engine/models/test_resolve.py"),
    "a plug-in file": ("tests/cli/test_cli_plugin_files.py",),
    "ratings": ("tests/review/ratings", "tests/review/rater_files", "tests/fuzz/test_fuzz.py"),
    "gold items": ("tests/review/test_check_items.py", "tests/fuzz/test_fuzz.py"),
    "anonymized files": ("tests/data/privacy/test_mapping_file.py", "tests/cli/test_cli_data_anonymize.py", "tests/fuzz/test_fuzz.py"),
    "rows to label": ("tests/review/labelling/test_row_page.py", "tests/fuzz/test_fuzz.py"),
    "experiments": (
        "tests/lifecycle/experiments/test_event_file.py",
        "tests/reporting/formats/test_experiment_page.py",
        "tests/fuzz/test_fuzz.py",
    ),
    "feedback": (
        "tests/lifecycle/feedback/test_adding.py",
        "tests/lifecycle/feedback/test_feedback_store.py",
        "tests/fuzz/test_fuzz.py",
    ),
    "the ledger": ("tests/forecast/test_ledger.py", "tests/fuzz/test_fuzz.py"),
    "results of other evaluation tools": ("tests/interchange", "tests/fuzz/test_fuzz.py"),
    "`trials.jsonl`": ("tests/forecast/test_trials.py", "tests/fuzz/test_fuzz.py"),
    "`compiled-functions`": ("tests/engine/tuning/test_compiled_layers.py",),
    "decision records": ("tests/store/test_signed_json.py", "tests/api/test_records.py", "tests/fuzz/test_fuzz.py"),
    "approvals of verdicts": ("tests/gate/test_approvals.py", "tests/store/test_damage.py", "tests/fuzz/test_fuzz.py"),
    "judges (": ("tests/judging/test_judging_runs.py", "tests/fuzz/test_fuzz.py"),
    "what a judge reads and answers": ("tests/judging/test_judging_runs.py", "tests/judging/test_verdicts.py", "tests/fuzz/test_fuzz.py"),
    "verdicts of judges in a run": ("tests/judging/test_judging_runs.py", "tests/store/test_damage.py", "tests/fuzz/test_fuzz.py"),
    "processes that train": ("tests/engine/distributed/test_several_processes.py",),
    "nodes of a Ray cluster": ("tests/grid/cluster/test_remote_cells.py", "tests/grid/cluster/test_ray_tasks.py"),
    "an MLflow server": ("tests/lifecycle/serving/test_mlflow_mirror.py", "tests/cli/test_cli_mirror.py"),
    "answers of hosted models (": ("tests/engine/hosted/test_asking.py", "tests/grid/execution/test_hosted_cells.py"),
    "answers of hosted models in the cache": ("tests/engine/hosted/test_asking.py", "tests/fuzz/test_fuzz.py"),
    "answers of a server": ("tests/engine/served/test_client.py", "tests/grid/execution/test_served_run.py"),
    "requests": ("tests/viewer/test_viewer_server.py",),
    "arguments": ("tests/cli/test_cli_bad_input.py", "tests/cli/test_cli_boundary.py", "tests/fuzz/test_fuzz.py"),
}


def rows() -> list[str]:
    table = (ROOT / "docs" / "security.md").read_text(encoding="utf-8").partition("## Who may send what")[2].partition("\n## ")[0]
    return [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("|")][2:]


def test_each_row_of_the_threat_model_has_tests() -> None:
    for row in rows():
        (files,) = [files for start, files in TESTS.items() if row.startswith(start)]
        assert all((ROOT / file).exists() for file in files), row
    assert len(rows()) == len(TESTS)


def test_links_of_the_threat_model_lead_to_files() -> None:
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    assert all((ROOT / "docs" / target).exists() for target in re.findall(r"\]\((\.\./[^)]+)\)", text))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a stranger's run, in which nothing but what a command names may appear. A file in it stands for everything else."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("harness.cache._Choice.folder", tmp_path / "cache")
    (tmp_path / "mine.txt").write_text("mine")
    os.environ.pop("BENCH_OWNED", None)
    yield tmp_path
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert not list(tmp_path.rglob("owned*"))
    assert "BENCH_OWNED" not in os.environ


def test_strangers_run_is_opened_reported_judged_reviewed_and_promoted(home: Path) -> None:
    """Every text in the run is hostile. Only the folders that the calls name may change."""
    cells = [Made("base", 0.3, answer=lambda e, r: HOSTILE), Made("few-shot", 0.9, 1)]
    run = make_run(home / "theirs", [summarization(cells, rows=40, text=lambda i: f"{HOSTILE} {{{{ cycler }}}} {i}")])
    (run.path / "cells" / "notes.pkl").write_bytes(b"cos\nsystem\n(S'touch owned'\ntR.")  # a pickle that would run a command
    opened = load_run(run.path)
    page = render(opened.stored)
    assert "<img src=x onerror=" not in page
    assert all((to_markdown(opened.stored), to_csv(opened.stored), to_json(opened.stored)))
    review_export(run.path, ("base", "few-shot"), n=6)
    (home / "ratings.json").write_text(
        '{"bench_review": 1, "packet": "../../../../owned", "rater": "../owned", "ratings": [{"item": "../owned"}]}'
    )
    (summary,) = review_import(run.path, [home / "ratings.json"])
    assert summary.new == 0
    registry = home / "registry"
    gate(run.path, "few-shot", baseline=f"{run.path}:base", registry=registry, new_registry=True)
    policy = home / "policy.yaml"
    policy.write_text("rules: [{rule: floor, score: rougeL, value: 0.1}]\n")
    event, _ = promote(run.path, "few-shot", registry=registry, policy=policy, force=True, reason="a test")
    assert (registry / event.folder / "run.json").is_file()
    expected = {"theirs", "cache", "mine.txt", "ratings.json", "registry", "policy.yaml"}
    assert {path.name for path in home.iterdir()} <= expected


@pytest.mark.parametrize(
    "text", ["rules: !!python/object/apply:os.system ['touch owned']", "rules: [{rule: floor, score: '{{ 7*7 }}', value: 1}]"]
)
def test_strangers_policy_runs_nothing(home: Path, text: str) -> None:
    run = make_run(home / "theirs", [summarization([Made("base", 0.3), Made("few-shot", 0.9, 1)], rows=40)])
    (home / "policy.yaml").write_text(text)
    with pytest.raises(BenchError, match=r"policy\.yaml:1: "):
        gate(run.path, "few-shot", baseline=f"{run.path}:base", policy=home / "policy.yaml", registry=home / "registry", new_registry=True)
