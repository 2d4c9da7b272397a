"""`bench predict`: it repeats what the run stored for every method and model shape, and refuses damaged runs."""

from __future__ import annotations

import csv
import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from finished_runs import DECODER_STRATEGIES, OTHER_RUNS, TASKS, Finished, edit

from harness import load_run
from harness.engine.inference import Predictor
from harness.engine.models.resolve import TINY
from tests.foreign import edit_json, renew_digest

Call = Callable[..., Any]


def rows_of(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def predict_again(call: Call, finished: Finished, task: str, strategy: str, *options: str) -> Any:
    return call("predict", finished.folder, "--strategy", strategy, "--task", task, "--data", str(finished.data[task]), *options)


def assert_same_as_stored(finished: Finished, ended: Any, task: str, strategy: str, model: str) -> None:
    """Ids, texts and labels are equal, probabilities to 1e-6."""
    assert ended.code == 0, ended.err
    stored = finished.run.predictions(finished.cell(strategy, task, model).name)
    labels = finished.run.examples(task)[0].choices
    rows = rows_of(ended.out)
    assert [(row["id"], row["output"]) for row in rows] == [(p.example_id, p.output) for p in stored]
    for row, prediction in zip(rows, stored, strict=True):
        if labels:
            assert row["label"] == prediction.extracted
            assert list(row["probabilities"]) == list(labels)
            total = sum(math.exp(value) for value in prediction.label_logprobs)
            expected = [math.exp(value) / total for value in prediction.label_logprobs]
            assert list(row["probabilities"].values()) == pytest.approx(expected, rel=1e-6, abs=1e-6)
        else:
            assert (row["answer"], row["finish"]) == (prediction.answer, prediction.finish)


@pytest.mark.parametrize("strategy", DECODER_STRATEGIES)
@pytest.mark.parametrize("task", TASKS)
def test_predict_repeats_the_stored_outputs_of_a_decoder(finished: Finished, call: Call, task: str, strategy: str) -> None:
    ended = predict_again(call, finished, task, strategy)
    assert_same_as_stored(finished, ended, task, strategy, "tiny")
    assert f"{task} · {strategy} · tiny" in ended.err


@pytest.mark.parametrize(
    ("shape", "model", "strategy"),
    [(shape, model, strategy) for shape, (_, models, strategies) in OTHER_RUNS.items() for model in models for strategy in strategies],
)
def test_predict_repeats_the_stored_outputs_of_other_shapes(
    other_shapes: dict[str, Finished], call: Call, shape: str, model: str, strategy: str
) -> None:
    finished, task = other_shapes[shape], OTHER_RUNS[shape][0]
    base = finished.run.path.parents[1] / model
    ended = predict_again(call, finished, task, strategy, "--model", model, "--model-path", str(base))
    assert_same_as_stored(finished, ended, task, strategy, model)


def test_the_strategies_of_the_runs_differ(finished: Finished, other_shapes: dict[str, Finished]) -> None:
    """Otherwise the tests above would pass with the base model alone."""
    cells = [finished.cell(strategy, "labels") for strategy in DECODER_STRATEGIES]
    likelihoods = {finished.run.predictions(cell.name)[0].label_logprobs[0] for cell in cells}
    assert len({round(value, 2) for value in likelihoods}) == len(DECODER_STRATEGIES)
    encoder = other_shapes["encoder"]
    strategies = OTHER_RUNS["encoder"][2]
    logprobs = {encoder.run.predictions(encoder.cell(s, "labels", "bert").name)[0].label_logprobs[0] for s in strategies}
    assert len({round(value, 3) for value in logprobs}) == len(strategies)


def test_csv_output_contains_no_formulas(finished: Finished, call: Call, here: Path) -> None:
    strange = "\u202e ünïcode 🩺 <script>"
    rows = [("=1+1", "a cough"), ("-2", "=cmd|' /C calc'!A0 \x1b[31m"), ("@x", strange), ("+3", "word " * 3000), ("ok", '"')]
    with (here / "new.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("name", "text"), *rows])
    arguments = ("--task", "labels", "--data", "new.csv", "--out", "out.csv", "--field", "input=text", "--id", "name")
    ended = call("predict", finished.folder, "--strategy", "lora", *arguments)
    assert (ended.code, ended.out) == (0, "out.csv\n"), ended.err
    assert "1 of 5 inputs were too long and lost their end" in ended.err
    with (here / "out.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    assert [row["id"] for row in found] == ["'=1+1", "'-2", "'@x", "'+3", "ok"]
    assert [row["truncated"] for row in found] == ["false", "false", "false", "true", "false"]
    chances = [float(value) for name, value in found[0].items() if name.startswith("probability of ")]
    assert sum(chances) == pytest.approx(1)
    assert found[0][f"probability of {found[0]['label']}"] == str(max(chances))


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--strategy", "lora"], "'lora' has 2 cells with results. Choose one with --task TASK (labels, notes)"),
        (["--strategy", "lorra", "--task", "notes"], "no cell with the strategy 'lorra'. Did you mean 'lora'"),
        (["--strategy", "lora", "--task", "note"], "no cell with the task 'note'. Did you mean 'notes'"),
        (["--strategy", "lora", "--task", "notes", "--model", "big"], "no cell with the model 'big'. Known: tiny."),
        (["--strategy", "lora", "--task", "notes", "--train-size", "9"], "no cell with the training size '9'. Known: 6."),
        (["--strategy", "lora", "--task", "notes", "--seed", "3"], "'lora' has no cell with the seed 3. Known: 0."),
        (["--strategy", "lora", "--task", "notes", "--data", "none.csv"], "none.csv: no such file"),
        (["--strategy", "lora", "--task", "notes", "--data", "other.csv"], "other.csv: "),
        (["--strategy", "lora", "--task", "notes", "--data", "other.csv", "--input", "txt"], "no column 'txt' for 'input'"),
        (["--strategy", "lora", "--task", "notes", "--data", "empty.csv"], "empty.csv: the file is empty"),
        (["--strategy", "lora", "--task", "notes", "--out", "x.xlsx"], "must end in .jsonl or .csv"),
        (["--strategy", "lora", "--task", "notes", "--out", "none/x.csv"], "the folder none does not exist"),
        (["--strategy", "lora", "--task", "notes", "--out", "other.csv"], "already exists: name another file, or replace it with --force"),
        (["--strategy", "lora", "--task", "notes", "--data", "other.csv", "--out", "other.csv", "--force"], "holds the examples to answer"),
        (["--strategy", "lora", "--task", "notes", "--model-path", "none"], "there is no model 'none'"),
        (["--task", "notes"], "name the model: --strategy NAME of the run, or --champion TASK for the one in service"),
        (["--strategy", "lora", "--task", "notes", "--limit", "0"], "0 is not in the range x>=1"),
        (["--strategy", "lora", "--champion", "notes"], "--champion is one model: leave out RUN, --strategy"),
    ],
)
def test_predict_reports_a_problem_in_one_message(finished: Finished, call: Call, here: Path, arguments: list[str], hint: str) -> None:
    (here / "other.csv").write_text("texts,x\na,b\n")
    (here / "empty.csv").write_text("")
    data = [] if "--data" in arguments else ["--data", str(finished.data["notes"])]
    ended = call("predict", finished.folder, *data, *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert hint in ended.err
    assert "Traceback" not in ended.err
    assert sorted(f.name for f in here.iterdir() if f.name != ".cache") == ["empty.csv", "other.csv"]
    assert (here / "other.csv").read_text() == "texts,x\na,b\n"


def test_lowest_of_several_seeds_is_used_and_reported(spoiled: Finished, call: Call) -> None:
    """The cell of seed 0 becomes one of seed 2, and a copy of it one of seed 1."""
    first = spoiled.cell("lora", "labels")
    shutil.copytree(first, first.with_name("0000"))
    for folder, seed in ((first, 2), (first.with_name("0000"), 1)):
        edit_json(folder / "cell.json", lambda value, seed=seed, folder=folder: value["cell"].update(seed=seed, id=folder.name))

    def change(plan: Any) -> None:
        cell = next(c for c in plan["cells"] if c["id"] == first.name)
        cell["seed"] = 2
        plan["cells"].append(cell | {"seed": 1, "id": "0000"})

    edit_json(spoiled.run.path / "run.json", change)
    arguments = ("predict", spoiled.folder, "--strategy", "lora", "--task", "labels", "--data", str(spoiled.data["labels"]))
    assert "seed 1 (other seeds: 2)" in call(*arguments).err
    assert "seed 2 (other seeds: 1)" in call(*arguments, "--seed", "2").err
    shutil.rmtree(first.with_name("0000"))
    assert "seed 2" in call(*arguments).err, "only one is done"


@pytest.mark.parametrize(
    ("strategy", "file", "content", "hint"),
    [
        ("lora", "artifact/adapter_model.safetensors", None, "adapter_model.safetensors: is missing"),
        ("lora", "artifact/adapter_model.safetensors", b"\x10", "adapter_model.safetensors: is damaged"),
        ("lora", "artifact/adapter_config.json", b"{", "adapter_config.json: is damaged"),
        ("lora", "artifact/adapter_config.json", b"[]", "adapter_config.json: is damaged"),
        ("full", "artifact/model.safetensors", None, "contains no weights"),
        ("full", "artifact/config.json", None, "config.json: cannot be read"),
        ("shots", "shots.json", None, "cannot recover the few-shot examples used by 'shots'"),
        ("shots", "shots.json", b'[{"prompt": "x"}]', "shots.json: is damaged"),
    ],
)
def test_damaged_files_are_reported(
    spoiled: Finished, call: Call, here: Path, strategy: str, file: str, content: bytes | None, hint: str
) -> None:
    damaged = spoiled.cell(strategy) / file
    whole = damaged.read_bytes()
    damaged.unlink()  # files may be linked with those of the other run
    if content is not None:
        damaged.write_bytes(content if file.endswith(".json") else whole[: len(whole) // 2])
    which = (spoiled.folder, "--strategy", strategy, "--task", "notes")
    ended = call("predict", *which, "--data", str(spoiled.data["notes"]), "--out", "o.csv")
    assert (ended.code, ended.out) == (2, "")
    assert hint in ended.err
    assert "Traceback" not in ended.err
    if strategy != "shots":
        assert f"Delete {damaged.parent.parent} and run the same command again" in ended.err
        assert call("export", *which, "--out", "e").code == 2
    assert sorted(f.name for f in here.iterdir() if f.name != ".cache") == ["spoiled"]


def test_incomplete_adapter_is_refused(spoiled: Finished, call: Call) -> None:
    """PEFT would leave those layers as they were, with a warning."""
    from safetensors.torch import load_file, save_file

    file = spoiled.cell("lora") / "artifact" / "adapter_model.safetensors"
    weights = load_file(file)
    file.unlink()
    save_file(dict(sorted(weights.items())[1:]), file)
    renew_digest(file)
    ended = call("predict", spoiled.folder, "--strategy", "lora", "--task", "notes", "--data", str(spoiled.data["notes"]))
    assert (ended.code, ended.out) == (2, "")
    assert "the adapter lacks some of its weights" in ended.err


@pytest.mark.parametrize(("field", "value"), [("r", 8), ("lora_alpha", 64), ("lora_dropout", 0), ("r", None)])
def test_adapter_with_changed_fields_is_refused(spoiled: Finished, call: Call, here: Path, field: str, value: object) -> None:
    """Some values would not fit the weights; others would silently give another model."""
    file = spoiled.cell("lora") / "artifact" / "adapter_config.json"
    was = json.loads(file.read_text())[field]
    edit(file, lambda fields: fields.update({field: value}))
    which = (spoiled.folder, "--strategy", "lora", "--task", "notes")
    for arguments in (("predict", "--data", str(spoiled.data["notes"])), ("export", "--out", "e"), ("export", "--out", "e", "--merge")):
        ended = call(arguments[0], *which, *arguments[1:])
        assert (ended.code, ended.out) == (2, "")
        assert f"{file}: was changed after training: {field} is {value}, but 'lora' was trained with {was}." in ended.err
    assert not (here / "e").exists()


def test_different_base_model_is_refused(spoiled: Finished, call: Call) -> None:
    edit_json(spoiled.run.path / "run.json", lambda plan: plan["models"]["tiny"].update(digest="abc"))
    ended = call("predict", spoiled.folder, "--strategy", "lora", "--task", "notes", "--data", str(spoiled.data["notes"]))
    assert ended.code == 2
    assert f"its sha256 is {load_run(spoiled.run.path).stored.results[spoiled.cell('base').name].provenance['model_digest']}" in ended.err
    assert "but the run's 'tiny' has abc" in ended.err


def test_model_path_names_a_moved_base_model(spoiled: Finished, call: Call) -> None:
    def rename(plan: dict[str, Any]) -> None:
        plan["models"]["ours"] = plan["models"].pop("tiny") | {"name": "ours", "origin": "ours"}
        for cell in plan["cells"]:
            cell["model"] = "ours"

    edit_json(spoiled.run.path / "run.json", rename)
    arguments = ("predict", spoiled.folder, "--strategy", "lora", "--task", "notes", "--data", str(spoiled.data["notes"]))
    ended = call(*arguments)
    assert ended.code == 2
    assert "there is no model 'ours'" in ended.err
    assert "If 'ours' is in another place, name it with --model-path" in ended.err
    ended = call(*arguments, "--model-path", str(TINY))
    assert ended.code == 0, ended.err
    assert [row["output"] for row in rows_of(ended.out)] == spoiled.outputs("lora")


def test_interruption_before_the_first_answer_leaves_nothing(
    finished: Finished, call: Call, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Predictor, "predict", stop)
    ended = call(
        "predict", finished.folder, "--strategy", "lora", "--task", "notes", "--data", str(finished.data["notes"]), "--out", "o.jsonl"
    )
    assert ended.code == 130
    assert ended.err.splitlines()[-1] == "interrupted: nothing was written"
    assert not list(here.glob("o.jsonl*"))
