"""`bench retrain`: exit codes and formats; and one real retraining, which is interrupted and resumed."""

from __future__ import annotations

import json
import random
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import pytest
import yaml

from harness.api import Mirror
from tests.cli.conftest import Call
from tests.conftest import Bench

LIFECYCLE = {
    "task": "triage.yaml",
    "when": {"new_rows": 20},
    "data": {"new": "new/*.jsonl", "test_share": 0.2},
    "run": {"strategies": "lora", "epochs": 1},
    "gate": {"policy": "gate.yaml"},
}


def write_place(folder: Path, own: int = 60, new: int = 0) -> None:
    """A task with two labels, a policy and a lifecycle file."""
    draw = random.Random(5)
    words = [f"word{number}" for number in range(300)]

    def rows(name: str, count: int) -> str:
        lines = []
        for number in range(count):
            label = draw.choice(("urgent", "routine"))
            lines.append(json.dumps({"id": f"{name}{number}", "text": " ".join([label, *draw.choices(words, k=9)]), "label": label}))
        return "".join(line + "\n" for line in lines)

    (folder / "own.jsonl").write_text(rows("own", own), encoding="utf-8")
    (folder / "new").mkdir(exist_ok=True)
    if new:
        (folder / "new" / "a.jsonl").write_text(rows("new", new), encoding="utf-8")
    task = {
        "name": "triage",
        "kind": "classification",
        "data": {"path": "own.jsonl", "fields": {"input": "text", "target": "label"}},
        "prompt": "{{ input }}\n",
        "labels": ["urgent", "routine"],
        "metrics": ["classification"],
        "primary": "accuracy",
        "margin": 0.05,
    }
    (folder / "triage.yaml").write_text(yaml.safe_dump(task), encoding="utf-8")
    (folder / "gate.yaml").write_text("rules:\n  - {rule: not_worse, score: accuracy, margin: 0.3}\n", encoding="utf-8")
    (folder / "lifecycle.yaml").write_text(yaml.safe_dump(LIFECYCLE), encoding="utf-8")


def test_bad_input_is_one_error(call: Call, here: Path) -> None:
    write_place(here)
    missing = call("retrain", "lifecycle.yaml")
    assert missing.code == 2 and missing.err.startswith("error: registry: does not exist")
    assert call("retrain", "none.yaml").code == 2 and call("retrain", "lifecycle.yaml", "--today", "soon").code == 2
    assert call("retrain", "lifecycle.yaml", "--out", "a.md").code == 2


def test_every_call_mirrors_the_registry_except_a_dry_run(call: Call, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that promotes nothing: the call before may have promoted a model while MLflow did not answer."""
    pytest.importorskip("mlflow")
    mirrored: list[str] = []

    def mirror(task: str, *_: object, **__: object) -> Mirror:
        mirrored.append(task)
        return Mirror("", task, (), ())

    monkeypatch.setattr("harness.api.retrain", lambda *_, dry_run, **__: SimpleNamespace(task="triage", dry_run=dry_run, exit_code=1))
    monkeypatch.setattr("harness.cli.commands.retrain._show", lambda *_: None)
    monkeypatch.setattr("harness.api.mirror_models", mirror)
    assert call("retrain", "lifecycle.yaml").code == 1 and mirrored == []
    assert call("retrain", "lifecycle.yaml", "--mirror", "mlflow", "--dry-run").code == 1 and mirrored == []
    assert call("retrain", "lifecycle.yaml", "--mirror", "mlflow").code == 1 and mirrored == ["triage"]
    assert call("retrain", "lifecycle.yaml", "--mirror", "other").code == 2 and mirrored == ["triage"]


@pytest.mark.soak
def test_a_real_retraining_from_the_first_row_to_the_gate(bench: Bench, tmp_path: Path) -> None:
    """With the included model. The gate may decide anything: what counts is that every step is real."""
    write_place(tmp_path, own=160, new=60)
    assert bench("run", "--task", "triage.yaml", "--strategies", "lora", "--epochs", "1", here=tmp_path).code == 0
    first = ("promote", "latest", "--strategy", "lora", "--new-registry", "--force", "--reason", "first")
    assert bench(*first, here=tmp_path).code == 0
    planned = bench("retrain", "lifecycle.yaml", "--dry-run", "--format", "json", here=tmp_path)
    document = json.loads(planned.out)
    assert planned.code == 0 and document["outcome"] == "due" and document["forecast"]["hours"] > 0
    assert sum(document["data"]["added"].values()) >= 50
    done = bench("retrain", "lifecycle.yaml", "--format", "junit", "--out", "retrain.xml", here=tmp_path)
    assert done.code in (0, 1, 3) and done.out.startswith("Retraining 1 of triage: "), done
    assert ET.parse(tmp_path / "retrain.xml").getroot().get("tests") == "1"
    again = bench("retrain", "lifecycle.yaml", here=tmp_path)
    assert again.code == 0 and again.out.startswith("No retraining of triage is due."), again
