"""`bench export` of adapters and whole models, and merges that would compute something else."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from finished_runs import Finished

from harness import load_run
from harness.catalog import render_prompt
from harness.engine.artifacts import merge as merging
from harness.engine.models.resolve import TINY

Call = Callable[..., Any]
TRAINED = ("lora", "full", "qlora")


def generated(finished: Finished, model: Any, tokenizer: Any, strategy: str) -> list[str]:
    """The outputs of plain transformers for the run's test examples."""
    task = finished.run.plan.tasks["notes"]
    texts = []
    for example in finished.run.examples("notes"):
        ids = tokenizer(render_prompt(task.prompt, example.inputs), return_tensors="pt")
        output = model.generate(**ids, do_sample=False, max_new_tokens=task.decode.max_new_tokens)[0]
        texts.append(tokenizer.decode(output[ids.input_ids.shape[1] :], skip_special_tokens=True).strip())
    return texts


@pytest.mark.parametrize("strategy", TRAINED)
def test_exported_model_gives_the_stored_outputs_with_plain_transformers(finished: Finished, call: Call, here: Path, strategy: str) -> None:
    from safetensors import safe_open
    from transformers import AutoModelForCausalLM, AutoTokenizer

    ended = call("export", finished.folder, "--strategy", strategy, "--task", "notes", "--merge", "--out", "model")
    assert (ended.code, ended.out) == (0, "model\n"), ended.err
    assert "Checked on 4 prompts of the run" in ended.err
    model = AutoModelForCausalLM.from_pretrained("model", dtype="auto")
    tokenizer = AutoTokenizer.from_pretrained("model")
    assert generated(finished, model, tokenizer, strategy) == finished.outputs(strategy)

    names = {
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
        "README.md",
        "prompt.json",
    }
    assert {f.name for f in (here / "model").iterdir()} == names
    AutoModelForCausalLM.from_pretrained(TINY).save_pretrained("plain")
    tensors = []
    for folder in ("model", "plain"):
        with safe_open(f"{folder}/model.safetensors", framework="pt") as weights:
            tensors.append({name: weights.get_slice(name).get_shape() for name in weights.keys()})  # noqa: SIM118
    assert tensors[0] == tensors[1]
    config, plain = (json.loads((here / folder / "config.json").read_text()) for folder in ("model", "plain"))
    assert {name: config[name] for name in plain} == plain | {"dtype": "float32"}, "the numbers that the cell computed in"
    assert config["rope_theta"] == plain["rope_parameters"]["rope_theta"], "transformers 4 would silently use another one"
    assert json.loads((here / "model" / "tokenizer_config.json").read_text())["tokenizer_class"] == "PreTrainedTokenizerFast"
    assert json.loads((here / "model" / "generation_config.json").read_text())["max_new_tokens"] == 12
    card = (here / "model" / "README.md").read_text()
    for part in (f"# {strategy} on notes", "rougeL", "AutoModelForCausalLM", "vllm", "convert_hf_to_gguf.py", "## License"):
        assert part in card
    assert ("quantized to 4 bits (nf4)" in card) == (strategy == "qlora")
    assert str(here) not in card
    assert str(finished.run.path.parent) not in "".join(f.read_text() for f in (here / "model").glob("*.json"))


@pytest.mark.parametrize("strategy", ["lora", "prefix"])
def test_exported_adapter_gives_the_stored_outputs_with_plain_peft(finished: Finished, call: Call, here: Path, strategy: str) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    ended = call("export", finished.folder, "--strategy", strategy, "--task", "notes", "--out", "adapter")
    assert (ended.code, ended.out) == (0, "adapter\n"), ended.err
    assert "The base model 'tiny' is in the folder 'base'." in ended.err
    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained("adapter/base", dtype="float32"), "adapter")
    if strategy == "lora":  # PEFT's own generate puts a prefix in anew at each step with transformers 5
        assert generated(finished, model, AutoTokenizer.from_pretrained("adapter"), strategy) == finished.outputs(strategy)
    card = (here / "adapter" / "README.md").read_text()
    assert "PeftModel.from_pretrained" in card
    assert ("enable_lora=True" in card) == (strategy == "lora")
    assert "The prompt it was tuned with" in card


def test_model_is_exported_in_the_requested_dtype(finished: Finished, call: Call) -> None:
    from safetensors.torch import load_file

    ended = call("export", finished.folder, "--strategy", "lora", "--task", "labels", "--merge", "--dtype", "bfloat16", "--out", "model")
    assert ended.code == 0, ended.err
    assert {str(t.dtype) for t in load_file("model/model.safetensors").values()} == {"torch.bfloat16"}
    assert json.loads(Path("model/config.json").read_text())["dtype"] == "bfloat16"


