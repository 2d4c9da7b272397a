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
from harness.engine.models.folder_check import size_of
from harness.grid.planning.stored_weights import StoredWeights, predict_stored_weights
from harness.types import Strategy

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
