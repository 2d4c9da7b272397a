"""Weights that were removed to free disk space: the results stay verifiable, and nothing else may be missing."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from report_factory import Made, make_run, summarization

from harness.errors import BenchError
from harness.results import RunResults
from harness.store import CellFolder, RunFolder, pack_run, reuse_cell, verify_run

NOW = datetime(2026, 3, 31, 9, 30, tzinfo=UTC)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A finished run of which one cell has weights."""
    made = make_run(tmp_path / "run", [summarization([Made("base", 0.3), Made("lora", 0.9, 0, train_seconds=9)], rows=10)])
    cell = with_weights(made.folder)
    cell.artifact.mkdir()
    (cell.artifact / "adapter_model.safetensors").write_bytes(b"weights" * 100)
    (cell.artifact / "adapter_config.json").write_text("{}")
    cell.write_result(cell.result(), cell.predictions())
    made.folder.remove_working_files()
    made.folder.seal()
    return made.folder


def with_weights(run: RunFolder) -> CellFolder:
    return run.cell(next(cell.id for cell in run.plan().cells if cell.strategy == "lora"))


def test_a_run_without_its_weights_is_intact_and_says_what_was_removed(run: RunFolder) -> None:
    before = verify_run(run)
    with_weights(run).remove_weights(NOW)
    after = verify_run(run)
    assert after.is_intact and after.digest == before.digest and after.made_here == before.made_here
    (note,) = after.removed.values()
    assert (note.at, note.size) == ("2026-03-31T09:30:00+00:00", 702)
    assert after.files == before.files - 2 + 1, "without the two files, and with the note"
    assert RunResults(run).finished and not after.unchecked


def test_removal_that_was_interrupted_continues_and_restored_files_are_checked(run: RunFolder, tmp_path: Path) -> None:
    cell = with_weights(run)
    shutil.copytree(cell.artifact, tmp_path / "backup")
    cell.remove_weights(NOW)
    shutil.copytree(tmp_path / "backup", cell.artifact)
    (cell.artifact / "adapter_config.json").unlink()
    assert verify_run(run).is_intact, "as a killed process leaves it"
    (cell.artifact / "adapter_model.safetensors").write_bytes(b"others")
    assert [each.path.rsplit("/", 1)[-1] for each in verify_run(run).problems] == ["adapter_model.safetensors"]
    cell.remove_weights(datetime.now(UTC))
    (note,) = verify_run(run).removed.values()
    assert note.size == 702 and verify_run(run).is_intact, "the note of what was there at first"


def test_the_note_excuses_only_weights(run: RunFolder) -> None:
    cell = with_weights(run)
    cell.remove_weights(NOW)
    (cell.path / "predictions.parquet").unlink()
    assert [each.problem for each in verify_run(run).problems] == ["is missing"]
    with pytest.raises(BenchError, match=r"predictions\.parquet: is missing"):
        cell.predictions()


def test_without_the_note_weights_are_missing_and_a_damaged_note_is_named(run: RunFolder) -> None:
    cell = with_weights(run)
    cell.remove_weights(NOW)
    note = cell.path / "removed.json"
    content = note.read_text()
    note.write_text(content.replace("702", "703"))
    assert {each.path.rsplit("/", 1)[-1] for each in verify_run(run).problems} >= {"removed.json"}
    note.unlink()
    assert {each.problem for each in verify_run(run).problems} == {"is missing"}


def test_the_cell_is_reused_and_packed_with_its_note(run: RunFolder, tmp_path: Path) -> None:
    cell = with_weights(run)
    cell.remove_weights(NOW)
    other = CellFolder(tmp_path / "other" / "cells" / cell.path.name)
    reuse_cell(cell, other, cell.result())
    assert not other.list_damage() and other.removed_weights() == cell.removed_weights()
    pack_run(run, tmp_path / "run.zip", with_text=True, with_key=False, pages={}, describe=lambda _: "")
    shutil.unpack_archive(tmp_path / "run.zip", tmp_path / "unpacked")
    assert verify_run(RunFolder(tmp_path / "unpacked" / "run")).is_intact
