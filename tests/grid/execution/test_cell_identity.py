"""The code that can change a result is part of a cell's identity: a changed module makes a new cell."""

from __future__ import annotations

import subprocess
import sys

from places import ROOT

from harness.measure.environment import _CASCADE_SOURCES, _FOREIGN_SOURCES, _HOSTED_SOURCES, _LEAK_TEST_SOURCES, _SOURCES, _TRIAL_SOURCES

# Modules of a cell's process that describe a result, or only pass messages.
_NO_PART = {
    "engine/artifacts/base_model.py", "engine/artifacts/checks.py", "engine/artifacts/equivalence.py", "engine/artifacts/merge.py",
    "engine/artifacts/exports/adapter_export.py", "engine/artifacts/exports/anonymized_texts.py",
    "engine/artifacts/exports/base_copy.py", "engine/artifacts/exports/export_card.py",
    "engine/artifacts/exports/export_folder.py", "engine/artifacts/exports/gguf_file.py", "engine/artifacts/exports/model_card.py",
    "engine/artifacts/exports/model_export.py", "engine/artifacts/exports/prompt_file.py", "engine/artifacts/exports/transformers4.py",
    "engine/artifacts/exports/usage_snippets.py", "engine/artifacts/new_examples.py", "engine/artifacts/answered_rows.py",
    "engine/artifacts/answering.py", "engine/artifacts/kept_answers.py",
    "grid/execution/cell_processes.py", "grid/execution/external_cells.py", "grid/execution/job.py", "grid/execution/listener.py",
    "grid/execution/reused_cells.py", "grid/execution/reused_costs.py", "grid/execution/system_limits.py", "grid/execution/run.py",
    "grid/execution/scheduler.py", "grid/execution/search_run.py", "grid/execution/cell_group.py", "grid/execution/executor.py",
    "grid/execution/one_cell.py", "grid/execution/visible_devices.py", "grid/execution/serving_run.py",
    "grid/execution/fork_server.py", "grid/execution/forked_command.py",
    "engine/serving/measure.py", "engine/serving/speed.py",
    "engine/served/client.py", "engine/served/failed_attempt.py",
    "engine/served/request_forms.py",
    "engine/served/all_answers.py", "engine/served/pace.py",
    "engine/foreign/adapter_fit.py", "engine/foreign/base_names.py", "engine/foreign/examine.py", "engine/foreign/patterns.py",
    "engine/hosted/answer_cache.py", "engine/hosted/spending.py", "engine/hosted/token_estimate.py",
    "grid/execution/kept_hosted_answers.py", "grid/execution/outside_answers.py",
    "grid/execution/base_losses.py",
    "grid/execution/joint_jobs.py", "grid/execution/disk_space.py", "grid/execution/cells_at_once.py", "grid/execution/early_processes.py",
    "grid/execution/served_run.py", "grid/execution/make_job.py", "grid/execution/memory_place.py", "grid/execution/answering_processes.py",
}  # fmt: skip


def test_modules_that_compute_results_are_part_of_the_digest() -> None:
    code = "import sys, harness.grid.execution.worker; print(*(m.__file__ for n, m in sys.modules.items() if n.startswith('harness.')))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {file.partition("/harness/")[2] for file in done.stdout.split()}
    engine = {file for file in loaded if file.startswith(("engine/", "grid/execution/")) and not file.endswith("__init__.py")}
    own = (
        *_LEAK_TEST_SOURCES,
        *_TRIAL_SOURCES,
        *_HOSTED_SOURCES,
        *_FOREIGN_SOURCES,
        *_CASCADE_SOURCES,
    )  # part of the identity of their cells alone
    sources = (*_SOURCES, *own)
    covered = {file for file in engine if any(file == source or file.startswith(f"{source}/") for source in sources)}
    assert {"engine/adapters/adapt.py", "engine/inference/predictor.py", "grid/execution/cell_run.py"} <= covered
    assert engine - covered == _NO_PART
    missing = [source for source in sources if not (ROOT / "harness" / source).exists()]
    assert not missing, "a file that does not exist adds nothing to the digest"
