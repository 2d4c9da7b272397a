"""Cascades of the small model and outputs of a file, from the command to the stored answers."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from model_server import ModelServer, chat

from harness.grid.execution.cell_run import CellRun
from harness.metrics import answer_confidence
from harness.results import RunResults
from harness.store import StoredRun, open_run
from harness.types import Cell, CellResult

LABELS = ("billing", "delivery")
VALIDATION = range(100, 160)
TEST = range(200, 230)
CASCADE = "cascade:first=base,then=incumbent,risk=0.3,confidence=0.9"


def row(i: int, **more: object) -> dict[str, object]:
    return {"id": f"row-{i}", "input": f"my parcel {i} is late" if i % 3 else f"refund payment {i}", "label": LABELS[i % 3 != 0], **more}


def write(file: Path, rows: list[dict[str, object]]) -> None:
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")


def write_task(folder: Path, *, group: Mapping[str, object] | None = None, kind: str = "classification", **more: object) -> None:
    """A task with given splits. `hosted.jsonl` has an output of every example outside training: the right one, but for every seventh."""
    for name, numbers in (("train", range(8)), ("validation", VALIDATION), ("test", TEST)):
        write(folder / f"{name}.jsonl", [row(i, **(group or {})) for i in numbers])
    write(folder / "hosted.jsonl", [{"id": f"row-{i}", "output": LABELS[(i % 3 != 0) != (i % 7 == 0)]} for i in (*VALIDATION, *TEST)])
    data = {
        "path": {name: f"{name}.jsonl" for name in ("train", "validation", "test")},
        "fields": {"target": "label", "id": "id", **({"group": "patient"} if group else {})},
    }
    (folder / "tickets.yaml").write_text(json.dumps({"name": "tickets", "kind": kind, "data": data, **more}), encoding="utf-8")


def run(quick_bench: Any, folder: Path, *, cascade: str = CASCADE, outputs: str = "outputs:hosted.jsonl@incumbent", limit: int = 60) -> Any:
    strategies = f"{outputs},{cascade}"
    return quick_bench("run", "--task", "tickets.yaml", "--strategies", strategies, "--price", "3.6", "--limit", str(limit), here=folder)


def find_cascade(folder: Path, name: str = "latest") -> tuple[StoredRun, Cell]:
    stored = open_run(folder / "runs", name)
    (cell,) = (cell for cell in stored.cells if stored.plan.get_strategy(cell).method == "cascade")
    return stored, cell


def read_cascade(folder: Path, name: str = "latest") -> tuple[StoredRun, Cell, CellResult]:
    stored, cell = find_cascade(folder, name)
    return stored, cell, stored.results[cell.id]


def read_first(folder: Path) -> tuple[StoredRun, Cell, CellResult]:
    oldest = min((folder / "runs").iterdir(), key=lambda run: (run / "run.json").stat().st_mtime_ns)  # names tell it to a second
    return read_cascade(folder, oldest.name)


@pytest.fixture(scope="module", autouse=True)
def _no_pages() -> Iterator[None]:
    """Nothing here reads the report, which takes a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.api.requested_runs._write_report", lambda run: None)
        yield


