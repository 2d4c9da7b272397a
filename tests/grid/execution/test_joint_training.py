"""`--together`: LoRA cells of one base model train in one process, and each ends as it would alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from in_process import call_main, cells_in_process
from letters_task import write_letters
from tiny_models import save_model

from harness import Run, run
from harness.api.requested_runs import SilentListener
from harness.engine.tuning import JointSteps
from harness.reporting import note_sentence

STRATEGIES = ["lora", "lora:r=4,learning_rate=1e-2", "rslora", "qlora", "dora"]


def start(here: Path, strategies: list[str], **options: Any) -> Run:
    settings = {"runs_dir": here / "runs", "dtype": "float32", "epochs": 1, "base": False, "serving_seconds": 0} | options
    return run(str(here / "letters.yaml"), strategies, model=str(here / "model"), **settings)


def results(done: Run) -> dict[tuple[str, int | None], Any]:
    return {(cell.strategy, cell.seed): done.stored.results[cell.id] for cell in done.cells}


def texts(done: Run) -> dict[tuple[str, int | None], list[str]]:
    return {(cell.strategy, cell.seed): [each.output for each in done.stored.predictions(cell.id)] for cell in done.cells}


@pytest.fixture(scope="module")
def here(build_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """Data, a small model, and a run whose cells trained alone."""

    def build(folder: Path) -> None:
        rows = [{"input": f"where is card {i}" + " please" * (i % 5), "target": f"card {i} is late"} for i in range(40)]
        write_letters(folder, rows)
        save_model(folder / "model", "llama", max_position_embeddings=512, spread=0.05)
        with cells_in_process():
            start(folder, STRATEGIES, runs_dir=folder / "alone", seeds=2)

    return build_once("together", build)


@pytest.fixture(scope="module")
def alone(here: Path) -> Run:
    with cells_in_process():
        return start(here, STRATEGIES, runs_dir=here / "alone", seeds=2)


def test_cells_that_train_together_answer_as_those_that_train_alone(here: Path, alone: Run, tmp_path: Path) -> None:
    with cells_in_process():
        done = start(here, STRATEGIES, runs_dir=tmp_path, seeds=2, together=True)
    assert texts(done) == texts(alone)
    for key, result in results(done).items():
        solo = results(alone)[key]
        assert result.status == "done"
        assert result.training.trained_together == {"qlora": 2, "dora": 1}.get(key[0], 6)
        assert result.training.best_validation_loss == pytest.approx(solo.training.best_validation_loss, rel=1e-5)
        assert result.general_loss == pytest.approx(solo.general_loss, rel=1e-5)
        tokens, solo_tokens = ({cost.phase: cost.tokens for cost in each.costs} for each in (result, solo))
        assert tokens["train"] == solo_tokens["train"] and tokens["validate"] == solo_tokens["validate"]
        assert all(cost.seconds > 0 for cost in result.costs)
        notes = [note_sentence(each) for each in result.notes if each.code == "trained_together"]
        assert len(notes) == (key[0] != "dora") and all(
            "Trained together with other cells of the same base model" in note for note in notes
        )


class Told(SilentListener):
    """Keeps the events of cells, and interrupts the run when one has taken so many steps."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.kinds: list[str] = []
        self._stop_at = stop_at

    def event(self, event: Mapping[str, Any]) -> None:
        self.kinds.append(event["event"])
        if event["event"] == "progress" and event["unit"] == "steps" and event["done"] == self._stop_at:
            raise KeyboardInterrupt


def test_a_run_that_is_interrupted_while_cells_train_together_continues(
    here: Path, alone: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strategies = ["lora", "lora:r=4,learning_rate=1e-2", "qlora"]  # two of one group, and another group
    monkeypatch.setattr("harness.engine.tuning.loop.Checkpoints.due", lambda _: True)
    with cells_in_process():
        with pytest.raises(KeyboardInterrupt):
            start(here, strategies, runs_dir=tmp_path, seeds=2, together=True, listener=Told(stop_at=4))
        listener = Told()
        done = start(here, strategies, runs_dir=tmp_path, seeds=2, together=True, listener=listener)
    assert texts(done) == {key: text for key, text in texts(alone).items() if key in texts(done)}
    assert listener.kinds.count("trained") == 6 and listener.kinds.count("exit") == 6
    counts = {key: result.training.trained_together for key, result in results(done).items()}
    assert counts == {key: 2 if key[0] == "qlora" else 4 for key in counts}


def test_cells_whose_joint_training_fails_train_alone(here: Path, alone: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []

    def take(steps: JointSteps, requests: Any) -> Any:
        taken.append(len(requests))
        raise ValueError("trainings cannot share the passes of this model")

    monkeypatch.setattr(JointSteps, "take", take)
    listener = Told()
    with cells_in_process():
        done = start(here, STRATEGIES[:2], runs_dir=tmp_path, together=True, listener=listener)
    assert taken == [2] and listener.kinds.count("apart") == 2 and "trained" not in listener.kinds
    assert [result.training.trained_together for result in results(done).values()] == [1, 1]
    assert texts(done) == {key: text for key, text in texts(alone).items() if key in texts(done)}


def test_processes_of_cells_that_train_together_end_and_leave_nothing(here: Path, alone: Run, tmp_path: Path) -> None:
    listener = Told()
    done = start(here, STRATEGIES[:2], runs_dir=tmp_path, together=True, listener=listener)  # in processes of their own
    assert texts(done) == {key: text for key, text in texts(alone).items() if key in texts(done)}
    assert [result.training.trained_together for result in results(done).values()] == [2, 2]
    assert listener.kinds.count("trained") == 2 and listener.kinds.count("start") == 4 and listener.kinds.count("exit") == 2


def test_the_command_line_shows_what_trained_together(here: Path, tmp_path: Path) -> None:
    arguments = ["run", "--task", str(here / "letters.yaml"), "--model", str(here / "model"), "--strategies", "lora", "--seeds", "2"]
    options = ["--no-base", "--epochs", "1", "--together", "--dtype", "float32"]
    code, _, err = call_main([*arguments, *options], here=tmp_path, env={"BENCH_CACHE_DIR": str(tmp_path / "cache")})
    assert code == 0, err
    assert err.count("Trained together with other cells of the same base model (2 in all)") == 2
    ledger = tmp_path / "cache" / "forecasts.jsonl"
    assert not ledger.exists(), "no forecast speaks of trainings that share their steps"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--devices-per-cell", "2"], "--together trains several cells on one device, and --devices-per-cell 2 one cell on several."),
        (["--executor", "ray"], "--together trains cells in one process of this machine, and --executor ray on a cluster."),
    ],
)
def test_what_cannot_train_together_is_refused(here: Path, tmp_path: Path, options: list[str], message: str) -> None:
    arguments = [
        "run",
        "--task",
        str(here / "letters.yaml"),
        "--model",
        str(here / "model"),
        "--strategies",
        "lora",
        "--together",
        *options,
    ]
    code, _, err = call_main(arguments, here=tmp_path, env={"BENCH_CACHE_DIR": str(tmp_path / "cache")})
    assert code == 2 and message in " ".join(err.split())
    assert not list(tmp_path.glob("runs/*/run.json"))
