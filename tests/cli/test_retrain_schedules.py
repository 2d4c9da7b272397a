"""The examples of the guide for cron, GitHub Actions and Prefect: parsed by click, and the flow runs with the real package."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from places import ROOT

from harness.cli.main import cli
from tests.cli.test_cli_retrain import write_place
from tests.conftest import Bench

PAGE = (ROOT / "docs" / "lifecycle.md").read_text(encoding="utf-8")


def block(language: str, with_text: str) -> str:
    blocks = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (found,) = [each for each in blocks if with_text in each]
    return found


def parse(command: str) -> click.Context:
    """What click makes of a command line; the command does not run."""
    name, *arguments = shlex.split(command)[1:]
    with click.Context(cli) as parent:
        known = cli.get_command(parent, name)
        assert known is not None, name
        return known.make_context(name, arguments, parent=parent)


def test_the_cron_line_has_five_fields_and_two_commands_that_exist() -> None:
    (line,) = block("cron", "bench retrain").splitlines()
    fields, command = line.split(" ", 5)[:5], line.split(" ", 5)[5]
    assert len(fields) == 5 and all(re.fullmatch(r"\*|\d{1,2}", each) for each in fields)
    commands = [part.strip().partition(" >> ")[0] for part in re.split(r"&&|;", command) if part.strip().startswith("bench ")]
    assert [parse(each).info_name for each in commands] == ["watch", "retrain"]


def test_the_workflow_is_a_schedule_whose_commands_exist() -> None:
    workflow = yaml.safe_load(block("yaml", "workflow_dispatch"))
    (schedule,) = workflow[True]["schedule"]  # YAML reads the key `on` as true
    assert len(schedule["cron"].split()) == 5
    steps = workflow["jobs"]["retrain"]["steps"]
    commands = [step["run"] for step in steps if "run" in step]
    assert [parse(each).info_name for each in commands] == ["watch", "retrain"]
    assert parse(commands[1]).params["format_"] == "junit"


def test_the_notices_of_the_guide_are_valid() -> None:
    from harness.lifecycle.retraining import NotifySpec

    spec = NotifySpec.model_validate(yaml.safe_load(block("yaml", "notify:"))["notify"])
    assert set(spec.files) == {"markdown", "junit", "email"} and spec.webhook is not None


@pytest.fixture(scope="module")
def prefect_python() -> str:
    """A Python that has Prefect: this one, or the one that PREFECT_PYTHON names, because Prefect has many dependencies of its own."""
    python = os.environ.get("PREFECT_PYTHON", sys.executable)
    if subprocess.run([python, "-c", "import prefect"], capture_output=True, check=False).returncode:
        pytest.skip("prefect is not installed (PREFECT_PYTHON may name a Python that has it)")
    return python


@pytest.mark.soak
def test_the_flow_runs_once_with_prefect(bench: Bench, tmp_path: Path, prefect_python: str) -> None:
    write_place(tmp_path)
    assert bench("run", "--task", "triage.yaml", "--strategies", "fewshot", "--limit", "8", here=tmp_path).code == 0
    first = ("promote", "latest", "--strategy", "fewshot", "--new-registry", "--force", "--reason", "first")
    assert bench(*first, here=tmp_path).code == 0
    (tmp_path / "today.jsonl").write_text('{"text": "urgent word1 word2"}\n', encoding="utf-8")
    (tmp_path / "flow.py").write_text(block("python", "@flow"), encoding="utf-8")
    command = tmp_path / "bin" / "bench"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m harness.cli.main "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    env: dict[str, Any] = {**os.environ, "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    env |= {"PREFECT_HOME": str(tmp_path / "prefect"), "HF_HUB_OFFLINE": "1", "BENCH_CACHE_DIR": str(tmp_path / "cache")}
    env |= {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1", "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "300"}
    done = subprocess.run(
        [prefect_python, "flow.py", "triage", "today.jsonl", "lifecycle.yaml"],
        cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not drifted; nothing to do, or promoted: No retraining of triage is due." in done.stdout
