"""The mirror on a real `mlflow server` with SQLite, in an environment of its own, and models that answer in a process without bench."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from mlflow_server import ADDRESS, Server, start_server, stop_server

from harness.api import load_run
from harness.results import find_cell
from tests.conftest import Bench

pytestmark = pytest.mark.soak

FORCED = ("--force", "--reason", "a test")
TASKS = {"labels": "kind: classification", "notes": "kind: summarization\ndecode: {max_new_tokens: 12}"}
PREFIX = "name: prefix\nmethod: peft\nadapter: {peft_type: PREFIX_TUNING, num_virtual_tokens: 4}\ntrain: {learning_rate: 3.0e-3}\n"
# Loads models as another team's service does: in a process that cannot import bench.
_SERVICE = """
import json, sys
sys.modules["harness"] = None  # importing it fails
import bitsandbytes.nn.modules
bitsandbytes.nn.modules.has_avx512bf16 = lambda: False  # some CPUs compute in bfloat16 then, which decides ties between random weights
import mlflow.pyfunc, pandas
answers = [list(mlflow.pyfunc.load_model(uri).predict(pandas.DataFrame(rows))["output"]) for uri, rows in json.load(sys.stdin)]
json.dump(answers, sys.stdout)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = start_server(tmp_path_factory.mktemp("server"))
    yield server
    stop_server(server)


@pytest.fixture(scope="module")
def here(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory with a run of every method."""
    here = tmp_path_factory.mktemp("service")
    for name, lines in TASKS.items():
        (here / f"{name}.yaml").write_text(f"name: {name}\ndata: {{source: clinic, size: 100}}\n{lines}\n")
    (here / "prefix.yaml").write_text(PREFIX)
    tasks = [part for name in TASKS for part in ("--task", f"{name}.yaml")]
    options = ("--limit", "6", "--epochs", "2", "--dtype", "float32")
    ended = bench("run", *tasks, "--strategies", "lora,full,qlora,prefix.yaml", *options, here=here)
    assert ended.code == 0, ended
    return here


def answer_without_bench(jobs: Sequence[tuple[str, Sequence[Mapping[str, str]]]], here: Path) -> list[list[str]]:
    settings = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"MLFLOW_TRACKING_URI": ADDRESS}
    done = subprocess.run(
        [sys.executable, "-I", "-c", _SERVICE], input=json.dumps(jobs), cwd=here, env=settings, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    answers: list[list[str]] = json.loads(done.stdout)
    return answers


def stages(client: Any, name: str) -> dict[str, str]:
    return {alias: str(version) for alias, version in client.get_registered_model(name).aliases.items()}


def test_service_loads_every_kind_of_model_by_its_alias(server: Server, here: Path, bench: Bench) -> None:
    from mlflow import MlflowClient

    settings = {"MLFLOW_TRACKING_URI": ADDRESS}
    client = MlflowClient(ADDRESS)
    stored = load_run(next((here / "runs").iterdir())).stored
    promotions = {"notes": ("full", "prefix", "qlora", "lora"), "labels": ("base", "full", "lora")}
    new = ("--new-registry",)
    for task, strategies in promotions.items():
        jobs, expected = [], []
        for number, strategy in enumerate(strategies, start=1):
            promoted = bench(
                "promote", "latest", "--task", task, "--strategy", strategy, *FORCED, *new, "--mirror", "mlflow", here=here, env=settings
            )
            new = ()
            assert promoted.code == 0, promoted
            assert f"MLflow: {task} version {number} is champion: {strategy}, uploaded" in promoted.err
            assert stages(client, task) == {"champion": str(number)}
            rows = [dict(example.inputs) for example in stored.examples(task)]
            jobs.append((f"models:/{task}/{number}", rows))
            expected.append([each.output for each in stored.predictions(find_cell(stored, strategy, task=task).cell.id)])
        assert answer_without_bench([*jobs, (f"models:/{task}@champion", jobs[-1][1])], here) == [*expected, expected[-1]]
    ended = bench("rollback", "notes", "--mirror", "mlflow", here=here, env=settings)
    assert ended.code == 0 and stages(client, "notes") == {"champion": "3"}, ended
    ended = bench("registry", "stage", "notes", "latest:lora", "shadow", "--mirror", "mlflow", here=here, env=settings)
    assert ended.code == 0 and stages(client, "notes") == {"champion": "3", "shadow": "4"}, ended


def test_failed_mirror_is_repeated_by_the_printed_command(server: Server, here: Path, bench: Bench) -> None:
    from mlflow import MlflowClient

    shutil.rmtree(here / "registry", ignore_errors=True)
    unreachable = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "BENCH_MIRROR": "mlflow:repeated"}
    promote = ("promote", "latest", "--task", "labels", "--strategy", "lora", *FORCED, "--new-registry")
    ended = bench(*promote, here=here, env=unreachable)
    assert ended.code == 0, ended
    warning, _, command = ended.err.partition("To repeat it: bench ")
    assert "warning: MLflow: " in warning and "only the mirror failed" in warning
    repeated = bench(*command.split("\n")[0].split(), here=here, env={"MLFLOW_TRACKING_URI": ADDRESS})
    assert repeated.code == 0 and repeated.out == f"{ADDRESS}/#/models/repeated\n", repeated
    assert stages(MlflowClient(ADDRESS), "repeated") == {"champion": "1"}
