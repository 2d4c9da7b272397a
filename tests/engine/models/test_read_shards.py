"""Only what a model needs of the files in its folder is read."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
import torch
from tiny_models import save_model
from transformers import AutoModelForCausalLM

from harness.engine.models import ModelSource, find_device, folder_digest, load_model, resolve_model
from harness.engine.models.folder_check import parameters_of
from harness.measure.memory import peak_memory, reset_peak_memory

ROWS = 1 << 23  # times 64 columns of 4 bytes: 2 GiB


@pytest.fixture
def sharded(tmp_path: Path) -> Path:
    """A model in several shards. Its index names one more, of weights that this class of model does not have."""
    whole = save_model(tmp_path / "whole", "llama")
    folder = save_model(tmp_path / "sharded", "llama")
    (folder / "model.safetensors").unlink()
    AutoModelForCausalLM.from_pretrained(whole).save_pretrained(folder, max_shard_size="100KB")
    header = json.dumps({"vision.weight": {"dtype": "F32", "shape": [ROWS, 64], "data_offsets": [0, 4 * 64 * ROWS]}}).encode()
    with (folder / "model-vision.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        file.truncate(8 + len(header) + 4 * 64 * ROWS)  # a sparse file: it takes no space
    index = folder / "model.safetensors.index.json"
    content = json.loads(index.read_text())
    assert len(set(content["weight_map"].values())) > 1
    content["weight_map"]["vision.weight"] = "model-vision.safetensors"
    index.write_text(json.dumps(content))
    return folder


def test_a_shard_of_weights_that_the_model_does_not_have_is_not_read(sharded: Path, tmp_path: Path) -> None:
    ids = torch.tensor([[5, 6, 7]])
    expected = AutoModelForCausalLM.from_pretrained(tmp_path / "whole").eval()(ids).logits
    source, device = ModelSource("sharded", "sharded", sharded, digest=""), find_device("float32")
    reset_peak_memory("cpu")
    before, _ = peak_memory("cpu")
    loaded = load_model(source, device)
    peak, _ = peak_memory("cpu")
    assert before is not None and peak is not None and peak - before < 4 * 64 * ROWS / 4, (
        "the shard is not in memory, not even for a moment"
    )
    with torch.no_grad():
        assert torch.equal(loaded.model(ids).logits, expected)


def test_a_second_copy_of_the_weights_is_neither_read_nor_part_of_the_identity(tmp_path: Path, own_cache: None) -> None:
    """As in folders of Mistral, which hold the weights in two layouts. It cannot be read here: the file is broken."""
    folder = save_model(tmp_path / "model", "llama")
    before, stored = folder_digest(folder), parameters_of(folder)
    (folder / "consolidated.safetensors").write_bytes(struct.pack("<Q", 2) + b"{}" + bytes(1000))
    assert (folder_digest(folder), parameters_of(folder)) == (before, stored)
    assert load_model(resolve_model(str(folder)), find_device("float32")).parameters == stored