@pytest.fixture(scope="module")
def finished(quick_bench: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run with a cascade, the oldest of those in it."""
    folder = tmp_path_factory.mktemp("cascade")
    write_task(folder)
    ended = run(quick_bench, folder)
    assert ended.code == 0, ended
    return folder


def test_confident_answers_are_kept_and_the_others_are_passed_on(finished: Path) -> None:
    stored, cell, result = read_first(finished)
    measured = result.cascade
    assert result.status == "done" and measured is not None and measured.threshold is not None
    first, then = stored.plan.find_cascade_parts(cell)
    own = {p.example_id: p for p in stored.predictions(first.id)}
    hosted = {p.example_id: p for p in stored.predictions(then.id)}
    kept = {name for name, p in own.items() if answer_confidence(p) >= measured.threshold}
    assert [p.example_id for p in stored.predictions(cell.id)] == list(own)
    assert all(p == (own if p.example_id in kept else hosted)[p.example_id] for p in stored.predictions(cell.id))
    assert measured.passed_on == pytest.approx(1 - len(kept) / len(own))
    assert measured.points[0].passed_on == 1.0 and measured.points[-1].passed_on == 0.0
    assert measured.points[measured.chosen].worse <= 0.3, "on the calibration examples"


def test_calibration_examples_are_half_of_validation_and_are_not_kept(finished: Path) -> None:
    stored, _, result = read_first(finished)
    assert result.cascade is not None and result.cascade.examples == 30
    sizes = stored.plan.data["tickets"].sizes
    assert (sizes["train"], sizes["validation"], sizes["calibration"], sizes["test"]) == (8, 30, 30, 30)
    assert not (stored.path / "work").exists()
    everything = b"".join(file.read_bytes() for file in stored.path.rglob("*") if file.is_file() and file.suffix != ".safetensors")
    assert not any(f"row-{i}".encode() in everything for i in VALIDATION), "the run can be shared without validation examples"


def test_outputs_of_test_examples_do_not_move_the_threshold(finished: Path, quick_bench: Any) -> None:
    before = read_first(finished)[2].cascade
    wrong = [{"id": f"row-{i}", "output": LABELS[(i % 3 != 0) != (i % 7 == 0)]} for i in VALIDATION]
    write(finished / "other.jsonl", wrong + [{"id": f"row-{i}", "output": LABELS[i % 3 == 0]} for i in TEST])
    ended = run(quick_bench, finished, outputs="outputs:other.jsonl@incumbent")
    assert ended.code == 0, ended
    stored, cell, result = read_cascade(finished, Path(ended.out.strip()).name)
    assert result.cascade == before
    assert stored.predictions(cell.id) != stored.predictions(stored.plan.find_cascade_parts(cell)[0].id)


def test_too_few_calibration_examples_guarantee_nothing_and_the_run_says_so(finished: Path, quick_bench: Any) -> None:
    ended = run(quick_bench, finished, cascade="cascade:first=base,then=incumbent")
    assert ended.code == 0 and "takes at least 59" in " ".join((ended.out + ended.err).split()), ended
    stored, cell, result = read_cascade(finished, Path(ended.out.strip()).name)
    assert result.cascade is not None and (result.cascade.threshold, result.cascade.smallest, result.cascade.passed_on) == (None, 59, 1.0)
    assert stored.predictions(cell.id) == stored.predictions(stored.plan.find_cascade_parts(cell)[1].id)


@pytest.mark.parametrize("command", [("predict", "--data", "new.jsonl"), ("export", "--out", "model"), ("promote",)])
def test_a_cascade_is_no_single_model(finished: Path, quick_bench: Any, command: tuple[str, ...]) -> None:
    (finished / "new.jsonl").write_text('{"input": "late"}', encoding="utf-8")
    ended = quick_bench(command[0], read_first(finished)[0].name, "--strategy", CASCADE, *command[1:], here=finished)
    said = " ".join(ended.err.split())
    assert ended.code == 2 and "is a cascade" in said and "'base', the model that answers first" in said, ended


def test_the_gate_judges_the_stored_answers_of_a_cascade(finished: Path, quick_bench: Any) -> None:
    name = read_first(finished)[0].name
    ended = quick_bench("gate", name, "--strategy", CASCADE, "--baseline", f"{name}:base", "--new-registry", here=finished)
    assert ended.code in (0, 1, 3) and CASCADE in ended.out, ended


def test_texts_are_kept_by_the_likelihood_of_their_tokens(tmp_path: Path, quick_bench: Any) -> None:
    write_task(tmp_path, kind="generation", metrics=["exact_match"], primary="exact_match", decode={"max_new_tokens": 3})
    ended = run(quick_bench, tmp_path, limit=20)
    assert ended.code == 0, ended
    stored, cell, result = read_cascade(tmp_path)
    assert result.cascade is not None and result.cascade.confidence_kind == "token_likelihood"
    own = stored.predictions(stored.plan.find_cascade_parts(cell)[0].id)
    assert all(p.mean_logprob is not None and p.mean_logprob < 0 for p in own)
    assert len({p.threshold for p in result.cascade.points}) > 2


def test_a_hosted_model_is_asked_the_calibration_examples_once_and_within_the_limit_of_costs(tmp_path: Path, quick_bench: Any) -> None:
    write_task(tmp_path)
    with ModelServer(chat(lambda body: "delivery" if "parcel" in body["messages"][-1]["content"] else "billing")) as server:
        price = {"input_per_million": 1000, "output_per_million": 10_000}  # 0.2 for each answer
        api = {"base_url": f"{server.address}/v1", "model": "big", "labels": "parsed", "price": price}
        (tmp_path / "incumbent.yaml").write_text(json.dumps({"name": "incumbent", "method": "api", "api": api}), encoding="utf-8")
        allowed = ("--strategies", f"api:incumbent.yaml,{CASCADE}", "--send-to", "127.0.0.1")
        stopped = quick_bench("run", "--task", "tickets.yaml", *allowed, "--max-cost", "9", here=tmp_path)
        said = " ".join(stopped.err.split())
        assert stopped.code == 1 and "of 30 examples are answered: the next answer could exceed the limit of 9 USD" in said, stopped
        before, unfinished = find_cascade(tmp_path)
        assert before.status(unfinished.id) == "interrupted"
        ended = quick_bench("run", "--task", "tickets.yaml", *allowed, here=tmp_path)
        assert ended.code == 0, ended
        asked = [request["messages"][-1]["content"] for request in server.requests]
    assert len(asked) == len(set(asked)) == 60, "30 test and 30 calibration examples, each paid once"
    stored, _, result = read_cascade(tmp_path)
    assert result.cascade is not None and result.cascade.threshold is not None
    assert [cost.price for cost in result.costs if cost.device == "127.0.0.1"] == [pytest.approx(30 * 0.2)]
    (strategy,) = (each for each in RunResults(stored.folder).by_task["tickets"].strategies if each.method == "cascade")
    assert strategy.costs is not None and strategy.costs.thousand_price is not None
    assert strategy.costs.thousand_price == pytest.approx(200 * result.cascade.passed_on, abs=1), (
        "the share that is passed on, and a little time"
    )


@pytest.mark.soak
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.parametrize("at", [5, 31, 60], ids=["test-example", "first-calibration-example", "last-calibration-example"])
def test_a_killed_cascade_asks_no_answered_question_again(tmp_path: Path, quick_bench: Any, at: int) -> None:
    write_task(tmp_path)
    child = 0

    def answer(body: Mapping[str, Any]) -> str:
        if child and len(server.requests) == at:
            os.kill(child, signal.SIGKILL)
        return "delivery" if "parcel" in body["messages"][-1]["content"] else "billing"

    with ModelServer(chat(answer)) as server:
        api = {"base_url": f"{server.address}/v1", "model": "big", "labels": "parsed", "cache": False, "max_concurrency": 1}
        (tmp_path / "incumbent.yaml").write_text(json.dumps({"name": "incumbent", "method": "api", "api": api}), encoding="utf-8")
        options = ("--task", "tickets.yaml", "--strategies", f"api:incumbent.yaml,{CASCADE}", "--send-to", "127.0.0.1")
        child = os.fork()
        if not child:
            try:
                quick_bench("run", *options, here=tmp_path)
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status)
        child = 0
        ended = quick_bench("run", *options, here=tmp_path)
        assert ended.code == 0, ended
        asked = [request["messages"][-1]["content"] for request in server.requests]
    assert len(asked) == 61 and len(set(asked)) == 60, "only the question without an answer"
    assert read_cascade(tmp_path)[2].status == "done" and len(list((tmp_path / "runs").iterdir())) == 1


def test_a_part_without_a_result_fails_the_cascade_with_its_reason(
    finished: Path, tmp_path: Path, quick_bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_task(tmp_path)

    def fail(*_: object) -> None:
        raise RuntimeError("the disk of the model has left")

    monkeypatch.setattr(CellRun, "_predict", fail)
    ended = run(quick_bench, tmp_path)
    assert ended.code == 1
    assert read_cascade(tmp_path)[2].error == (
        "a cascade needs the answers of 'base', whose cell is failed: RuntimeError: the disk of the model has left"
    )


@pytest.mark.parametrize(
    ("cascade", "problem"),
    [
        ("cascade:first=base,then=incumbant", "then: this run has no strategy 'incumbant'. Did you mean 'incumbent'?"),
        ("cascade:first=lara,then=incumbent", "first: this run has no strategy 'lara'"),
        ("cascade:first=base", "then: name the strategy that answers where the first is unsure"),
        ("cascade:first=incumbent,then=base", "then: 'base' has method 'prompt', but a cascade needs external outputs or a hosted model"),
        ("cascade:first=base,then=base", "'first' and 'then' must be two strategies"),
        ("cascade:first=base,then=incumbent,risk=1.5", "risk: must be less than 1"),
        ("cascade:first=base,then=incumbent,confidence=0", "confidence: must be greater than 0"),
        ("lora:first=base", "method 'peft' takes no 'first'"),
    ],
)
def test_a_cascade_that_cannot_be_made_is_refused(finished: Path, quick_bench: Any, cascade: str, problem: str) -> None:
    ended = run(quick_bench, finished, cascade=cascade)
    assert ended.code == 2 and problem in " ".join(ended.err.split()), ended


def test_data_without_room_for_calibration_are_refused(tmp_path: Path, quick_bench: Any) -> None:
    write_task(tmp_path)
    hosted = [{"id": f"row-{i}", "output": "billing"} for i in TEST]
    write(tmp_path / "test-only.jsonl", hosted)
    write(tmp_path / "no-ids.jsonl", [{"output": "billing"}] * len(TEST))
    for file, problem in (
        ("test-only.jsonl", "30 of 30 calibration examples of the task 'tickets' have no output"),
        ("no-ids.jsonl", "the outputs have no ids, and a cascade also reads outputs of validation examples"),
    ):
        ended = run(quick_bench, tmp_path, outputs=f"outputs:{file}@incumbent")
        assert ended.code == 2 and problem in " ".join(ended.err.split()), ended
    write_task(tmp_path, group={"patient": "p1"})
    write(tmp_path / "test.jsonl", [row(i, patient=f"p{i}") for i in TEST])
    write(tmp_path / "train.jsonl", [row(i, patient=f"p{i}") for i in range(8)])
    ended = run(quick_bench, tmp_path)
    assert ended.code == 2 and "60 validation examples all have the same group 'p1'" in " ".join(ended.err.split()), ended
