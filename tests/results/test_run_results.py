"""A run's results by task and strategy: what belongs together, what is compared with which base, and that reading needs no engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT
from report_factory import Made, classification, make_run, summarization

from harness.errors import BenchError
from harness.results import CellProblem, RunResults
from harness.types import CellNote


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunResults:
    cells = [
        Made("base", 0.2),
        Made("lora", 0.5, 1, train_seconds=100),
        Made("lora", 0.6, 2, train_seconds=120, notes=(CellNote("stopped_early", {"step": 9, "best_step": 6}),)),
        Made("lora", seed=3, train_seconds=7, status="diverged", error="the loss is NaN"),
        Made("full", 0.9, 1, train_seconds=300, model="bert"),
        Made("vendor", 0.4, model="external"),
    ]
    return make_run(tmp_path_factory.mktemp("runs") / "run", [summarization(cells, rows=40), classification(cells[:2], rows=30)])


def test_cells_that_differ_in_the_seed_alone_are_one_strategy(run: RunResults) -> None:
    strategies = {result.label: result for result in run.by_task["summarization"].strategies}
    lora = strategies["lora · tiny"]
    assert (lora.seeds, len(lora.cells), lora.complete) == ((1, 2), 3, False)
    assert lora.problems == (CellProblem(3, "diverged", "the loss is NaN"),)
    assert lora.notes == ((2, CellNote("stopped_early", {"step": 9, "best_step": 6})),)
    assert lora.costs is not None and lora.costs.training_seconds == pytest.approx(110 * 9 / 8), "of the seeds that are done"
    assert lora.spent is not None and lora.spent.cells == 3, "of all"


def test_strategies_are_ranked_by_the_primary_score(run: RunResults) -> None:
    values = [result.primary.value for result in run.by_task["summarization"].scored if result.primary]
    assert values == sorted(values, reverse=True) and len(values) == 4


def test_each_strategy_is_compared_with_the_base_of_its_model(run: RunResults) -> None:
    """External outputs have no model: they are compared with the only base that the task has."""
    by_name = {result.strategy: result for result in run.by_task["summarization"].strategies}
    assert by_name["lora"].base is not None and by_name["lora"].base.strategy == "base"
    assert by_name["vendor"].base is not None
    assert by_name["full"].base is None, "its model has no base in this run"
    assert by_name["base"].base is None
    assert by_name["lora"].versus_base is not None and by_name["full"].versus_base is None


def test_a_strategy_is_found_by_its_names(run: RunResults) -> None:
    assert run.find("lora", task="summarization").seeds == (1, 2)
    with pytest.raises(BenchError, match=r"'lora' has 3 cells with results\. Choose one with task=\"TASK\" \(summarization, intents\)"):
        run.find("lora")


def test_reading_a_run_imports_no_engine(run: RunResults, tmp_path: Path) -> None:
    """`bench report` works where torch is not installed."""
    blocked = ["torch", "transformers", "peft", "accelerate", "bitsandbytes"]
    for name in blocked:
        (tmp_path / f"{name}.py").write_text(f"raise ImportError('{name} is not installed')", encoding="utf-8")
    program = (
        "import sys\n"
        "from harness.cli.main import main\n"
        "command = sys.argv[1:]\n"
        "for format_ in ('json', 'html', 'md', 'csv'):\n"
        "    sys.argv = ['bench', *command, '--format', format_, '--out', f'report.{format_}']\n"
        "    try:\n"
        "        main()\n"
        "    except SystemExit as end:\n"
        "        assert not end.code, (format_, end.code)\n"
        "print(*sorted(m for m in sys.modules if m.startswith(('harness.engine', 'harness.grid'))), file=sys.stderr)\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    done = subprocess.run(
        [sys.executable, "-c", program, "report", str(run.path)],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "", "these were imported"  # a warning about texts may come before
    for format_ in ("json", "html", "md", "csv"):
        assert (tmp_path / f"report.{format_}").stat().st_size > 500
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["run"] == run.name
