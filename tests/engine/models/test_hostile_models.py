"""A stranger's model: refused with one message before a library builds what its files describe."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from tiny_models import save_model

from harness.engine.models import ModelSource, load_skeleton, resolve_model
from harness.engine.prompts import PromptEncoder
from harness.errors import BenchError

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("models") / "model", "llama")


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    """A model of its own for this test."""
    copy = tmp_path / "model"
    copy.mkdir()
    for file in original.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    return copy


def change(file: Path, **values: Any) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


def skeleton(folder: Path) -> Any:
    source = resolve_model(str(folder))
    return load_skeleton(ModelSource(source.name, source.origin, source.folder, source.digest))


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"num_hidden_layers": 10**8}, "num_hidden_layers is 100000000, and bench accepts up to 1,000"),
        ({"num_hidden_layers": 1e30}, "num_hidden_layers is 1e[+]30"),
        ({"num_labels": 10**9}, "num_labels is 1000000000, and bench accepts up to 1,000,000"),
        ({"text_config": {"n_layer": 10**8}}, "n_layer is 100000000"),
        ({"num_attention_heads": 10**9}, "num_attention_heads is 1000000000"),
        ({"num_local_experts": 4000, "num_hidden_layers": 900}, "describes 900 layers with 4000 experts"),
        ({"vocab_size": 10**7}, r"config.json describes [\d,]+ weights, but the files hold [\d,]+"),
        ({"hidden_size": "x"}, "the model 'model' cannot be loaded: "),
        ({"model_type": 3}, "the model 'model' cannot be loaded: "),
        ({"model_type": "../x"}, "the model 'model' cannot be loaded: "),
        ({"num_attention_heads": 0}, "the model 'model' cannot be loaded: "),
        ({"hidden_act": "os.system"}, "the model 'model' cannot be loaded: "),
        ({"architectures": 3, "model_type": "llama", "rope_parameters": "x"}, "the model 'model' cannot be loaded: "),
    ],
)
def test_hostile_configurations_are_refused_at_once(folder: Path, values: dict[str, Any], problem: str) -> None:
    change(folder / "config.json", **values)
    start = time.process_time()
    with pytest.raises(BenchError, match=problem):
        skeleton(folder)
    assert time.process_time() - start < 60  # hours without a limit


@pytest.mark.parametrize("text", ["[]", "3", "[" * 100_000, "{" + '"a":{' * 50_000, '"x"'])
def test_configurations_of_another_form_are_refused(folder: Path, text: str) -> None:
    (folder / "config.json").write_text(text)
    with pytest.raises(BenchError, match=r"config\.json: "):
        resolve_model(str(folder))


def test_panic_of_the_tokenizers_is_a_message(folder: Path) -> None:
    """A panic in Rust is a BaseException, which `except Exception` misses."""
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    tokenizer["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "<none>", "type_id": 0}}],
        "pair": [],
        "special_tokens": {},
    }
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(BenchError, match="the model 'model' cannot be loaded: "):
        skeleton(folder)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "vocab.txt"])
def test_pipe_in_a_model_is_refused(folder: Path, name: str) -> None:
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)
    with pytest.raises(BenchError, match=f"{name}: is a pipe, a socket or a device"):
        resolve_model(str(folder))


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("{{ 9**(9**8) }}", "takes more than 10 seconds|cannot be rendered"),
        ("{{ raise_exception('no') }}", "cannot be rendered: no"),
        ("{{ 'x' * 10**10 }}", "cannot be rendered"),
        ("{{ messages[0].content ~ ('x' * 3000000) }}", "more than 1,000,000 characters"),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "cannot be rendered"),
    ],
)
def test_hostile_chat_templates_are_stopped(folder: Path, monkeypatch: pytest.MonkeyPatch, template: str, problem: str) -> None:
    monkeypatch.setattr("harness.engine.prompts.chat_template.MAX_SECONDS", 1)
    change(folder / "tokenizer_config.json", chat_template=template)
    loaded = skeleton(folder)
    with pytest.raises(BenchError, match=problem):
        PromptEncoder(loaded.tokenizer)


@pytest.mark.soak
def test_nested_loops_of_a_chat_template_are_stopped_after_ten_seconds(folder: Path) -> None:
    loops = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    change(folder / "tokenizer_config.json", chat_template=loops)
    loaded = skeleton(folder)
    with pytest.raises(BenchError, match="it takes more than 10 seconds, or more memory than a template needs"):
        PromptEncoder(loaded.tokenizer)