def test_merge_into_other_weights_than_the_measured_ones_is_refused(
    finished: Finished, call: Call, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The classic mistake: an adapter that was trained on 4-bit weights, merged into the original ones."""
    monkeypatch.setattr(merging, "_dequantized", lambda *_: {})
    ended = call("export", finished.folder, "--strategy", "qlora", "--task", "notes", "--merge", "--out", "model")
    assert (ended.code, ended.out) == (2, "")
    assert "the exported model does not compute what was measured" in ended.err
    assert [f.name for f in here.iterdir() if f.name != ".cache"] == []


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["base"], "'base' trains nothing"),
        (["prefix", "--merge"], "'prefix' (PREFIX_TUNING) puts trained tokens in front of the prompt and changes no weight"),
        (["lora", "--dtype", "bfloat16"], "--dtype bfloat16 needs --merge: only a whole model is converted"),
        (["lora", "--out", "none/x"], "does not exist"),
        (["lora", "--out", "full"], "full: is not empty (it contains precious). Name a new folder"),
        (["lora", "--out", "full", "--force"], "full: was not written by bench export, so --force does not replace it"),
        (["lora", "--out", "file"], "file: already exists and is not a folder"),
        (["lora", "--model-path", "none", "--merge"], "there is no model 'none'"),
        (["lora", "--merge", "--with-base"], "--with-base is for adapters, and this export is a whole model"),
        (["full", "--without-base"], "--without-base is for adapters, and this export is a whole model"),
        (["lora", "--format", "gguf"], "--format gguf needs llama.cpp's converter, and none of convert_hf_to_gguf.py, "),
    ],
)
def test_export_reports_a_problem_in_one_message(
    finished: Finished, call: Call, here: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], hint: str
) -> None:
    monkeypatch.setenv("PATH", str(here))
    (here / "full").mkdir()
    (here / "full" / "precious").write_text("x")
    (here / "file").write_text("x")
    out = [] if "--out" in arguments else ["--out", "new"]
    ended = call("export", finished.folder, "--task", "notes", "--strategy", *arguments, *out)
    assert (ended.code, ended.out) == (2, "")
    assert hint in ended.err
    assert "Traceback" not in ended.err
    assert sorted(f.name for f in here.rglob("*") if ".cache" not in f.parts) == ["file", "full", "precious"]


@pytest.mark.parametrize(("umask", "file", "folder"), [(0o022, 0o644, 0o755), (0o077, 0o600, 0o700)])
@pytest.mark.parametrize("strategy", ["lora", "full"])
def test_modes_of_an_export_follow_the_umask(
    finished: Finished, call: Call, here: Path, strategy: str, umask: int, file: int, folder: int
) -> None:
    """The files of the run itself are private."""
    before = os.umask(umask)
    try:
        assert call("export", finished.folder, "--strategy", strategy, "--task", "labels", "--out", "out").code == 0
    finally:
        os.umask(before)
    paths = [here / "out", *(here / "out").rglob("*")]
    assert len(paths) > 5
    assert {oct(path.stat().st_mode & 0o777) for path in paths if path.is_file()} == {oct(file)}
    assert {oct(path.stat().st_mode & 0o777) for path in paths if path.is_dir()} == {oct(folder)}


def full_disk(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def full_disk_in_rust(*_: object, **__: object) -> None:
    from safetensors import SafetensorError

    raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")


@pytest.mark.parametrize(
    ("strategy", "place", "failure"),
    [
        ("lora", "shutil.copyfile", full_disk),
        ("full", "transformers.PreTrainedModel.save_pretrained", full_disk_in_rust),
    ],
)
def test_full_disk_is_one_message_and_leaves_nothing(
    finished: Finished, call: Call, here: Path, monkeypatch: pytest.MonkeyPatch, strategy: str, place: str, failure: Any
) -> None:
    monkeypatch.setattr(place, failure)
    ended = call("export", finished.folder, "--strategy", strategy, "--task", "labels", "--out", "out")
    assert (ended.code, ended.out) == (2, "")
    assert "out: cannot be written: No space left on device" in ended.err
    assert [f.name for f in here.iterdir() if f.name != ".cache"] == []


def test_force_replaces_an_earlier_export_but_never_a_run(spoiled: Finished, call: Call, here: Path) -> None:
    arguments = ("export", spoiled.folder, "--strategy", "lora", "--task", "notes")
    (here / "new").mkdir()
    assert call(*arguments, "--out", "new").code == 0, "an empty folder will do"
    assert call(*arguments, "--out", "new").code == 2
    assert call(*arguments, "--out", "new", "--merge", "--force").code == 0
    assert not (here / "new" / "adapter_config.json").exists()
    assert not [f for f in here.iterdir() if f.name.startswith(".new")]
    artifact = spoiled.cell("lora") / "artifact"
    before = sorted(artifact.iterdir())
    ended = call(*arguments, "--out", str(artifact), "--force")
    assert ended.code == 2
    assert "is inside the run spoiled" in ended.err
    assert sorted(artifact.iterdir()) == before


# ---------------------------------------------------------------------------------------------------------- tied embeddings

# The shipped model's output layer shares its weights with the input embeddings.
HEAD, WHOLE_HEAD = "lora:target_modules=[lm_head, q_proj],learning_rate=1e-3", "lora:modules_to_save=[lm_head]"


@pytest.fixture(scope="module")
def tied(quick_bench: Call, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """Adapters of the output layer: low-rank factors, and a copy of the layer itself."""
    here = tmp_path_factory.mktemp("tied")
    (here / "notes.yaml").write_text("name: notes\ndata: {source: clinic, size: 100}\nkind: summarization\ndecode: {max_new_tokens: 4}\n")
    arguments = ("--strategies", f"{HEAD},{WHOLE_HEAD}", "--limit", "30", "--epochs", "1", "--no-base")
    ended = quick_bench("run", "--task", "notes.yaml", *arguments, here=here)
    assert ended.code == 0, ended
    return Finished(load_run(here / ended.out.strip()).stored, {})


@pytest.mark.parametrize("dtype", ["auto", "bfloat16"])
@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (True, "this model shares their weights, so that the merge would change both"),
        (False, "computes something else than the base model with its adapter"),
    ],
)
def test_adapter_of_one_of_two_tied_layers_is_not_merged_into_both(
    tied: Finished, call: Call, here: Path, monkeypatch: pytest.MonkeyPatch, dtype: str, seen: bool, reason: str
) -> None:
    """Rounding to 16 bits could hide it. It must be found even then, and without a look at the layers' names."""
    if not seen:
        monkeypatch.setattr(merging, "_adapts_one_of_two_tied_layers", lambda _: False)
    ended = call("export", tied.folder, "--strategy", HEAD, "--merge", "--dtype", dtype, "--out", "model")
    assert (ended.code, ended.out) == (2, "")
    assert "(LORA) cannot be merged" in ended.err
    assert reason in ended.err
    assert ended.err.rstrip().endswith("Without --merge, the adapter is exported unchanged.")
    assert [f.name for f in here.iterdir() if f.name != ".cache"] == []
    assert call("export", tied.folder, "--strategy", HEAD, "--out", "adapter").code == 0


def test_copy_of_a_tied_layer_is_exported_as_a_separate_layer_without_warnings(tied: Finished, bench: Call, here: Path) -> None:
    from safetensors.torch import load_file

    ended = bench("export", tied.folder, "--strategy", WHOLE_HEAD, "--merge", "--out", "model", here=here)
    assert ended.code == 0, ended
    assert "Checked on 4 prompts" in ended.err
    assert "arning" not in ended.err
    assert "tie_word_embeddings" not in ended.err
    assert json.loads((here / "model" / "config.json").read_text())["tie_word_embeddings"] is False
    assert "lm_head.weight" in load_file(here / "model" / "model.safetensors")


def test_strategy_can_be_named_as_it_was_typed_for_the_run(finished: Finished, tied: Finished, call: Call, here: Path) -> None:
    """Brackets and spaces are no part of its name in the run, nor is a file's ending."""
    name = "lora:target_modules=lm_head,q_proj,learning_rate=1e-3"
    for i, typed in enumerate((HEAD, HEAD.replace(" ", ""), name)):
        ended = call("export", tied.folder, "--strategy", typed, "--out", f"adapter{i}")
        assert ended.code == 0, ended.err
        assert name in ended.err
    (here / "prefix.yaml").write_text("name: prefix\nmethod: prompt\n")
    assert call("export", finished.folder, "--strategy", "prefix.yaml", "--task", "notes", "--out", "file").code == 0
    ended = call("export", tied.folder, "--strategy", "lora:target_modules=[k_proj]", "--out", "none")
    assert ended.code == 2
    assert "no cell with the strategy 'lora:target_modules=" in ended.err
