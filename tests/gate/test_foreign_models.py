"""A stranger's run is promoted without anything being written outside of the registry, and a stranger's registry reads nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from harness.api import gate, history, promote, rollback, verify_registry
from harness.errors import BenchError
from harness.gate import Registry, VerdictNote
from harness.reporting.wording.gate.gate_sentences import note_sentence
from harness.results import RunResults
from harness.types import Example, Prediction
from tests.foreign import edit_json
from tests.gate.conftest import Runs


def promote_by_force(run: Path, registry: Path) -> Any:
    event, _ = promote(run, "few-shot", registry=registry, force=True, reason="a test", new_registry=not registry.exists())
    return event


def list_files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("cell_id", ["../../../../escaped", "/tmp/bench-escaped", "..", "a/../../../../../escaped"])
def test_cell_id_that_leads_out_of_the_registry_is_refused(runs: Runs, tmp_path: Path, cell_id: str) -> None:
    run = runs(0.9, tuned="few-shot", rows=40)
    old = next(cell.id for cell in run.cells if cell.strategy == "few-shot")
    (run.path / "cells" / old).rename(run.path / "cells" / "other")  # where the id leads, relative to the folder of cells

    def rename(value: Any) -> None:
        for cell in value["cells"]:
            cell["id"] = cell_id if cell["id"] == old else cell["id"]

    edit_json(run.path / "run.json", rename)
    before = list_files(tmp_path)
    with pytest.raises(BenchError, match=r"run\.json: is damaged: cells\[1\]\.id: "):
        promote_by_force(run.path, tmp_path / "registry")
    assert list_files(tmp_path) == before


@pytest.mark.parametrize("place", ["cells/{}/artifact/weights", "cells/{}/predictions.parquet", "data/summarization.parquet", "extra"])
def test_links_of_a_run_are_refused_and_not_copied(runs: Runs, tmp_path: Path, place: str) -> None:
    run, secret = runs(0.9, tuned="few-shot", rows=40), tmp_path / "secret"
    secret.write_text("password")
    link = run.path / place.format(next(cell.id for cell in run.cells if cell.strategy == "few-shot"))
    link.parent.mkdir(exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(secret)
    for use in (lambda: promote_by_force(run.path, tmp_path / "registry"), lambda: gate(run.path, "few-shot", baseline=f"{run.path}:base")):
        with pytest.raises(BenchError, match="is a link, and run-0 may hold only files and folders"):
            use()
    assert not any(path.is_file() and path.read_bytes() == b"password" for path in (tmp_path / "registry").rglob("*"))


@pytest.mark.parametrize("folder", ["../outside", "/etc", "models/../../outside", "models/link"])
def test_registry_whose_history_leads_out_of_it_is_refused(runs: Runs, tmp_path: Path, folder: str) -> None:
    registry = tmp_path / "registry"
    event = promote_by_force(runs(0.9, tuned="few-shot", rows=40).path, registry)
    (registry / event.folder).rename(tmp_path / "outside")
    (registry / "models" / "link").symlink_to(tmp_path / "outside")
    body = {name: value for name, value in asdict(event).items() if name not in ("number", "task", "action", "at", "user")}
    Registry(registry).journal.append(event.task, lambda _: ("promote", body | {"folder": folder}))  # sealed as its owner would seal it
    forged = history(registry=registry)[-1]
    with pytest.raises(BenchError, match=r"does not stay inside this folder|is a link, which could lead outside"):
        Registry(registry).load(forged)
    assert all(
        "inside this folder" in problem or "is a link" in problem for each, problem in verify_registry(registry=registry) if each == forged
    )
    Registry(registry).journal.append(event.task, lambda _: ("promote", body | {"digest": "0" * 64}))
    with pytest.raises(BenchError, match=r"does not stay inside this folder|is a link, which could lead outside"):
        rollback(event.task, registry=registry)


class Answers:
    """A model that gives the outputs that a run has stored, and the reference to all other examples."""

    def __init__(self, run: RunResults) -> None:
        cell = next(cell for cell in run.cells if cell.strategy == "few-shot")
        self._stored = {prediction.example_id: prediction for prediction in run.predictions(cell.id)}
        self._own = {example.inputs["input"] for example in run.examples("summarization")}
        self.asked: list[str] = []

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        self.asked += [example.inputs["input"] for example in examples]
        return [self._stored[e.id] if e.inputs["input"] in self._own else Prediction(e.id, e.targets[0]) for e in examples]


@pytest.fixture
def promote_foreign(runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[VerdictNote, Answers]]:
    """Promote a model of another machine in a working directory with this task; the note in the verdict, and the model."""

    def _promote(*, rows: Sequence[int] = (), task: str = "") -> tuple[VerdictNote, Answers]:
        run = runs(0.6, tuned="few-shot", rows=40)
        results = RunResults(run.folder)
        answers = Answers(results)
        (here := tmp_path / "tasks").mkdir()
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("harness.cache._Choice.folder", tmp_path / "cache of this machine")
        monkeypatch.setattr("harness.engine.artifacts.load_finished", lambda *_: answers)
        for name in ("find_base", "device_for"):
            monkeypatch.setattr(f"harness.engine.artifacts.{name}", lambda *_: None)
        if task:
            (here / "summarization.yaml").write_text(task)
            examples = results.examples("summarization")
            texts = [examples[i].inputs["input"] if i < 40 else f"my own text {i}" for i in rows]
            targets = [examples[i].targets[0] if i < 40 else f"my own summary {i}" for i in rows]
            lines = [json.dumps({"input": text, "target": target}) for text, target in zip(texts, targets, strict=True)]
            (here / "test.jsonl").write_text("\n".join(lines))
            (here / "train.jsonl").write_text("\n".join(json.dumps({"input": f"train {i}", "target": "x"}) for i in range(20)))
        forced = {"force": True, "reason": "a test", "new_registry": True, "fingerprint": False}
        _, verdict = promote(run.path, "few-shot", registry=tmp_path / "registry", **forced)
        (note,) = [note for note in verdict.notes if note.code == "foreign_run"]
        return note, answers

    return _promote


MINE = "name: summarization\nkind: summarization\ndata: {path: {train: train.jsonl, test: test.jsonl}}\n"


def test_foreign_model_answers_the_local_test_set(promote_foreign: Callable[..., tuple[VerdictNote, Answers]]) -> None:
    """The run holds half of it; on the other half the model is scored."""
    rows = [*range(20), *range(100, 120)]
    note, answers = promote_foreign(rows=rows, task=MINE)
    assert (note.numbers["local"], note.numbers["shared"], note.numbers["differing"]) == (40, 20, 0)
    assert note.numbers["checked"] == 32 and 12 <= note.numbers["unknown"] <= 20
    assert note.numbers["score_here"] == 1 and note.numbers["score_there"] < 0.9
    assert sum(text.startswith("my own text") for text in answers.asked) == note.numbers["unknown"]


def test_foreign_model_answers_examples_of_its_run_where_the_task_is_not_known(
    promote_foreign: Callable[..., tuple[VerdictNote, Answers]],
) -> None:
    """Here the data of the task cannot be read."""
    note, answers = promote_foreign(task=MINE.replace("test.jsonl", "gone.jsonl"))
    assert (note.numbers, len(answers.asked)) == ({"checked": 32, "differing": 0}, 32)
    assert "no test set of 'summarization' was found here" in note_sentence(note)
