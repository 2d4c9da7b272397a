"""Metrics in one Python file: named with --plugin, shown in reports, never run because a run names them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from places import ROOT

from harness import BenchError, load_run, score
from harness.api import open_catalog
from harness.plugins import plugin_files, use_plugin_files

(EXAMPLE,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8"), re.DOTALL)
TASK = """
name: notes
kind: generation
data: {train: train.jsonl, test: test.jsonl}
metrics: [chrf, politeness]
primary: chrf
"""
RUN = ("run", "--task", "notes.yaml", "--no-base", "--strategies", "outputs:vendor.jsonl")
PLUGIN = ("--plugin", "my_metric.py")


@pytest.fixture
def notes(here: Path) -> Path:
    """The example of the documentation, and a task that uses it. Half of the outputs say thanks; one is missing."""
    rows = [{"id": f"n{i}", "input": f"Write to customer {i}", "target": f"Thanks, customer {i}"} for i in range(24)]
    for name, part in (("train", rows[:12]), ("test", rows[12:])):
        (here / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in part))
    outputs = [{"id": row["id"], "output": f"{'Thanks' if i % 2 else 'No'}, {row['input']}"} for i, row in enumerate(rows[12:23])]
    (here / "vendor.jsonl").write_text("".join(json.dumps(row) + "\n" for row in outputs))
    (here / "notes.yaml").write_text(TASK)
    (here / "my_metric.py").write_text(EXAMPLE)
    return here


def polite_score(run: str | Path) -> Any:
    stored = load_run(run).stored
    return stored.by_task["notes"].scores(stored.cells[:1])["polite"]


def test_metric_of_a_file_is_scored_shown_and_read_without_the_file(call: Any, notes: Path) -> None:
    assert call("tasks", *PLUGIN, "validate", "notes.yaml").code == 0
    assert call("plan", "--task", "notes.yaml", *PLUGIN).code == 0
    ended = call(*RUN, *PLUGIN)
    assert ended.code == 0, ended.err
    assert "polite: Polite outputs (higher is better)" in ended.err
    run = Path(ended.out.strip())
    (notes / "my_metric.py").write_text("raise SystemExit('a run must not start this')")
    assert (polite_score(run).value, polite_score(run).n) == (5 / 12, 12)  # the missing output is not polite
    again = call("report", str(run))
    assert again.code == 0, again.err
    assert "Polite outputs" in (run / "report.html").read_text()
    plan = json.loads((run / "run.json").read_text())
    (stored,) = plan["plugin_scores"]["politeness"]
    assert (stored["name"], stored["direction"], stored["unit"]) == ("polite", "higher", "fraction")
    assert re.fullmatch(r"[0-9a-f]{64}", plan["environment"]["plug-in files"])
    assert str(notes) not in plan["environment"]["plug-in files"]
    assert not plugin_files(), "the file is in use while the command runs, and no longer"


@pytest.mark.soak
def test_metric_runs_in_the_process_of_a_cell_and_its_score_is_on_the_card(call: Any, notes: Path) -> None:
    ended = call("run", "--task", "notes.yaml", "--strategies", "lora", "--no-base", "--limit", "3", "--epochs", "1", *PLUGIN)
    assert ended.code == 0, ended.err
    assert 0 <= polite_score(ended.out.strip()).value <= 1
    exported = call("export", ended.out.strip(), "--strategy", "lora", "--out", "adapter")
    assert exported.code == 0, exported.err
    assert "polite" in Path("adapter/README.md").read_text()


def test_run_that_used_a_file_asks_for_it_again(call: Any, notes: Path) -> None:
    run = call(*RUN, *PLUGIN).out.strip()
    refused = call("run", "--resume", run)
    assert refused.code == 2
    assert "was started with plug-in files, whose Python code runs on this machine. Name them again: --plugin my_metric.py" in refused.err
    assert call("run", "--resume", run, *PLUGIN).code == 0
    unknown = call(*RUN)
    assert (unknown.code, "name the file: --plugin FILE" in unknown.err) == (2, True)


def test_changed_file_gives_new_cells(call: Any, notes: Path) -> None:
    first = call(*RUN, *PLUGIN).out.strip()
    same = call(*RUN, *PLUGIN, "--new").out.strip()
    (notes / "my_metric.py").write_text(EXAMPLE.replace('("please", "thanks", "thank")', '("no",)'))
    changed = call(*RUN, *PLUGIN).out.strip()
    cells = [load_run(run).stored.cells[0].id for run in (first, same, changed)]
    assert cells[0] == cells[1] != cells[2]
    assert polite_score(first).value == 5 / 12, "stored scores stay what they are"
    assert polite_score(changed).value == 6 / 12
    assert call("run", "--resume", first, *PLUGIN).code == 2


def test_python_takes_the_same_files(notes: Path) -> None:
    finished = score("notes.yaml", "vendor.jsonl", plugins=notes / "my_metric.py", limit=11)
    assert {"polite", "chrf"} <= set(finished.scores()["score"])
    with pytest.raises(BenchError, match=r"unknown metric 'politeness'\..*plugins=\"FILE\""):
        score("notes.yaml", "vendor.jsonl")
    with use_plugin_files(["my_metric.py"]), use_plugin_files(["my_metric.py"]):
        assert open_catalog().task("notes.yaml").value.metrics == ("chrf", "politeness")
    with pytest.raises(BenchError, match="has changed since the run was planned"), use_plugin_files(["my_metric.py"], ["0" * 64]):
        pass


MINIMAL = """from harness import Plugin
from harness.metrics import Family, example_metric
def plugin():
    return Plugin(metrics=[FAMILY])
