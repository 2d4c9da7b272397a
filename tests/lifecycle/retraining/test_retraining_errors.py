"""`bench retrain`: what is wrong is one error, before anything is trained."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from report_factory import Made, classification, make_run

from harness.api import list_retrainings, promote, retrain
from harness.errors import BenchError
from tests.lifecycle.retraining.conftest import DAY, TASK, Place, StandIn, make_row


def break_champion(place: Place) -> None:
    (file,) = place.registry.glob("models/*/*/cells/*/predictions.*")
    file.write_bytes(file.read_bytes()[:-8])


@pytest.mark.parametrize(
    ("break_", "message"),
    [
        (break_champion, r"was changed after it was promoted"),
        (lambda place: [__import__("shutil").rmtree(each) for each in place.registry.glob("models/*/*")], r"is missing"),
        (lambda place: (place.folder / "gate.yaml").unlink(), r"lifecycle\.yaml:\d+: gate\.policy: there is no file"),
        (lambda place: (place.folder / "gate.yaml").write_text("rules: [{rule: flor}]"), r"gate\.yaml:1"),
        (
            lambda place: (place.folder / "gate.yaml").write_text("rules: [{rule: ceiling, score: peak_memory, value: 1}]"),
            r"gate\.yaml: no rule",
        ),
        (
            lambda place: (place.folder / "gate.yaml").write_text("rules: [{rule: not_worse, score: rougeL, slice: ward}]"),
            r"rules\[0\] \(not_worse rougeL\): slice",
        ),
        (lambda place: place.write(run={"strategies": ["base"]}), r"names the untuned model alone"),
        (
            lambda place: (place.folder / "gate.yaml").write_text("seeds: 3\nrules: [{rule: not_worse, score: rougeL}]"),
            r"gate\.yaml: requires 3 training seeds, and run\.seeds in .*lifecycle\.yaml is 1, so no model could pass",
        ),
        (lambda place: place.write(data={"new": "none.jsonl"}), r"none\.jsonl: there is no such file"),
        (lambda place: place.write(task="other.yaml"), r"other\.yaml"),
        (lambda place: place.write(run={"strategies": ["lroa"]}), r"unknown strategy 'lroa'"),
        (lambda place: (place.folder / "new" / "b.jsonl").write_text('{"input": 3'), r"b\.jsonl"),
        (lambda place: (place.folder / "new" / "b.jsonl").write_text('{"text": "x", "target": "y"}\n'), r"b\.jsonl"),
        (lambda place: (place.registry / "registry.sqlite").unlink(), r"registry"),
    ],
)
def test_what_is_wrong_is_one_error_before_anything_is_trained(place: Place, grid: StandIn, break_: Any, message: str) -> None:
    place.add_rows(12)
    break_(place)
    before = place.files()
    with pytest.raises(BenchError, match=message):
        place.call()
    assert not grid.requests
    assert {name: content for name, content in place.files().items() if "retrain" in name} == {
        name: content for name, content in before.items() if "retrain" in name
    }


def test_a_strategy_that_does_not_exist_is_an_error_on_the_day_it_is_named(place: Place, grid: StandIn) -> None:
    """Not a month later, when a retraining is due."""
    place.write(run={"strategies": ["lroa"]})
    with pytest.raises(BenchError, match=r"unknown strategy 'lroa'"):
        place.call(dry_run=True)


def test_a_task_without_a_champion_is_an_error_with_the_command(place: Place, grid: StandIn) -> None:
    text = (place.folder / f"{TASK}.yaml").read_text(encoding="utf-8")
    (place.folder / "letters.yaml").write_text(text.replace(f"name: {TASK}", "name: letters"), encoding="utf-8")
    place.write(task="letters.yaml")
    with pytest.raises(BenchError, match=r"nothing was promoted for 'letters'"):
        place.call()


def test_a_clock_that_goes_back_is_an_error(place: Place, grid: StandIn) -> None:
    place.add_rows(12)
    place.call()
    with pytest.raises(BenchError, match=r"the date goes back: it is 2026-12-31 here, and on 2027-01-01"):
        place.call(DAY - timedelta(days=1))


def test_another_process_that_works_on_the_task_is_named(place: Place, grid: StandIn) -> None:
    from harness.lifecycle.retraining import StepStore

    with StepStore(place.registry, TASK).locked(), pytest.raises(BenchError, match=r"is in use by process \d+"):
        place.call()


def test_damaged_files_are_reported_with_what_to_do(place: Place, grid: StandIn) -> None:
    place.add_rows(12)
    place.call()
    folder = place.registry / "retrain" / TASK
    for name in ("state.json", "1/rows.json", "1/record.json"):
        file, sibling = folder / name, folder / ("state.json" if name != "state.json" else "1/record.json")
        content = file.read_bytes()
        flipped = bytearray(content)
        flipped[len(content) // 2] ^= 1
        for damaged in (b"", content[: len(content) // 2], bytes(flipped), sibling.read_bytes()):
            file.write_bytes(damaged)
            with pytest.raises(BenchError, match=rf"{file.name}: is damaged.*Restore a backup"):
                list_retrainings(TASK, registry=place.registry) and place.call(DAY + timedelta(days=9))
        file.write_bytes(content)
    assert place.call(DAY + timedelta(days=9)).outcome == "not_due"


@pytest.mark.parametrize("change", ["labels", "inputs"])
def test_what_the_gate_could_not_compare_is_an_error_before_anything_is_trained(tmp_path: Path, grid: StandIn, change: str) -> None:
    """Otherwise every call would train or judge, and end with the same error."""
    run = make_run(tmp_path / "runs" / "first", [classification([Made("base", 0.9, train_seconds=60)], rows=40)])
    promote(run.path, "base", registry=tmp_path / "registry", new_registry=True, force=True, reason="the first one", fingerprint=False)
    task = run.plan.tasks["intents"]
    labels = [*task.labels, *(["escalation"] if change == "labels" else [])]
    column = "input" if change == "labels" else "message"
    values = {"name": "intents", "kind": "classification", "labels": labels, "prompt": f"{{{{ {column} }}}}", "metrics": ["classification"]}
    values |= {"primary": "accuracy", "data": {"path": "own.jsonl", "fields": {column: "input"}}}
    (tmp_path / "intents.yaml").write_text(json.dumps(values))
    for name, count in (("own", 60), ("new", 20)):
        rows = [{**make_row(f"{name}-{number}"), "target": labels[number % len(labels)]} for number in range(count)]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    plan = {"task": "intents.yaml", "when": {"new_rows": 10}, "data": {"new": "new.jsonl"}, "run": {"strategies": ["fewshot"]}}
    (tmp_path / "lifecycle.yaml").write_text(json.dumps(plan))
    expected = (
        r"intents: has other labels \(with 'escalation'\) than base in"
        if change == "labels"
        else "intents: no column for the input 'input'"
    )
    with pytest.raises(BenchError, match=expected):
        retrain(tmp_path / "lifecycle.yaml", registry=tmp_path / "registry", runs_dir=tmp_path / "runs", today=DAY)
    assert not grid.requests


def test_a_policy_is_checked_with_the_labels_of_the_data_where_the_task_names_none(tmp_path: Path) -> None:
    run = make_run(tmp_path / "runs" / "first", [classification([Made("base", 0.3), Made("fewshot", 0.5, 1, train_seconds=60)])])
    promote(run.path, "fewshot", registry=tmp_path / "registry", new_registry=True, force=True, reason="the first one", fingerprint=False)
    labels = run.plan.tasks["intents"].labels
    for name, count in (("own", 60), ("new", 20)):
        rows = [make_row(f"{name}-{number}") | {"target": labels[number % 3]} for number in range(count)]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    own = "{path: own.jsonl}"
    task = f"name: intents\nkind: classification\ndata: {own}\nprompt: '{{{{ input }}}}'\nmetrics: [classification]\nprimary: macro_f1\n"
    (tmp_path / "intents.yaml").write_text(task, encoding="utf-8")
    (tmp_path / "gate.yaml").write_text("rules:\n  - {rule: not_worse, score: macro_f1, margin: 0.05}\n", encoding="utf-8")
    values = "task: intents.yaml\nwhen: {new_rows: 10}\ndata: {new: new.jsonl}\nrun: {strategies: fewshot}\ngate: {policy: gate.yaml}\n"
    (tmp_path / "lifecycle.yaml").write_text(values, encoding="utf-8")
    result = retrain(tmp_path / "lifecycle.yaml", registry=tmp_path / "registry", runs_dir=tmp_path / "runs", today=DAY, dry_run=True)
    assert result.outcome == "due" and result.data.added
