"""`--mirror` and `bench registry mirror`: the registry of bench decides, and a mirror that fails changes nothing about that."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from finished_runs import Finished
from report_factory import Made, make_run, summarization

from harness.api import list_models, mirror_models, promote
from harness.lifecycle.serving.mlflow_mirror import SETTINGS
from tests.cli.conftest import Call

FORCED = ("--force", "--reason", "a test")
MIRROR = ("--mirror", "mlflow")


@pytest.fixture
def run(call: Call, here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run without trained weights, and an MLflow that does not answer."""
    pytest.importorskip("mlflow")
    import mlflow

    monkeypatch.setattr("harness.cache._Choice.folder", here / ".cache")
    for name in SETTINGS:  # set by the mirror; this brings them back after the test
        monkeypatch.setenv(name, "0" if name.endswith("RETRIES") else "1")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    mlflow.set_tracking_uri(None)
    return make_run(here / "runs" / "done", [summarization([Made("base", 0.3), Made("few-shot", 0.9, 1)], rows=40)]).path


def test_promotion_stage_and_rollback_stand_when_the_mirror_fails(call: Call, run: Path, here: Path) -> None:
    commands = (
        (("promote", str(run), "--strategy", "base", *FORCED, "--new-registry"), ["champion"]),
        (("registry", "stage", "summarization", f"{run}:few-shot", "shadow"), ["champion", "shadow"]),
        (("promote", str(run), "--strategy", "few-shot", *FORCED), ["champion", "retired"]),
        (("rollback", "summarization"), ["champion", "retired"]),
    )
    for command, stages in commands:
        ended = call(*command, *MIRROR)
        assert ended.code == 0, ended.err
        assert "warning: MLflow: " in ended.err and "The change in the registry is made; only the mirror failed." in ended.err
        assert ended.err.rstrip().endswith("To repeat it: bench registry mirror summarization --to mlflow")
        assert [model.stage for model in list_models("summarization", registry=here / "registry")] == stages
    ended = call("registry", "mirror", "summarization")
    assert (ended.code, ended.out) == (2, "") and "MLflow: " in ended.err


def test_nothing_is_sent_unless_asked(call: Call, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    monkeypatch.setattr("harness.api.mirror_models", lambda *arguments, **_: sent.append(arguments[0]))
    assert call("promote", str(run), "--strategy", "base", *FORCED, "--new-registry").code == 0
    assert call("registry", "stage", "summarization", f"{run}:few-shot", "shadow").code == 0
    assert sent == []


def test_another_folder_and_name_are_in_the_command_that_repeats_it(call: Call, run: Path) -> None:
    ended = call(
        "promote", str(run), "--strategy", "base", *FORCED, "--new-registry", "--registry", "our models", "--mirror", "mlflow:notes-eu"
    )
    assert ended.code == 0
    assert "To repeat it: bench registry --registry 'our models' mirror summarization --to mlflow:notes-eu" in ended.err


def test_refused_promotion_mirrors_nothing(call: Call, run: Path) -> None:
    assert call("promote", str(run), "--strategy", "base", *FORCED, "--new-registry").code == 0
    ended = call("promote", str(run), "--strategy", "base", *MIRROR)
    assert ended.code in (1, 3) and "MLflow" not in ended.err


@pytest.mark.parametrize("target", ["mlfow", "mlflow:a b", ""])
def test_bad_target_is_refused_before_anything_changes(call: Call, run: Path, here: Path, target: str) -> None:
    ended = call("promote", str(run), "--strategy", "base", *FORCED, "--new-registry", "--mirror", target)
    assert ended.code == 2 and f"--mirror {target}" in ended.err
    assert not (here / "registry").exists()
    ended = call("registry", "mirror", "summarization", "--to", target or "x")
    assert ended.code == 2 and "--to" in ended.err


@pytest.mark.soak
def test_models_of_every_shape_answer_as_measured(
    other_shapes: dict[str, Finished], call: Call, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Encoders, also with a head for other labels, and encoder-decoders that write and that choose, with every method."""
    pytest.importorskip("mlflow")
    import bitsandbytes.nn.modules
    import mlflow.pyfunc
    import pandas as pd

    monkeypatch.setattr("harness.cache._Choice.folder", here / ".cache")
    monkeypatch.setattr(bitsandbytes.nn.modules, "has_avx512bf16", lambda: False)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (here / "mlflow").as_uri())
    for name in SETTINGS:
        monkeypatch.setenv(name, "1")
    mlflow.set_tracking_uri(None)
    for number, (shape, finished) in enumerate(other_shapes.items()):
        monkeypatch.chdir(finished.run.path.parents[1])  # where the base models are
        run, registry = shutil.copytree(finished.run.path, here / f"run-{number}"), here / f"registry-{number}"
        for cell in finished.run.cells:
            options = {"task": cell.task, "model": cell.model, "registry": registry, "new_registry": not registry.exists()}
            promote(run, cell.strategy, **options, fingerprint=False, force=True, reason="a test")
            mirror_models(cell.task, f"mlflow:{cell.task}-{number}", registry=registry)
            model = mlflow.pyfunc.load_model(f"models:/{cell.task}-{number}@champion")
            outputs = model.predict(pd.DataFrame([dict(example.inputs) for example in finished.run.examples(cell.task)]))["output"]
            assert list(outputs) == [each.output for each in finished.run.predictions(cell.id)], (shape, cell.strategy, cell.model)
