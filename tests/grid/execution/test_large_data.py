"""What a run holds of its examples while cells train: nothing, however many there are."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from pathlib import Path

from in_process import cells_in_process
from tiny_models import save_model

from harness import run
from harness.grid.execution.job import Job
from harness.types import Example


def test_the_examples_are_let_go_before_the_first_cell_and_read_again_by_a_search(tmp_path: Path) -> None:
    rows = "".join(f"where is card {i},card {i}\n" for i in range(400))
    (tmp_path / "letters.csv").write_text(f"input,target\n{rows}")
    data = "data: {path: letters.csv}\nmetrics: [rouge]\nprimary: rougeL\ndecode: {max_new_tokens: 2}\n"
    (tmp_path / "letters.yaml").write_text(f"name: letters\nkind: generation\n{data}")
    save_model(tmp_path / "model", "llama", max_position_embeddings=256)
    held = []

    def count(jobs: Sequence[Job]) -> None:
        gc.collect()
        held.append(sum(type(each) is Example for each in gc.get_objects()))

    gc.collect()
    before = sum(type(each) is Example for each in gc.get_objects())
    with cells_in_process(count):
        done = run(
            str(tmp_path / "letters.yaml"), ["full:epochs=1"], model=str(tmp_path / "model"), runs_dir=tmp_path / "runs", dtype="float32",
            search={"trials": 1}, base=False,
        )  # fmt: skip
    assert done.complete and len(held) > 1
    assert max(held) <= before, "of 400 examples, none is in memory"