FAMILY = Family("politeness", ("generation",), ("polite",), lambda labels: (
    example_metric("polite", "higher", "fraction", polite, "x"),))
"""


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import nothing_here", "bad.py:1: ModuleNotFoundError: No module named 'nothing_here'"),
        ("\ndef plugin(:", "bad.py:2: SyntaxError: invalid syntax"),
        ("raise SystemExit(3)", "bad.py:1: SystemExit: 3"),
        ("", "bad.py: has no function plugin(). It must return Plugin(metrics=[…])"),
        ("def plugin():\n    return 3", "bad.py:1: plugin() must return a harness.Plugin, not int"),
        (
            MINIMAL + "def polite(example):\n    return 1.0",
            "bad.py:7: the metric 'polite' of 'politeness' failed on the example 'n12': TypeError",
        ),
        (
            MINIMAL + "def polite(e, p):\n    if e.id == 'n17':\n        return 1 / 0\n    return 1.0",
            "bad.py:9: the metric 'polite' of 'politeness' failed on the example 'n17': ZeroDivisionError: division by zero",
        ),
        (
            MINIMAL + "def polite(e, p):\n    return float('nan')",
            "bad.py:7: the metric 'polite' of 'politeness' returned nan for the example",
        ),
        (MINIMAL + "def polite(e, p):\n    return [1.0, 2.0]", "bad.py:7: the metric 'polite' of 'politeness' returned [1.0, 2.0]"),
        (MINIMAL.replace('"higher"', '"up"') + "polite = len", "the score 'polite': direction must be higher, lower or none, not 'up'"),
        (MINIMAL.replace('("polite",)', '("other",)') + "polite = len", "declares the scores ('other',), but build returns ('polite',)"),
        (MINIMAL.replace("(\n    example", "(1 / 0,\n    example"), "bad.py:5: the metric 'politeness' cannot be built: ZeroDivisionError"),
        (MINIMAL.replace('"politeness"', '"rouge"'), "the metric 'rouge' is in two packages: finetune-bench and bad.py"),
        (MINIMAL.replace("metrics=[", "sources={'a': len}, metrics=["), "bad.py:3: a plug-in file adds metrics only"),
        ("x = 1\n" * 300_000, "bad.py: larger than 1 MiB"),
    ],
)
def test_mistake_in_a_file_is_one_error_before_anything_runs(call: Any, notes: Path, code: str, message: str) -> None:
    (notes / "bad.py").write_text(code)
    ended = call(*RUN, "--plugin", "bad.py")
    assert ended.code == 2
    assert message in ended.err
    assert (len(ended.err.splitlines()), "Traceback" in ended.err) == (1, False)
    assert not (notes / "runs").exists()


def test_metric_that_reads_a_column_which_a_run_does_not_store_fails_first(call: Any, notes: Path) -> None:
    (notes / "bad.py").write_text(MINIMAL + "def polite(e, p):\n    return float(e.meta['ward'] == 'north')")
    for name in ("train", "test"):
        (notes / f"{name}.jsonl").write_text((notes / f"{name}.jsonl").read_text().replace("{", '{"ward": "north", '))
    refused = call(*RUN, "--plugin", "bad.py")
    assert (refused.code, "bad.py:8: the metric 'polite' of 'politeness' failed on the example 'n12': KeyError" in refused.err) == (2, True)
    assert call(*RUN, "--plugin", "bad.py", "--keep", "ward").code == 0


def test_missing_file_and_files_of_a_run_or_grid(call: Any, notes: Path) -> None:
    assert "none.py: no such file. A plug-in is a Python file" in call(*RUN, "--plugin", "none.py").err
    (notes / "grid.yaml").write_text("tasks: notes.yaml\nstrategies: base\nplugins: [my_metric.py]\n")
    assert "unknown field 'plugins'" in call("run", "--grid", "grid.yaml").err
