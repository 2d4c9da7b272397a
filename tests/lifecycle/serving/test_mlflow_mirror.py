"""A registry in MLflow's model registry: versions and aliases that follow promotions, and models that answer without bench."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from harness.api import Mirror, list_models, load_run, mirror_models, promote, rollback, set_stage
from harness.errors import BenchError
from harness.gate import Registry
from harness.lifecycle.serving import MLflowMirror, parse_mirror_target
from harness.results import find_cell
from tests.lifecycle.serving.conftest import FORCED, TASK, Promoted


def inputs_and_outputs(run: Path, strategy: str, count: int = 3) -> tuple[list[dict[str, str]], list[str]]:
    stored = load_run(run).stored
    predictions = stored.predictions(find_cell(stored, strategy, task=TASK).cell.id)
    return [dict(example.inputs) for example in stored.examples(TASK)][:count], [each.output for each in predictions][:count]


def aliases(client: Any, name: str = TASK) -> dict[str, str]:
    return {alias: str(version) for alias, version in client.get_registered_model(name).aliases.items()}


def test_mirror_follows_promotion_stages_and_rollback(promoted: Promoted, mlflow_files: str) -> None:
    """The models are those of the registry, no file is a pickle, and nothing names a path of this machine."""
    import mlflow.pyfunc
    from mlflow import MlflowClient

    registry = promoted.registry
    first = mirror_models(TASK, registry=registry)
    assert [(each.version, each.is_new, each.model.stage) for each in first.versions] == [("1", True, "champion")]
    client = MlflowClient()
    assert aliases(client) == {"champion": "1"}
    version = client.get_model_version(TASK, "1")
    (champion,) = list_models(TASK, registry=registry)
    assert version.tags["bench.digest"] == champion.event.digest and version.tags["bench.forced"] == "true"

    rows, outputs = inputs_and_outputs(promoted.run, "lora")
    assert list(mlflow.pyfunc.load_model(f"models:/{TASK}@champion").predict(pd.DataFrame(rows))["output"]) == outputs

    set_stage(TASK, f"{promoted.run}:base", "shadow", registry=registry)
    assert [each.is_new for each in mirror_models(TASK, registry=registry).versions] == [False, True]
    assert aliases(client) == {"champion": "1", "shadow": "2"}
    promote(promoted.run, "base", registry=registry, fingerprint=False, **FORCED)
    mirror_models(TASK, registry=registry)
    assert aliases(client) == {"champion": "2"}
    assert client.get_model_version(TASK, "1").tags["bench.stage"] == "retired"
    rollback(TASK, registry=registry)
    assert not any(each.is_new for each in mirror_models(TASK, registry=registry).versions)
    assert aliases(client) == {"champion": "1"}

    files = [file for file in (promoted.here.parent / "mlflow").rglob("*") if file.is_file()]
    assert {file.name for file in files} >= {"MLmodel", "pyfunc_script.py", "adapter_model.safetensors", "model.json", "prompt.json"}
    assert not [file for file in files if file.suffix in (".pkl", ".pickle", ".bin", ".pt")]
    for described in (file for file in files if file.name == "MLmodel"):
        assert "bench-mirror-" not in described.read_text() and str(Path(__file__).parents[3]) not in described.read_text()


def test_registered_model_of_others_is_left_alone(promoted: Promoted, mlflow_files: str) -> None:
    from mlflow import MlflowClient

    client = MlflowClient()
    client.create_registered_model(TASK)
    with pytest.raises(BenchError, match=f"the registered model '{TASK}' was not made from this registry and task"):
        mirror_models(TASK, registry=promoted.registry)
    assert aliases(client) == {}
    assert mirror_models(TASK, "mlflow:intents", registry=promoted.registry).name == "intents"
    for task, registry in ((TASK, "another registry"), ("another task", Registry(promoted.registry).identity)):
        with pytest.raises(BenchError, match="'intents' was not made from this registry and task"):
            MLflowMirror("intents", task, registry).open()
    assert aliases(client, "intents") == {"champion": "1"}


def test_lost_champion_is_an_error_and_its_alias_points_to_no_other_model(promoted: Promoted, mlflow_files: str) -> None:
    from mlflow import MlflowClient

    registry = promoted.registry
    mirror_models(TASK, registry=registry)
    event, _ = promote(promoted.run, "base", registry=registry, fingerprint=False, **FORCED)
    next((registry / event.folder).rglob("predictions*")).unlink()
    with pytest.raises(BenchError, match=r"is not mirrored, and the alias was removed: .*was changed after it was promoted"):
        mirror_models(TASK, registry=registry)
    assert aliases(MlflowClient()) == {}


def test_interrupted_upload_is_repeated(promoted: Promoted, mlflow_files: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow import MlflowClient

    def fail(*_: object, **__: object) -> None:
        raise OSError("the connection was lost")

    with monkeypatch.context() as broken:
        broken.setattr("mlflow.MlflowClient.log_model_artifacts", fail)
        with pytest.raises(BenchError, match="MLflow: OSError: the connection was lost"):
            mirror_models(TASK, registry=promoted.registry)
    client = MlflowClient()
    assert aliases(client) == {} and client.search_model_versions(f"name='{TASK}'") == []
    mirror: Mirror = mirror_models(TASK, registry=promoted.registry)
    assert [(each.version, each.is_new) for each in mirror.versions] == [("1", True)]


@pytest.mark.parametrize(
    ("to", "message"),
    [
        ("mlfow", "to=\"mlfow\": unknown registry. Did you mean 'mlflow'? Known: "),
        ("mlflow:", "a name has letters, digits"),
        ("mlflow:a b", "a name has letters, digits"),
        ("mlflow:x' OR name='y", "a name has letters, digits"),
        ("mlflow:../x", "a name has letters, digits"),
    ],
)
def test_bad_targets_are_refused(to: str, message: str) -> None:
    with pytest.raises(BenchError) as refused:
        parse_mirror_target(to, "to")
    assert message in str(refused.value)


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.lifecycle.serving.mirrored.find_spec", lambda _: None)
    with pytest.raises(BenchError, match=r"mlflow is not installed. Install it: pip install 'finetune-bench\[mlflow\]'"):
        parse_mirror_target("mlflow:visits", "to")
