"""The command line starts without importing slow libraries, and lists tasks and strategies."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.catalog import shipped_folder

HEAVY = ("torch", "transformers", "peft", "accelerate", "bitsandbytes", "datasets", "pandas", "pyarrow", "sklearn", "scipy", "numpy")
Call = Callable[..., Any]


@pytest.mark.parametrize(
    "arguments", [["--help"], ["run", "--help"], ["report", "--help"], ["tasks", "--help"], ["--version"]], ids=" ".join
)
def test_help_imports_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "harness.cli.main", *arguments], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    modules = {line.rsplit("|", 1)[1].strip().split(".")[0] for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert {"click", "harness"} <= modules, "the list must be one"
    assert modules.isdisjoint(HEAVY)
    assert done.stdout


def test_help_names_every_command_and_option(call: Call) -> None:
    ended = call("--help")
    assert ended.code == 0
    for command in ("run", "report", "tasks", "strategies", "init", "doctor", "models", "completion", "predict", "export"):
        assert f"  {command}  " in ended.out
    text = call("run", "--help").out
    for option in ("--task", "--strategies", "--model", "--data", "--seeds", "--limit", "--resume", "--new", "--price", "--skip-bad-rows"):
        assert option in text
    assert "BENCH_RUNS_DIR" in text


def test_tasks_and_strategies_are_listed(call: Call, here: Path) -> None:
    tasks, strategies = call("tasks"), call("strategies")
    assert (tasks.code, strategies.code) == (0, 0)
    assert [line.split()[:3] for line in tasks.out.splitlines()] == [
        ["classification", "classification", "macro_f1"],
        ["generation", "generation", "chrf"],
        ["qa", "qa", "f1"],
        ["summarization", "summarization", "rougeL"],
    ]
    listed = [line.split()[0] for line in strategies.out.splitlines()]
    assert listed == sorted(path.stem for path in shipped_folder("strategies").glob("*.yaml"))
    assert {"base", "fewshot", "full", "lora", "qlora"} <= set(listed)


def test_own_tasks_are_listed_with_the_included_ones(call: Call, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder, name in (("tasks", "here"), ("with space", "given"), ("variable", "listed")):
        (here / folder).mkdir()
        (here / folder / f"{name}.yaml").write_text(f"name: {name}\nkind: summarization\ndata: {{path: a.csv}}\n")
    monkeypatch.setenv("BENCH_TASKS_DIR", "with space:variable")
    listed = [line.split()[0] for line in call("tasks").out.splitlines()]
    assert listed == ["classification", "generation", "given", "here", "listed", "qa", "summarization"]
    assert "given" not in [line.split()[0] for line in call("tasks", "--tasks-dir", "variable").out.splitlines()]


def test_broken_file_is_reported_after_the_listing(call: Call, here: Path) -> None:
    (here / "tasks").mkdir()
    (here / "tasks" / "main.yaml").write_text("- hosts: all\n")
    ended = call("tasks")
    assert ended.code == 2
    assert "summarization" in ended.out
    assert ended.err == "error: tasks/main.yaml: must be a mapping of fields to values, such as 'name: my-task'\n"


def test_show_prints_the_file(call: Call) -> None:
    for kind, name in (("tasks", "summarization"), ("strategies", "qlora")):
        file = shipped_folder(kind) / f"{name}.yaml"  # type: ignore[arg-type]
        ended = call(kind, "show", name)
        assert (ended.code, ended.out) == (0, f"# {file}\n{file.read_text()}")


@pytest.mark.parametrize("group", ["tasks", "strategies"])
def test_validate_names_every_problem_of_every_file(call: Call, here: Path, group: str) -> None:
    (here / "good.yaml").write_text("name: good\nkind: summarization\ndata: {path: a.csv}\n")
    (here / "strategy.yaml").write_text("name: mine\nmethod: prompt\n")
    (here / "bad.yaml").write_text("name: bad\nkind: summarization\ndata: {path: a.csv, sauce: x}\nmargin: 0\n")
    ended = call(group, "validate", "good.yaml", "bad.yaml", "strategy.yaml", "none.yaml")
    assert ended.code == 2
    assert ended.out == "good.yaml: 'good' is valid\nstrategy.yaml: 'mine' is valid\n"
    assert [line.split(": ")[1] for line in ended.err.splitlines()] == ["bad.yaml:3", "bad.yaml:4", "none.yaml"]
    assert call(group, "validate", "good.yaml").code == 0


def test_control_characters_of_a_file_do_not_reach_the_terminal(call: Call, here: Path) -> None:
    (here / "tasks").mkdir()
    (here / "tasks" / "mine.yaml").write_text('name: mine\nkind: summarization\ndata: {path: a.csv}\ndescription: "a\\e]0;title\\a\\nb"\n')
    name = "evil\x1b[31m.yaml"
    (here / name).write_text("name: mine\nmethod: prompt\n")
    for ended in (call("tasks"), call("tasks", "validate", name), call("tasks", "validate", name, "no\x1b[2J.yaml")):
        assert "\x1b" not in ended.out + ended.err
        assert "\a" not in ended.out + ended.err
    assert "a\\x1b]0;title\\x07 b" in call("tasks").out


def test_broken_strategy_is_named_beside_the_others(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "mine.yaml").write_text("name: mine\nmethod: peft\nadaptor: {r: 8}\n")
    ended = call("strategies")
    assert ended.code == 2
    assert "lora " in ended.out
    assert ended.err == "error: strategies/mine.yaml:3: unknown field 'adaptor'. Did you mean 'adapter'?\n"
    assert call("plan", "--task", "qa", "--strategies", "lora").code == 0, "a broken file blocks only the strategy in it"
    assert "unknown field 'adaptor'" in call("plan", "--task", "qa", "--strategies", "mine").err
