"""`bench data enough`: of a run, and of a task that is trained first."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import psutil
import pytest
from report_factory import Made, learned, make_run, summarization

from harness.api import find_curve_training, open_catalog
from harness.grid import make_plan, make_request
from harness.store import RunLock, create_run
from tests.cli.conftest import Call
from tests.conftest import Bench

SIZES = (50, 100, 200, 400)


@pytest.fixture
def run(here: Path) -> str:
    """A run with a learning curve, the newest in ./runs."""
    cells = [Made("base", 0.2), *(learned("lora", n, seed) for n in SIZES for seed in (1, 2))]
    return make_run(here / "runs" / "grown", [summarization(cells)]).path.name


def test_the_newest_run_answers(call: Call, run: str) -> None:
    ended = call("data", "enough", "--cost-per-label", "2", "--sizes", "1000,3000")
    assert ended.code == 0, ended
    assert ended.out.startswith("summarization · rougeL · 560 labelled training examples\n")
    assert "3,000" in ended.out and "$4,880" in ended.out
    assert all(len(line) <= 80 or not line[0].isspace() for line in ended.out.splitlines() if line)


def test_json_is_one_value_per_task(call: Call, run: str) -> None:
    ended = call("data", "enough", run, "--format", "json")
    (value,) = json.loads(ended.out)
    assert [size["train_size"] for size in value["curves"][0]["sizes"]] == [800, 1_000, 10_000]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--sizes", "many"), "'many' is not a whole number"),
        (("--sizes", "0"), "'0' is not a whole number"),
        (("--sizes", "²"), "is not a whole number"),
        (("--cost-per-label", "0"), "--cost-per-label"),
        (("missing.yaml",), "missing.yaml"),
        (("nothing",), "there is no run 'nothing'"),
    ],
)
def test_wrong_questions_exit_2(call: Call, run: str, arguments: tuple[str, ...], message: str) -> None:
    ended = call("data", "enough", *arguments)
    assert (ended.code, ended.out) == (2, "") and message in ended.err, ended


def test_a_small_task_is_refused_before_anything_is_trained(call: Call, here: Path) -> None:
    rows = "".join(f"text {i},note {i}\n" for i in range(8))
    (here / "few.csv").write_text(f"input,target\n{rows}", encoding="utf-8")
    (here / "few.yaml").write_text("name: few\nkind: summarization\ndata: {path: few.csv}\n", encoding="utf-8")
    ended = call("data", "enough", "few.yaml")
    assert ended.code == 2 and "training examples are too few for a learning curve" in ended.err
    assert not (here / "runs").exists()


@pytest.fixture
def visits(here: Path) -> str:
    rows = "".join(f"I have had pain number {i},pain {i}\n" for i in range(60))
    (here / "visits.csv").write_text(f"input,target\n{rows}", encoding="utf-8")
    (here / "visits.yaml").write_text("name: visits\nkind: summarization\ndata: {path: visits.csv}\n", encoding="utf-8")
    return "visits.yaml"


def test_background_starts_a_process_of_its_own(call: Call, here: Path, visits: str, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[list[str], dict[str, Any]]] = []

    class Process:
        pid = 4711

        def __init__(self, command: list[str], **options: Any) -> None:
            started.append((command, options))

    monkeypatch.setattr("harness.api.curve_training.Popen", Process)
    ended = call("data", "enough", visits, "--background", "--cost-per-label", "2")
    ((command, options),) = started
    typed = ["data", "enough", visits, "--cost-per-label", "2.0"]
    assert command[-5:] == typed and options["start_new_session"]
    log = here / ended.out.strip()
    assert ended.code == 0 and log.is_file() and log.stat().st_mode & 0o777 == 0o600
    assert "process 4711" in ended.err and f"bench {' '.join(typed)}" in ended.err and f"Log: {ended.out.strip()}" in ended.err


@pytest.mark.parametrize("background", [(), ("--background",)])
def test_a_run_in_progress_is_reported_and_not_started_again(call: Call, visits: str, background: tuple[str, ...]) -> None:
    training = find_curve_training(visits, "lora")
    plan = make_plan(
        make_request({"tasks": (visits,), "strategies": ("lora",), "models": ("tiny",), "train_sizes": [6, 12, 24, "all"]}),
        open_catalog(),
        command="",
    ).plan
    assert training.state == "new" and plan.digest[:8] in training.log.name, "the plan that bench data enough trains"
    folder = create_run(Path("runs"), plan)
    folder.write_plan(plan)
    with RunLock(folder.path):
        ended = call("data", "enough", visits, *background)
    assert ended.code == 0 and "is in progress. 0 of 5 experiments done" in ended.err, ended
    assert ended.out.strip() == str(folder.path)
    assert find_curve_training(visits, "lora").state == "unfinished"
    assert len(list(Path("runs").iterdir())) == 1


def test_only_a_task_is_trained_in_the_background(call: Call, run: str) -> None:
    ended = call("data", "enough", run, "--background")
    assert (ended.code, ended.out) == (2, "") and "--background trains a TASK" in ended.err


@pytest.mark.soak
def test_a_killed_process_in_the_background_is_resumed_and_answers(bench: Bench, tmp_path: Path, here: Path, visits: str) -> None:
    first = bench("data", "enough", visits, "--background", here=here)
    log, process = here / first.out.strip(), psutil.Process(int(first.err.split("process ")[1].split(".")[0]))
    while ": train" not in log.read_text(encoding="utf-8"):
        assert process.is_running()
    process.kill()
    process.wait()
    again = bench("data", "enough", visits, "--background", here=here)
    assert again.code == 0 and "Resumed in the background" in again.err, again
    psutil.Process(int(again.err.split("process ")[1].split(".")[0])).wait()
    answer = bench("data", "enough", visits, here=here)
    assert re.findall(r"^ +(\d+) ", answer.out, re.MULTILINE)[:4] == ["6", "12", "24", "48"]
    assert answer.out in log.read_text(encoding="utf-8") and len(list((here / "runs").glob("*/run.json"))) == 1


@pytest.mark.soak
def test_a_task_is_trained_on_growing_samples(bench: Bench, tmp_path: Path) -> None:
    """The same command does not train again."""
    rows = "".join(f"I have had pain number {i},pain {i}\n" for i in range(60))
    (tmp_path / "visits.csv").write_text(f"input,target\n{rows}", encoding="utf-8")
    (tmp_path / "visits.yaml").write_text("name: visits\nkind: summarization\ndata: {path: visits.csv}\n", encoding="utf-8")
    first = bench("data", "enough", "visits.yaml", here=tmp_path)
    assert first.code == 0, first
    assert re.findall(r"^ +(\d+) ", first.out, re.MULTILINE)[:4] == ["6", "12", "24", "48"]
    again = bench("data", "enough", "visits.yaml", here=tmp_path)
    assert again.out == first.out
