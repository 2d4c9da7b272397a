"""Preference tuning in a real run: adapters, 4-bit bases and whole models learn from pairs, beside others that learn from the answers."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from foreign_models import save_adapter
from in_process import cells_in_process
from letters_task import write_letters
from safetensors.torch import load_file
from tiny_models import save_model

from harness import BenchError, Run, load_run, run
from harness.data import load_splits
from harness.engine.models import load_skeleton, resolve_model
from harness.forecast.workload import measure_training
from harness.types import Strategy, Task

OTHERS = ["qlora:objective=dpo,beta=0.5", "full:objective=dpo,learning_rate=1e-4", "lora"]


def write(here: Path, *, pairs: int) -> None:
    rows = [{"prompt": f"where is card {i}", "chosen": f"card {i} is late", "rejected": "no idea" if i < pairs else ""} for i in range(40)]
    write_letters(here, rows)


def start(here: Path, strategies: list[str], **options: object) -> Run:
    with cells_in_process():
        return run(
            str(here / "letters.yaml"), strategies, model=str(here / "model"), runs_dir=here / "runs", dtype="float32", epochs=1, **options,
        )  # type: ignore[arg-type]  # fmt: skip


@pytest.fixture(scope="module")
def here(build_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    def build(folder: Path) -> None:
        write(folder, pairs=40)
        save_model(folder / "model", "llama", max_position_embeddings=512, spread=0.05)
        start(folder, ["dpo"])

    return build_once("preferences", build)


def check_training(done: Run, strategy: str) -> None:
    (result,) = [done.stored.results[cell.id] for cell in done.cells if cell.strategy == strategy]
    assert result.status == "done"
    training = result.training
    assert training is not None
    assert (training.objective, training.examples, training.preferences and training.preferences[1]) == ("dpo", 32, 4)
    assert training.best_validation_loss is not None and training.best_validation_loss < 0.694
    assert "preferences" in [note.code for note in result.notes]


def test_a_run_learns_from_pairs_and_says_so(here: Path) -> None:
    done = load_run("latest", runs_dir=here / "runs")
    check_training(done, "dpo")
    page = (done.path / "report.html").read_text(encoding="utf-8")
    assert "the preferred answer has become more likely relative to the rejected one in" in page
    assert "loss (per preference pair)" in page
    assert {example.rejected for example in done.stored.examples("letters")} == {None}
    stored = "".join(path.read_text() for path in done.path.rglob("*.json"))
    assert "no idea" not in stored, "training examples leave the run with its end"


@pytest.mark.soak
def test_other_methods_learn_from_pairs_beside_those_that_learn_the_answers(here: Path, tmp_path: Path) -> None:
    (tmp_path / "model").symlink_to(here / "model")
    write(tmp_path, pairs=40)
    done = start(tmp_path, OTHERS)
    for strategy in OTHERS[:2]:
        check_training(done, strategy)
    (result,) = [done.stored.results[cell.id] for cell in done.cells if cell.strategy == "lora"]
    assert result.training is not None and result.training.objective == "likelihood"
    page = (done.path / "report.html").read_text(encoding="utf-8")
    assert "loss (per preference pair)" in page and "loss (nats per target token)" in page


def test_a_training_goes_on_from_an_adapter_which_is_the_reference(here: Path, tmp_path: Path) -> None:
    (tmp_path / "model").symlink_to(here / "model")
    write(tmp_path, pairs=40)
    save_adapter(here / "model", tmp_path / "tuned", with_tokenizer=True)
    text = "name: onward\nmethod: peft\nstart_from: {path: tuned}\ntrain: {objective: dpo, learning_rate: 1e-3}\n"
    (tmp_path / "on.yaml").write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.api.requested_runs._write_report", lambda run: None)
        done = start(tmp_path, [str(tmp_path / "on.yaml")], base=False)
    (cell,) = done.cells
    check_training(done, "onward")
    files = done.stored.folder.cell(cell.id)
    assert files.training_curve()[0]["loss"] == pytest.approx(math.log(2), abs=1e-4), "before the first step, it is its own reference"
    begun, trained = (load_file(folder / "adapter_model.safetensors") for folder in (tmp_path / "tuned", files.artifact))
    changes = [float((trained[name] - begun[name]).abs().max()) for name in begun]
    assert begun.keys() == trained.keys() and 0 < max(changes) < 0.1, "it goes on, and does not begin anew"
    fields = json.loads((tmp_path / "tuned" / "adapter_config.json").read_text())
    assert done.stored.plan.strategies["onward"].adapter["r"] == fields["r"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("start_from: {path: tuned}\nadapter: {peft_type: LORA}", "'start_from' brings its own adapter"),
        ("start_from: {path: model}", "start_from needs an adapter, and this is a whole model"),
    ],
)
def test_a_start_that_cannot_be_used_is_refused(here: Path, tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "model").symlink_to(here / "model")
    write(tmp_path, pairs=40)
    save_adapter(here / "model", tmp_path / "tuned")
    (tmp_path / "on.yaml").write_text(f"name: onward\nmethod: peft\n{text}\ntrain: {{objective: dpo, learning_rate: 1e-3}}\n")
    with pytest.raises(BenchError) as caught:
        start(tmp_path, [str(tmp_path / "on.yaml")])
    assert problem in str(caught.value)


def test_data_without_pairs_is_one_clear_error(here: Path, tmp_path: Path) -> None:
    (tmp_path / "model").symlink_to(here / "model")
    write(tmp_path, pairs=0)
    with pytest.raises(BenchError, match=r"task 'letters': strategy 'dpo' has train\.objective: dpo, .*data\.fields\.rejected") as caught:
        start(tmp_path, ["dpo", "lora"])
    assert len(caught.value.problems) == 1
    with pytest.raises(BenchError, match=r"strategy 'dpo': a search and a race compare the likelihood"):
        start(here, ["dpo"], search=3)
    with pytest.raises(BenchError, match=r"privacy: strategy 'dpo' learns from preference pairs, in which no canary can be planted"):
        start(here, ["dpo"], canaries=2)


def test_a_forecast_knows_that_a_pair_is_two_sequences(here: Path) -> None:
    task = Task.model_validate(load_run("latest", runs_dir=here / "runs").stored.plan.tasks["letters"].model_dump())
    splits = load_splits(task.model_copy(update={"data": task.data.model_copy(update={"path": str(here / "letters.jsonl")})}), folder=here)
    skeleton = load_skeleton(resolve_model(str(here / "model")), labels=())
    work = {
        objective: measure_training(
            task, Strategy(name="s", method="full", train={"objective": objective}), skeleton, splits, 32, "cpu", "float32"
        )
        for objective in ("likelihood", "dpo")
    }
    assert work["dpo"].batch.rows == 2 * work["likelihood"].batch.rows == 16
    assert 1.8 < work["dpo"].tokens / work["likelihood"].tokens <= 2
    assert work["dpo"].validated_tokens == 2 * work["likelihood"].validated_tokens
    assert work["dpo"].reference_tokens > work["likelihood"].reference_tokens == 0, "the references are computed once"
