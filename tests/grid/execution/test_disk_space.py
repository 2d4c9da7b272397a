"""A run whose weights do not fit on the disk is refused before anything is trained or written."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from in_process import cells_in_process
from tiny_models import save_model

from harness import BenchError, Run, run
from harness.catalog import Catalog
from harness.engine.models.folder_check import size_of
from harness.grid import check_disk_of_plan, make_plan, make_request, vocabulary
from harness.grid.planning.stored_weights import StoredWeights, predict_stored_weights
from harness.store import create_run
from harness.types import DiskForecast, Strategy

TASK = """
name: letters
kind: generation
data: {path: letters.jsonl, fields: {input: question, target: answer}}
metrics: [rouge]
primary: rougeL
decode: {max_new_tokens: 4}
"""


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    """Runs `full` and `lora` on a small model, with so many bytes free on the disk."""
    rows = [{"question": f"where is card {i}", "answer": f"card {i}"} for i in range(30)]
    (tmp_path / "letters.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "letters.yaml").write_text(TASK)
    save_model(tmp_path / "model", "llama", max_position_embeddings=256)

    def _start(free: int, strategies: str = "full,lora", **options: Any) -> Run:
        monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=free) if Path(folder).is_dir() else None)
        with cells_in_process():
            return run(
                str(tmp_path / "letters.yaml"), strategies.split(","), model=str(tmp_path / "model"), runs_dir=tmp_path / "deep" / "runs",
                dtype="float32", epochs=1, limit=8, base=False, **options,
            )  # fmt: skip

    return _start


def needed(error: BenchError) -> float:
    """The bytes that the message says are needed."""
    size = re.search(r"needs about ([\d.]+) MB", str(error))
    assert size is not None, error
    return float(size[1]) * 1e6


def test_a_full_disk_is_an_error_with_the_folder_the_needed_and_the_free_space(start: Callable[..., Run], tmp_path: Path) -> None:
    with pytest.raises(BenchError) as refused:
        start(1_234_567)
    message = str(refused.value)
    assert message.startswith(f"{tmp_path / 'deep' / 'runs'}: this run needs about ") and "1.2 MB are free" in message
    assert re.search(r"trained weights: [\d.]+ MB, checkpoints: [\d.]+ MB, outputs: ", message) and 'runs_dir="DIR"' in message
    assert not (tmp_path / "deep").exists(), "nothing was written"
    enough = round(needed(refused.value) + 1e5)
    done = start(enough)
    assert done.complete
    stored = sum(size_of(done.stored.folder.cell(cell.id).artifact) for cell in done.cells)
    assert stored < needed(refused.value)
    assert start(1000).complete, "cells that are reused take no space"
    with pytest.raises(BenchError, match="this run needs about"):
        start(1000, reuse=False, new=True)


def test_a_whole_model_takes_the_bytes_of_its_number_format_and_an_adapter_those_of_float32() -> None:
    full, lora = (
        Strategy(name="full", method="full", train={}),
        Strategy(name="lora", method="peft", adapter={"peft_type": "LORA"}, train={}),
    )
    assert predict_stored_weights(full, "decoder", "bfloat16", 7_000, 7_000) == StoredWeights(14_000, 224_000)
    assert predict_stored_weights(full, "encoder", "bfloat16", 7_000, 7_000).artifact == 28_000
    assert predict_stored_weights(lora, "decoder", "bfloat16", 7_000, 40) == StoredWeights(160, 1280)
    assert predict_stored_weights(Strategy(name="base", method="prompt"), "decoder", "float32", 7_000, 7_000) == StoredWeights(0, 0)


@pytest.fixture
def forecast(tmp_path: Path) -> Callable[..., DiskForecast]:
    """The forecast for a plan of the shipped task `qa` on 30 examples."""

    def _forecast(strategies: str, *, together: bool = False, **values: Any) -> DiskForecast:
        request = make_request({"tasks": "qa", "strategies": strategies.split(","), "limit": 30, "base": False, **values})
        planned = make_plan(request, Catalog(vocabulary(), here=tmp_path), command="test", here=tmp_path)
        return check_disk_of_plan(planned, tmp_path / "runs", jobs=1, devices_per_cell=1, together=together)

    return _forecast


def test_the_leak_test_keeps_no_weights_but_needs_room_for_them(forecast: Callable[..., DiskForecast]) -> None:
    alone, tested = forecast("full"), forecast("full", canaries=2)
    assert tested.weights == alone.weights and tested.checkpoints == alone.checkpoints + alone.weights


def test_cells_that_train_together_have_checkpoints_at_the_same_time(forecast: Callable[..., DiskForecast]) -> None:
    """Nine seeds of one strategy train in groups of four and five, and keep them until they answer; another strategy trains alone."""
    one, full, together = forecast("lora"), forecast("full"), forecast("lora", seeds=9, together=True)
    assert together.checkpoints == 9 * one.checkpoints and forecast("lora", seeds=9).checkpoints == one.checkpoints
    assert forecast("lora,full", seeds=2, together=True).checkpoints == 2 * one.checkpoints + full.checkpoints


def test_a_search_needs_room_for_the_states_of_its_trials(forecast: Callable[..., DiskForecast]) -> None:
    """Of 8 trials, 5 come first, and have a state at the same time; of these and later ones, the 3 best keep theirs."""
    alone, searched = forecast("full"), forecast("full", search={"trials": 8})
    state = alone.checkpoints // 2
    assert (searched.trials, searched.checkpoints, searched.weights) == (5 * state, state, 0), "the grid has no weights yet"
    raced = forecast("full,lora,qlora", search=None, race=0.05)
    assert raced.trials == 0 and raced.weights > alone.weights, "one trial of each takes less than the grid"


def test_the_largest_value_of_a_search_counts(forecast: Callable[..., DiskForecast]) -> None:
    searched, largest = forecast("lora", search={"trials": 1, "fields": {"r": [64, 4]}}), forecast("lora:r=64")
    assert (searched.weights, searched.checkpoints) == (largest.weights, largest.checkpoints)


def test_what_an_interrupted_run_has_written_is_not_counted_twice(tmp_path: Path, forecast: Callable[..., DiskForecast]) -> None:
    before = forecast("full", search={"trials": 8})
    request = make_request({"tasks": "qa", "strategies": ["full"], "limit": 30, "base": False, "search": {"trials": 8}})
    planned = make_plan(request, Catalog(vocabulary(), here=tmp_path), command="test", here=tmp_path)
    interrupted = create_run(tmp_path / "runs", planned.plan)
    interrupted.write_plan(planned.plan)
    state = interrupted.path / "trials" / "part" / "weights.safetensors"
    state.parent.mkdir(parents=True)
    state.write_bytes(bytes(5_000))
    after = forecast("full", search={"trials": 8})
    assert after.held == 5_000 and after.needed == before.needed - 5_000
