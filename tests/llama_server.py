"""llama-cpp-python's OpenAI-compatible server with the included model. It is compiled when it is installed, so it has an environment of its
own: LLAMA_CPP_PYTHON is the path of its Python, in which `llama-cpp-python[server]` is installed.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from waiting import wait_for_models

from harness.engine.models import resolve_model
from harness.engine.served import ServerClient

# llama.cpp's names of the tensors of a layer, by those of transformers.
_LAYER = {
    "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "post_attention_layernorm": "ffn_norm", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}  # fmt: skip


@contextmanager
def llama_server(folder: Path) -> Iterator[ServerClient]:
    """The server with the included model in float32, whose file is written into `folder`. Skips the test where there is none."""
    python = os.environ.get("LLAMA_CPP_PYTHON", "")
    if not python or subprocess.run([python, "-c", "import llama_cpp.server.app"], capture_output=True, check=False).returncode:
        pytest.skip("LLAMA_CPP_PYTHON names no Python with llama-cpp-python[server]")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    write_gguf(resolve_model("tiny").folder, folder / "tiny.gguf")
    command = [python, "-m", "llama_cpp.server", "--model", str(folder / "tiny.gguf"), "--port", str(port), "--n_ctx", "1024"]
    with (folder / "log.txt").open("w") as log, subprocess.Popen([*command, "--logits_all", "true"], stdout=log, stderr=log) as server:
        client = ServerClient(f"http://127.0.0.1:{port}/v1")
        wait_for_models(client)
        yield client
        server.terminate()


def write_gguf(model: Path, out: Path) -> None:
    """A Llama with a byte-level tokenizer as a GGUF file in float32, as llama.cpp's converter writes it."""
    import gguf
    from safetensors.torch import load_file

    config = json.loads((model / "config.json").read_text())
    heads = config["num_attention_heads"]
    writer = gguf.GGUFWriter(out, "llama")
    writer.add_name("tiny")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_key_length(config["head_dim"])
    writer.add_value_length(config["head_dim"])
    writer.add_rope_dimension_count(config["head_dim"])
    writer.add_rope_freq_base(config["rope_parameters"]["rope_theta"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(config["vocab_size"])
    _add_tokenizer(writer, json.loads((model / "tokenizer.json").read_text()), config)
    for name, tensor in load_file(model / "model.safetensors").items():
        values = tensor.float()
        if ".q_proj." in name or ".k_proj." in name:  # llama.cpp turns pairs of neighbors, transformers turns halves
            values = values.reshape(heads, 2, config["head_dim"] // 2, *values.shape[1:]).swapaxes(1, 2).reshape(values.shape)
        writer.add_tensor(_rename(name), values.contiguous().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_tokenizer(writer: Any, tokenizer: dict[str, Any], config: dict[str, Any]) -> None:
    import gguf

    vocabulary = {**tokenizer["model"]["vocab"], **{each["content"]: each["id"] for each in tokenizer["added_tokens"]}}
    special = {each["id"] for each in tokenizer["added_tokens"]}
    tokens = sorted(vocabulary, key=vocabulary.__getitem__)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.CONTROL if number in special else gguf.TokenType.NORMAL for number in range(len(tokens))])
    writer.add_token_merges([" ".join(pair) for pair in tokenizer["model"]["merges"]])
    writer.add_eos_token_id(config["eos_token_id"])
    writer.add_pad_token_id(config["pad_token_id"])
    writer.add_add_bos_token(False)


def _rename(name: str) -> str:
    if name == "model.embed_tokens.weight":
        return "token_embd.weight"
    if name == "model.norm.weight":
        return "output_norm.weight"
    _, _, number, rest = name.split(".", 3)
    module, kind = rest.rsplit(".", 1)
    return f"blk.{number}.{_LAYER[module]}.{kind}"
