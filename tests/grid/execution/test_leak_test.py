"""The leak test of a real run: a small random model that is trained until it knows its examples by heart."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from in_process import cells_in_process
from tiny_models import save_model

from harness import BenchError, Run, load_run, run
from harness.results import EXPOSURE, EXTRACTION, RunResults
from harness.store import RunFolder, verify_run

STRATEGY = "full:epochs=12,learning_rate=1e-2"
TASK = """
name: letters
kind: generation
data: {path: letters.jsonl, fields: {input: question, target: answer}}
metrics: [rouge]
primary: rougeL
decode: {max_new_tokens: 8}
privacy: {canaries: 2, repeats: [1, 12], references: 63}
"""


def start(here: Path, **options: object) -> Run:
    """Run everything in this process: cells that take a second need none of their own."""
    with cells_in_process():
        return run(
            str(here / "letters.yaml"), STRATEGY, model=str(here / "model"), runs_dir=here / "runs", dtype="float32", **options,
        )  # type: ignore[arg-type]  # fmt: skip


@pytest.fixture(scope="module")
def here(build_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    def build(folder: Path) -> None:
        rows = [{"question": f"where is card {i}", "answer": f"card {i} has {'not ' * (i % 3)}arrived yet, wait"} for i in range(30)]
        (folder / "letters.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        (folder / "letters.yaml").write_text(TASK)
        save_model(folder / "model", "llama", max_position_embeddings=512, spread=0.05)
        start(folder)

    return build_once("leak-test", build)


@pytest.fixture(scope="module")
def leaky(here: Path) -> Run:
    return load_run("latest", runs_dir=here / "runs")


def test_a_model_that_knows_its_examples_by_heart_exposes_what_was_repeated(leaky: Run) -> None:
    """The untuned model is the control."""
    (results,) = RunResults(leaky.stored.folder).by_task.values()
    base, full = results.leak_tests
    assert (base.result.is_base, base.cells[0].seed, full.label) == (True, None, STRATEGY)
    assert base.score(EXTRACTION).value == 0
    repeated, once = (full.score(EXPOSURE, repeats).value or 0.0 for repeats in (12, 1))
    control = base.score(EXPOSURE, 12).value or 0.0
    assert repeated == full.highest == 6.0 and full.is_at_least(12)
    assert control < 4 and once <= repeated


def test_its_cells_are_no_part_of_the_grid(leaky: Run) -> None:
    assert [cell.strategy for cell in leaky.cells] == ["base", STRATEGY]
    assert [leaky.stored.plan.cell_label(cell) for cell in leaky.stored.plan.leak_cells] == [
        "base (leak test)", f"{STRATEGY} (leak test)",
    ]  # fmt: skip
    assert len(leaky.to_dict()["cells"]) == len(leaky.stored.results) == 2
    assert leaky.complete


def test_models_with_canaries_are_not_kept(leaky: Run) -> None:
    """Nothing that was trained on canaries can be predicted with, exported or promoted."""
    for cell in leaky.stored.plan.leak_cells:
        folder = leaky.stored.folder.cell(cell.id)
        names = {path.name for path in folder.path.iterdir()} - {folder.log.name}
        assert names == ({"cell.json"} if cell.seed is None else {"cell.json", "training.jsonl"})
        assert leaky.stored.leak_results[cell.id].artifact_bytes == 0


def test_the_run_is_intact_and_its_total_includes_the_leak_test(leaky: Run) -> None:
    assert verify_run(leaky.stored.folder).problems == ()
    results = RunResults(leaky.stored.folder)
    grid = sum(cost.seconds for result in results.results.values() for cost in result.costs)
    assert results.spent.seconds == pytest.approx(grid + results.spent_on_leak_test.seconds)
    assert results.spent_on_leak_test.seconds > 0


def test_cells_of_the_grid_are_reused_with_and_without_canaries(here: Path, tmp_path: Path) -> None:
    """Canaries are no part of the identity of a cell of the grid, and other canaries are another leak test."""
    plain = start_plan(here, canaries=0)
    planted = start_plan(here)
    assert plain.leak_cells == () and [cell.id for cell in plain.cells] == [cell.id for cell in planted.cells]
    assert plain.digest != planted.digest
    assert {cell.id for cell in start_plan(here, canaries=3).leak_cells}.isdisjoint(cell.id for cell in planted.leak_cells)


def start_plan(here: Path, **options: object):  # type: ignore[no-untyped-def]
    from harness.catalog import Catalog
    from harness.grid import make_plan, make_request, vocabulary

    values = {
        "tasks": [str(here / "letters.yaml")], "strategies": [STRATEGY], "models": [str(here / "model")],
        "dtype": "float32", **options,
    }  # fmt: skip
    return make_plan(make_request(values), Catalog(vocabulary(), here=here), command="test", here=here).plan


def test_an_interrupted_leak_test_is_resumed(here: Path, tmp_path: Path) -> None:
    """The cell that is missing is computed again with the same outcome, the others are kept."""
    shutil.copytree(here, tmp_path / "copy", dirs_exist_ok=True)
    stored = load_run("latest", runs_dir=tmp_path / "copy" / "runs").stored
    lost, kept = stored.plan.leak_cells[0], stored.plan.leak_cells[1]
    before = stored.leak_results[lost.id].leak
    untouched = stored.folder.cell(kept.id).result_file.stat().st_mtime_ns
    shutil.rmtree(stored.folder.cell(lost.id).path)
    stored.folder.seal_file.unlink()
    assert not load_run(stored.path).stored.finished
    resumed = start(tmp_path / "copy")
    assert resumed.path == stored.path and resumed.complete
    assert resumed.stored.leak_results[lost.id].leak == before
    assert stored.folder.cell(kept.id).result_file.stat().st_mtime_ns == untouched


def test_damage_to_a_result_is_found(here: Path, tmp_path: Path) -> None:
    shutil.copytree(here / "runs", tmp_path / "runs")
    stored = load_run("latest", runs_dir=tmp_path / "runs").stored
    file = stored.folder.cell(stored.plan.leak_cells[0].id).result_file
    file.write_text(file.read_text().replace('"rank": 1', '"rank": 2').replace('"extracted": false', '"extracted": true'))
    assert [problem.path for problem in verify_run(RunFolder(stored.path)).problems] == [f"cells/{file.parent.name}/cell.json"]
    with pytest.raises(BenchError, match=r"cell\.json"):
        _ = load_run("latest", runs_dir=tmp_path / "runs").stored.leak_results
