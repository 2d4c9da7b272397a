"""One real run, and what the same command does next."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from harness import load_run
from harness.api import open_catalog, stored_request
from harness.cli.progress import RunDisplay
from harness.grid import make_plan
from harness.store import RunFolder
from tests.foreign import edit_json

Call = Callable[..., Any]


@pytest.fixture
def runs(made: Any, here: Path) -> Path:
    """A copy of the small run in `runs` of the working directory."""
    shutil.copytree(made.folder, here / "runs" / made.folder.name)
    return here / "runs"


def cells_of(folder: Path) -> dict[str, Path]:
    """The cells of a run by strategy."""
    return {json.loads(f.read_text())["cell"]["strategy"]: f.parent for f in folder.glob("cells/*/cell.json")}


def interrupted(runs: Path, name: str, digest: str | None = None) -> Path:
    """A copy of the run that looks as if it had been killed before its lora cell ended."""
    whole = next(folder for folder in runs.iterdir() if "lora" in cells_of(folder))
    folder = Path(shutil.copytree(whole, runs / name))
    (cells_of(folder)["lora"] / "cell.json").unlink()
    (folder / "report.html").unlink()
    return folder


def last(out: str) -> Path:
    return Path(out.splitlines()[-1])


# -------------------------------------------------------------------------------------------------------------- one run


def test_standard_output_is_only_the_folder(made: Any) -> None:
    assert re.fullmatch(r"runs/\d{8}-\d{6}-classification-[0-9a-f]{8}\n", made.ended.out)
    assert made.folder.is_dir()


def test_progress_is_on_standard_error_as_plain_lines(made: Any) -> None:
    err = made.ended.err
    for text in ("2 cells", "24 train, 24 validation, 24 test", "classification · base: predict", "classification · lora seed 0: train"):
        assert text in err
    assert "lora seed 0: done after" in err
    assert "macro_f1" in err, "the table of results"
    assert f"{made.folder.name}/report.html" in err
    assert "\x1b" not in err
    assert "Traceback" not in err
    assert "Warning" not in err, "what libraries have to say goes to the cell's log"


def test_layout_of_the_run_folder(made: Any) -> None:
    folder, cells = made.folder, cells_of(made.folder)
    assert {f.name for f in folder.iterdir()} == {"run.json", "data", "cells", "seal.json", "report.html", ".lock"}
    assert {f.name for f in cells["base"].iterdir()} == {"cell.json", "predictions.parquet", "log.txt"}
    assert {f.name for f in cells["lora"].iterdir()} == {"cell.json", "predictions.parquet", "log.txt", "training.jsonl", "artifact"}
    artifact = {f.name for f in (cells["lora"] / "artifact").iterdir()}
    assert {"adapter_model.safetensors", "adapter_config.json", "README.md"} <= artifact
    assert not {f for f in artifact if f.endswith((".bin", ".pt", ".pth", ".pkl"))}
    assert not [f for f in folder.rglob("*") if f.name.endswith(".part")]


def test_no_training_text_is_in_the_folder(made: Any) -> None:
    run = load_run(made.folder).stored
    rows = pq.read_table(made.folder / "data" / "classification.parquet").to_pylist()
    assert {split: sum(r["split"] == split for r in rows) for split in ("train", "validation", "test")} == dict.fromkeys(
        ("train", "validation", "test"), 24
    )
    assert all((row["inputs"] is not None) == (row["split"] == "test") for row in rows)
    splits = make_plan(stored_request(run), open_catalog(), command="test").splits["classification"]
    stored = {f: f.read_bytes() for f in made.folder.rglob("*") if f.is_file() and f.suffix != ".parquet"}
    texts = {e.inputs["input"] for e in splits.train} - {e.inputs["input"] for e in splits.test}
    assert texts
    for text in texts:
        assert not [f for f, content in stored.items() if text.encode() in content]


def test_json_for_programs(made: Any, call: Call) -> None:
    ended = call("report", str(made.folder), "--format", "json", "--out", "-")
    assert (ended.code, ended.err) == (0, "")
    run = json.loads(ended.out)
    assert run["run"] == made.folder.name
    base, lora = run["cells"]
    assert [(c["task"], c["model"], c["strategy"], c["train_size"], c["seed"], c["status"]) for c in run["cells"]] == [
        ("classification", "tiny", "base", 0, None, "done"),
        ("classification", "tiny", "lora", 24, 0, "done"),
    ]
    for cell in (base, lora):
        assert {"accuracy", "balanced_accuracy", "macro_precision", "macro_recall", "macro_f1", "weighted_f1"} <= cell["scores"].keys()
        score = cell["scores"]["accuracy"]
        assert {"value", "low", "high", "n"} <= score.keys()
        assert 0 <= score["low"] <= score["value"] <= score["high"] <= 1
        assert score["n"] == 24
    assert list(base["costs"]) == ["load", "predict", "score"]
    assert list(lora["costs"]) == ["load", "train", "validate", "store", "predict", "score"]
    for phase in lora["costs"].values():
        assert phase["seconds"] > 0
        assert phase["price"] == pytest.approx(phase["seconds"] * 3.6 / 3600)
    assert lora["costs"]["train"]["tokens"] > 0
    total = lora["total_cost"]
    assert total["seconds"] == pytest.approx(sum(p["seconds"] for p in lora["costs"].values()))
    assert 0 < lora["parameters"]["trainable"] < lora["parameters"]["total"]
    assert lora["artifact_bytes"] > 0


def test_report_is_written_to_the_given_path(runs: Path, call: Call, here: Path) -> None:
    (folder,) = runs.iterdir()
    before = (folder / "report.html").read_text()
    (folder / "report.html").unlink()
    ended = call("report")
    assert (ended.code, last(ended.out).resolve()) == (0, (folder / "report.html").resolve())
    assert (folder / "report.html").read_text() == before
    assert before.lstrip().lower().startswith("<!doctype html>")
    call("report", folder.name, "--out", "mine.html")
    assert (here / "mine.html").read_text() == before
    call("report", "latest", "--format", "json", "--out", "mine.json")
    assert json.loads((here / "mine.json").read_text())["run"] == folder.name
    for out, hint in (("none/x.html", "the folder none does not exist"), ("runs", "runs is a folder"), (".", ". is a folder")):
        ended = call("report", "--out", out)
        assert ended.code == 2
        assert hint in ended.err


# ---------------------------------------------------------------------------------------------------------- and once more


def test_same_command_reuses_every_cell_of_the_finished_run(made: Any, runs: Path, call: Call) -> None:
    (first,) = runs.iterdir()
    ended = call(*made.arguments)
    assert ended.code == 0
    assert f"classification · base: reused from {first.name}" in ended.err
    assert f"classification · lora seed 0: reused from {first.name}" in ended.err
    assert ": train" not in ended.err
    second = last(ended.out)
    assert second.name != first.name
    assert load_run(second).to_dict()["cells"] == load_run(first).to_dict()["cells"]
    assert (second / "report.html").is_file()
    assert not (second / "work").exists()


def test_reused_cells_do_not_depend_on_their_source(made: Any, runs: Path, call: Call) -> None:
    (first,) = runs.iterdir()
    second = last(call(*made.arguments).out)
    shutil.rmtree(first)
    assert [c["status"] for c in load_run(second).to_dict()["cells"]] == ["done", "done"]
    assert (cells_of(second)["lora"] / "artifact" / "adapter_model.safetensors").stat().st_size > 0


def test_interrupted_run_is_resumed(made: Any, runs: Path, call: Call) -> None:
    folder = interrupted(runs, "interrupted")
    ended = call(*made.arguments)
    assert ended.code == 0
    assert ended.out == "runs/interrupted\n"
    assert "Resuming runs/interrupted" in ended.err
    assert "lora seed 0: reused from" in ended.err, "the other run has that cell"
    assert "base: reused" not in ended.err, "this one had its base already"
    assert (folder / "report.html").is_file()
    assert not (folder / "work").exists()


def test_new_starts_a_new_run(made: Any, runs: Path, call: Call) -> None:
    folder = interrupted(runs, "interrupted")
    ended = call(*made.arguments, "--new")
    assert ended.code == 0
    assert last(ended.out).name not in {"interrupted", made.folder.name}
    assert not (folder / "report.html").exists()


@pytest.mark.parametrize("with_options", [False, True], ids=["alone", "with the whole command"])
def test_resume_resumes_the_named_run(made: Any, runs: Path, call: Call, with_options: bool) -> None:
    folder = interrupted(runs, "older")
    interrupted(runs, "newer")
    ended = call(*(made.arguments if with_options else ("run",)), "--resume", "older")
    assert (ended.code, ended.out) == (0, "runs/older\n")
    assert (folder / "report.html").is_file()
    assert not (runs / "newer" / "report.html").exists()


def test_resume_ignores_no_other_option(made: Any, runs: Path, call: Call) -> None:
    interrupted(runs, "older")
    ended = call(*made.arguments, "--resume", "older", "--epochs", "2")
    assert ended.code == 2
    assert "older: cannot be resumed, because the data, the model, the tasks, the strategies or the versions have changed" in ended.err
    ended = call("run", "--resume", "older", "--epochs", "2")
    assert ended.code == 2
    assert "--resume RUN takes no other options, or all options that the run was started with" in ended.err


def test_runs_dir_can_be_chosen(made: Any, runs: Path, call: Call, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs.rename(here / "by variable")
    monkeypatch.setenv("BENCH_RUNS_DIR", "by variable")
    assert last(call(*made.arguments).out).parent.name == "by variable"
    assert json.loads(call("report", "--format", "json", "--out", "-").out)["cells"]
    (here / "by variable").rename(here / "by option")
    assert last(call(*made.arguments, "--runs-dir", "by option").out).parent.name == "by option"
    assert sorted(f.name for f in here.iterdir() if f.name != ".cache") == ["by option"], "an option wins over the variable"


def test_seeds_multiply_only_cells_that_train(made: Any) -> None:
    run = load_run(made.folder).stored
    cells = make_plan(replace(stored_request(run), seeds=2), open_catalog(), command="test").plan.cells
    assert [(c.strategy, c.seed) for c in cells] == [("base", None), ("lora", 0), ("lora", 1)]
    assert len({c.id for c in cells}) == 3
    assert [c.id for c in cells[:2]] == [c.id for c in run.cells], "cells that were there can be reused"


def test_failed_cell_is_a_result_and_exits_with_1(quick_bench: Call, tmp_path: Path) -> None:
    """The prompt works on the first test example, which the plan tries, but not on the second."""
    (tmp_path / "mine.yaml").write_text(
        "name: mine\nkind: classification\ndata: {path: {train: train.csv, test: test.csv}}\nprompt: '{{ input[20] }}'\n"
    )
    rows = "".join(f"a text that is long enough {i},{'ab'[i % 2]}\n" for i in range(20))
    (tmp_path / "train.csv").write_text("input,target\n" + rows)
    (tmp_path / "test.csv").write_text("input,target\nanother text that is long enough,a\nshort,b\n")
    ended = quick_bench("run", "--task", "mine.yaml", "--strategies", "base", here=tmp_path)
    assert ended.code == 1, ended
    assert "mine · base: failed" in ended.err
    assert "the prompt cannot be rendered" in ended.err
    folder = tmp_path / ended.out.strip()
    (cell,) = json.loads(quick_bench("report", "--format", "json", "--out", "-", here=tmp_path).out)["cells"]
    assert cell["status"] == "failed"
    assert "the prompt cannot be rendered" in cell["error"]
    assert cell["scores"] == {}
    assert (folder / "report.html").is_file()
    assert "Traceback" in (next(folder.glob("cells/*/log.txt"))).read_text()


def test_control_characters_in_data_are_escaped(runs: Path) -> None:
    (folder,) = runs.iterdir()
    warnings = ["label '\x1b[31m\x07' [bold]x[/bold] :smile: is new"]
    edit_json(folder / "run.json", lambda plan: plan["data"]["classification"].update(warnings=warnings))
    screen = io.StringIO()
    RunDisplay(Console(file=screen, highlight=False, emoji=False)).started(RunFolder(folder), resumed=True)
    assert "label '\\x1b[31m\\x07' [bold]x[/bold] :smile: is new" in screen.getvalue()
    assert "\x1b" not in screen.getvalue()


def test_cell_of_a_lost_machine_is_shown_as_running_again(runs: Path) -> None:
    (folder,) = runs.iterdir()
    screen = io.StringIO()
    display = RunDisplay(Console(file=screen, highlight=False, emoji=False), on_cluster=True)
    display.started(RunFolder(folder), resumed=True)
    display.event({"event": "lost", "cell": cells_of(folder)["lora"].name, "reason": "the node that ran it is gone"})
    assert "lora seed 0: runs again: the node that ran it is gone" in screen.getvalue()


def test_cells_that_train_together_are_shown_with_what_is_left(runs: Path) -> None:
    (folder,) = runs.iterdir()
    cell = cells_of(folder)["lora"].name
    screen = io.StringIO()
    display = RunDisplay(Console(file=screen, highlight=False, emoji=False))
    display.started(RunFolder(folder), resumed=True)
    for event in ({"event": "start", "together": 3}, {"event": "trained", "together": 3}, {"event": "apart", "reason": "no memory"}):
        display.event({"cell": cell, **event})
    assert "lora seed 0: trained together with 2 others\n" in screen.getvalue()
    assert "lora seed 0: trains alone: no memory\n" in screen.getvalue()


def test_forgetting_is_measured_and_reported(made: Any) -> None:
    from harness import load_run

    run = load_run(made.folder).stored
    by_strategy = {cell.strategy: run.results[cell.id] for cell in run.cells}
    assert by_strategy["base"].general_loss is None, "nothing was tuned"
    before, after = by_strategy["lora"].general_loss
    assert before > 0 and after > 0 and before != after
    sentence = f"LoRA {before:.3f} → {after:.3f} ({'+' if after > before else '−'}{abs(after - before):.3f})"
    assert sentence in made.ended.err
    assert sentence in (made.folder / "report.html").read_text()
    (lora,) = (cell for cell in load_run(made.folder).to_dict()["cells"] if cell["strategy"] == "lora")
    assert lora["general_loss"] == {"before": before, "after": after, "forgetting": after - before}


def test_resuming_takes_consent_to_remote_code_from_this_command_line(made: Any, runs: Path, call: Call) -> None:
    """A stranger's run.json may say that its code is trusted."""
    folder = interrupted(runs, "older")

    def trust(plan: Any) -> None:
        plan["options"]["request"]["trust_remote_code"] = plan["options"]["trust_remote_code"] = True

    edit_json(folder / "run.json", trust)
    ended = call("run", "--resume", "older")
    assert ended.code == 2
    assert ended.err.startswith("error: runs/older: was started with --trust-remote-code, which lets Python code of its models")
    assert ended.err.endswith("allow it again: --trust-remote-code.\n")
    assert not (folder / "report.html").exists()
