"""A run that is killed goes on and ends as if nothing had happened.

SIGKILL strikes the `bench` process itself in the middle of training, of prediction and of writing; the same command then goes on.
"""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.store import RunFolder

RUN = ["run", "--task", "summarization", "--limit", "12", "--epochs", "2"]
COMMAND = [sys.executable, "-m", "harness.cli.main", *RUN]


@pytest.fixture(scope="module", autouse=True)
def _as_at_a_terminal():
    """What a shell starts in the background ignores Ctrl-C, and hands that on to all its children, which a handler does not."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def bench(tmp_path_factory, _as_at_a_terminal):
    environment = os.environ | {"BENCH_CHECKPOINT_SECONDS": "0", "HF_HUB_OFFLINE": "1", "COLUMNS": "200"}

    def start(folder: Path, strategy: str = "lora", *more: str) -> subprocess.Popen:
        folder.mkdir(exist_ok=True)
        return subprocess.Popen(
            [*COMMAND, "--strategies", strategy, *more],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )

    return start


@pytest.fixture(scope="module")
def undisturbed(quick_bench, tmp_path_factory):
    """In this process: who runs a cell, and how often it is interrupted, changes nothing."""
    folder = tmp_path_factory.mktemp("undisturbed")
    ended = quick_bench(*RUN, "--strategies", "lora", here=folder, env={"BENCH_SERVING_SECONDS": "0"})
    assert ended.code == 0, ended
    return results(folder / ended.out.strip().splitlines()[-1])


def results(run: Path):
    """What must not change: every prediction with its scores, and the training curve without its clock."""
    folder = RunFolder(run)
    found = {}
    for cell in folder.plan().cells:
        files = folder.cell(cell.id)
        curve = [{k: v for k, v in p.items() if k != "tokens_per_second"} for p in files.training_curve()]
        found[cell.strategy] = (files.result().status, files.predictions(), curve, files.result().training)
    return found


def wait_for(process, sign):
    """Until a line of progress contains the sign."""
    if not any(sign in line for line in process.stderr):
        pytest.fail(f"the run ended without saying {sign!r}")


def kill_when(process, sign):
    """SIGKILL as soon as a line of progress contains the sign; the children must be gone, too."""
    wait_for(process, sign)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    process.stderr.close()


@pytest.mark.parametrize(
    "sign",
    [
        "lora seed 0: train",
        pytest.param("lora seed 0: predict", marks=pytest.mark.soak),
        pytest.param("lora seed 0: score", marks=pytest.mark.soak),
    ],
)
def test_killed_run_resumes_with_the_same_result(bench, undisturbed, tmp_path, sign):
    kill_when(bench(tmp_path), sign)
    (run,) = (tmp_path / "runs").iterdir()
    again = bench(tmp_path)
    out, err = again.communicate()
    assert again.returncode == 0, err
    assert f"Resuming runs/{run.name}" in err
    assert out.strip().splitlines()[-1] == f"runs/{run.name}"
    assert results(run) == undisturbed
    assert not list(run.rglob("*.part*")), "nothing half-written is left"
    assert not (run / "work").exists()


@pytest.mark.soak
def test_run_killed_repeatedly_in_training_reaches_the_same_result(bench, undisturbed, tmp_path):
    """Kill at one new checkpoint after the other: the run still gets to the same end."""
    seen = set()
    for _ in range(2):
        process = bench(tmp_path)
        while process.poll() is None and not (new := set((tmp_path / "runs").glob("*/cells/*/checkpoint/step-*")) - seen):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.02)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert new, "the run ended without a checkpoint"
        seen |= new
    final = bench(tmp_path)
    _, err = final.communicate()
    assert final.returncode == 0, err
    (run,) = (tmp_path / "runs").iterdir()
    assert results(run) == undisturbed


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(12))
def test_run_killed_at_random_moments_reaches_the_same_result(bench, undisturbed, tmp_path, seed):
    """Up to four kills anywhere between the start and the end of a run."""
    moments = random.Random(seed)
    for _ in range(4):
        process = bench(tmp_path)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=moments.uniform(2, 25))
        process.send_signal(signal.SIGKILL)
        process.communicate()
    final = bench(tmp_path)
    out, err = final.communicate()
    assert final.returncode == 0, err
    assert results(tmp_path / out.strip().splitlines()[-1]) == undisturbed


@pytest.mark.soak
def test_full_fine_tuning_in_bfloat16_scores_the_stored_model(bench, tmp_path):
    """Killed between training and prediction, the tuned model comes from the disk; undisturbed, it must be the very same model."""
    more = ("full", "--dtype", "bfloat16", "--no-base")
    whole = bench(tmp_path / "whole", *more)
    out, err = whole.communicate()
    assert whole.returncode == 0, err
    kill_when(bench(tmp_path / "broken", *more), "full seed 0: predict")
    again = bench(tmp_path / "broken", *more)
    _, err = again.communicate()
    assert again.returncode == 0, err
    (broken,) = (tmp_path / "broken" / "runs").iterdir()
    assert results(broken) == results(tmp_path / "whole" / out.strip())


def test_second_run_names_the_process_that_holds_the_lock_and_an_interrupted_run_says_how_to_resume(bench, quick_bench, tmp_path):
    process = bench(tmp_path)
    wait_for(process, "load")
    process.send_signal(signal.SIGSTOP)  # else it may end before the second one looks
    second = quick_bench(*RUN, "--strategies", "lora", here=tmp_path)
    process.send_signal(signal.SIGCONT)
    assert second.code == 2
    assert f"is in use by process {process.pid}" in second.err
    assert second.out == ""
    wait_for(process, "lora seed 0: train")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130
    assert "interrupted: run the same command again to resume" in err
    assert out == ""
    (run,) = (tmp_path / "runs").iterdir()
    statuses = [json.loads(f.read_text())["status"] for f in run.glob("cells/*/cell.json")]
    assert statuses == ["done"], "base had ended, lora had not"
