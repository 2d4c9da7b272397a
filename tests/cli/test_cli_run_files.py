"""`bench verify` and `bench pack`, and what becomes of a damaged file and of a run from another machine."""

from __future__ import annotations

import json
import shutil
import stat
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from harness import load_run
from harness.store import RunFolder

Call = Callable[..., Any]


@pytest.fixture
def run(made: Any, here: Path) -> Path:
    """A copy of the small run in `runs` of the working directory. `call` has another cache folder, and so is another machine."""
    return Path(shutil.copytree(made.folder, here / "runs" / made.folder.name))


def cell_of(run: Path, strategy: str) -> Path:
    return next(RunFolder(run).cell(cell.id).path for cell in RunFolder(run).plan().cells if cell.strategy == strategy)


def flip(file: Path, bit: int = 40_000) -> None:
    """Flip one bit."""
    content = bytearray(file.read_bytes())
    content[bit // 8 % len(content)] ^= 1 << bit % 8
    file.unlink()  # the file may be linked with another run's
    file.write_bytes(content)


# Verify


def test_intact_run_is_verified(run: Path, call: Call) -> None:
    ended = call("verify")
    assert (ended.code, ended.err) == (0, f"latest: {run.name}\n")
    assert "Intact: " in ended.out and "sha256 of the run: " in ended.out
    found = json.loads(call("verify", run.name, "--format", "json").out)
    assert found["intact"] and found["finished"] and not found["made_here"] and found["problems"] == []
    assert found["without_digest"] == []


def test_damage_is_named_and_the_exit_code_tells(run: Path, call: Call) -> None:
    flip(cell_of(run, "lora") / "artifact" / "adapter_model.safetensors")
    (run / "report.html").write_bytes((run / "report.html").read_bytes()[:-5])
    ended = call("verify")
    assert ended.code == 1
    first, second, summary = ended.out.splitlines()[:3]
    assert first.startswith("cells/") and "adapter_model.safetensors: is damaged: its sha256 is" in first
    assert second.startswith("report.html: is damaged") and summary.startswith("DAMAGED: 2 of ")
    found = json.loads(call("verify", "--format", "json").out)
    assert [problem["path"] for problem in found["problems"]] == [first.partition(":")[0], "report.html"]


def test_there_must_be_a_run_to_verify(call: Call) -> None:
    ended = call("verify", "no-run")
    assert (ended.code, ended.out) == (2, "") and "there is no run 'no-run'" in ended.err


# Readers refuse damage


def test_one_flipped_bit_in_weights_is_not_used(run: Path, call: Call, here: Path) -> None:
    weights = cell_of(run, "lora") / "artifact" / "adapter_model.safetensors"
    flip(weights, bit=8_000_000)  # among the numbers: the file still loads
    (here / "new.jsonl").write_text('{"input": "a new message"}\n')
    uses = [("predict", "--data", "new.jsonl"), ("export", "--out", "e"), ("export", "--merge", "--out", "e")]
    for arguments in (*uses, ("promote", "--force", "--reason", "a test", "--new-registry")):
        ended = call(arguments[0], run.name, "--strategy", "lora", *arguments[1:])
        assert (ended.code, ended.out) == (2, ""), arguments
        assert f"{weights.name}: is damaged: its sha256 is" in ended.err
    assert not (here / "e").exists() and not [*here.glob("registry/models/*/*/")]


@pytest.mark.parametrize("place", ["predictions.parquet", "cell.json"])
def test_one_flipped_bit_in_results_is_not_used(run: Path, call: Call, place: str) -> None:
    flip(cell_of(run, "lora") / place, bit=9_001)
    gate = ("gate", "--strategy", "lora", "--baseline", "latest:base", "--new-registry")
    for arguments in (("report",), ("compare", "latest", "--strategies", "base,lora"), gate):
        ended = call(*arguments)
        assert ended.code == 2 and f"{place}: is damaged" in ended.err, ended


def test_damaged_cell_runs_again_and_is_not_reused(made: Any, run: Path, call: Call) -> None:
    flip(cell_of(run, "base") / "predictions.parquet", bit=9_001)
    ended = call(*made.arguments)
    assert ended.code == 0, ended.err
    assert "lora seed 0: reused from" in ended.err and "base: reused" not in ended.err and "base: done" in ended.err
    again = Path(ended.out.splitlines()[-1])
    assert again.name != run.name and call("verify", again.name).code == 0
    # the same in the run that is resumed
    (again / "seal.json").unlink()
    flip(cell_of(again, "base") / "cell.json", bit=9_001)
    ended = call(*made.arguments)
    assert "base: runs again: " in ended.err and "cell.json: is damaged" in ended.err
    assert Path(ended.out.splitlines()[-1]).name == again.name and call("verify", again.name).code == 0


# Runs of other machines


def test_model_of_a_foreign_run_answers_again_before_it_is_promoted(run: Path, call: Call, here: Path) -> None:
    force = ("--force", "--reason", "a test")
    ended = call("promote", run.name, "--strategy", "base", "--new-registry", *force)
    assert ended.code == 0, ended.err
    assert f"{run.name} comes from another machine: its model has answered 24 test examples again here" in ended.err
    assert "The run holds 24 of the 300 test examples of 'classification' on this machine. On " in ended.err
    cell = RunFolder(run).cell(cell_of(run, "base").name)
    label = load_run(run).stored.examples("classification")[0].choices[0]
    cell.write_result(cell.result(), [replace(p, output=label, extracted=label) for p in cell.predictions()])
    RunFolder(run).seal()
    assert call("verify").code == 0, "digests do not reveal forgery"
    (here / ".cache" / "machine.key").unlink()
    ended = call("promote", run.name, "--strategy", "base", *force)
    assert (ended.code, ended.out) == (2, "")
    assert "comes from another machine, and its stored outputs are not those of its model" in ended.err


# Privacy


def test_only_the_user_can_read_a_run(made: Any) -> None:
    for path in [made.folder, *made.folder.rglob("*")]:
        if path.name not in (".lock", ".lock-holder"):
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 or path.is_dir(), path
    assert stat.S_IMODE(made.folder.stat().st_mode) == 0o700


def test_no_id_of_a_training_example_is_in_a_run(made: Any) -> None:
    rows = pq.read_table(made.folder / "data" / "classification.parquet").to_pylist()
    assert {row["split"] for row in rows if row["id"] is None} == {"train", "validation"}
    assert all(len(row["digest"]) == 64 for row in rows if row["id"] is None)


# Pack


def unpack(archive: Path, folder: Path) -> Path:
    with zipfile.ZipFile(archive) as file:
        file.extractall(folder)
    (run,) = folder.iterdir()
    return run


def test_packed_run_is_a_run(run: Path, call: Call, here: Path) -> None:
    ended = call("pack", "--out", "run.zip")
    assert (ended.code, ended.out) == (0, "run.zip\n")
    assert "trained weights: 5 files" in ended.err and "Left out:\n  key of the digests of training inputs:" in ended.err
    assert stat.S_IMODE((here / "run.zip").stat().st_mode) == 0o600
    copy = unpack(here / "run.zip", here / "received")
    assert (copy / "CONTENTS.txt").read_text() in ended.err
    assert not [*copy.rglob("log.txt"), *copy.rglob("salt.key")]
    checked = call("verify", str(copy))
    assert checked.code == 0 and "packed without: key of the digests of training inputs" in checked.out
    assert call("report", str(copy), "--format", "json", "--out", "-").code == 0
    ended = call("gate", str(copy), "--strategy", "lora", "--baseline", f"{copy}:base", "--new-registry")
    assert ended.code in (1, 3) and "packed without the key that recognizes its training inputs" in ended.out
    assert call("pack", "--out", "run.zip").code == 2, "nothing is overwritten"
    assert call("pack", "--out", "run.zip", "--with-key", "--force").code == 0
    assert [*unpack(here / "run.zip", here / "with-key").rglob("salt.key")]
    flip(cell_of(copy, "base") / "predictions.parquet", bit=9_001)
    assert call("verify", str(copy)).code == 1


def test_packed_run_without_texts_has_none(run: Path, call: Call, here: Path) -> None:
    assert call("pack", "--without-text", "--out", "run.zip").code == 0
    examples = load_run(run).stored.examples("classification")
    copy = unpack(here / "run.zip", here / "received")
    secrets = {text for e in examples for text in (e.id, *e.inputs.values())} | {e.inputs["input"][:30] for e in examples}
    for file in copy.rglob("*"):
        if file.is_file():
            content = str(pq.read_table(file).to_pylist()) if file.suffix == ".parquet" else file.read_text(errors="replace")
            assert not [secret for secret in secrets if secret in content], file
    assert not [*copy.rglob("*.safetensors")]
    assert call("verify", str(copy)).code == 0
    assert (copy / "report.html").read_text().lstrip().lower().startswith("<!doctype html>")
    ended = call("report", str(copy))
    assert ended.code == 2 and "was packed without texts, so nothing can be computed from it. Open " in ended.err
    assert call("pack", str(copy), "--out", "again.zip").code == 2


def test_packed_run_without_texts_names_no_folder_of_this_machine(call: Call, here: Path) -> None:
    folder = here / "wards of the north" / "notes"
    folder.mkdir(parents=True)
    rows = "".join(f"{i},note {i},the summary of note {i}\n" for i in range(40))
    (folder / "notes.csv").write_text(f"id,text,summary\n{rows}")
    task = f"name: notes\nkind: summarization\ndata: {{path: '{folder}/notes.csv', fields: {{input: text, target: summary}}}}\n"
    (folder / "notes.yaml").write_text(task)
    outputs = folder / "outputs.jsonl"
    outputs.write_text("".join(json.dumps({"id": str(i), "output": f"summary {i}"}) + "\n" for i in range(40)))
    ended = call("score", "--task", str(folder / "notes.yaml"), "--predictions", str(outputs))
    assert ended.code == 0, ended.err
    assert str(folder) in (Path(ended.out.splitlines()[-1]) / "run.json").read_text()
    assert call("pack", "--without-text", "--out", "run.zip").code == 0
    copy = unpack(here / "run.zip", here / "received")
    assert call("verify", str(copy)).code == 0
    for file in (file for file in copy.rglob("*") if file.is_file()):
        content = file.read_bytes().replace(b"\\/", b"/")
        assert not [name for name in (b"wards of the north", str(Path.home()).encode() + b"/") if name in content], file
    assert "notes.csv" in (copy / "run.json").read_text()


def test_damaged_run_is_not_packed(run: Path, call: Call, here: Path) -> None:
    flip(cell_of(run, "lora") / "artifact" / "tokenizer.json")
    ended = call("pack", "--out", "run.zip")
    assert (ended.code, ended.out) == (2, "") and "tokenizer.json: is damaged" in ended.err
    assert [path.name for path in here.iterdir() if path.name.startswith((".pack", "run."))] == []
