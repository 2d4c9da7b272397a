"""Readers of the files of a model."""

from __future__ import annotations

import json
import shutil
from functools import lru_cache
from pathlib import Path
from typing import Any

from foreign_models import save_adapter
from tiny_models import save_model

from harness.engine.adapters import check_adapter
from harness.engine.foreign import check_adapter_fit, examine_artifact, prepare_for_adapter
from harness.engine.models import ModelSource, load_skeleton, resolve_model
from harness.engine.prompts import PromptEncoder
from harness.types import ArtifactSpec, Strategy
from tests.fuzz.readers.reader import Read, Reader, document_seeds, file_seeds, get_folder, refusals


def read_model(name: str) -> Read:
    """Replace a file of a model, and do what a plan does with it."""

    def read(content: bytes, folder: Path) -> None:
        model = folder / "model"
        shutil.copytree(_model(), model)
        (model / name).write_bytes(content)
        with refusals():
            source = resolve_model(str(model))
            skeleton = load_skeleton(ModelSource(source.name, source.origin, source.folder, source.digest))
            with refusals():
                PromptEncoder(skeleton.tokenizer)

    return read


def read_adapter(content: bytes, folder: Path) -> None:
    """Replace the configuration of an adapter, and do what a plan does with the folder."""
    adapter = folder / "adapter"
    shutil.copytree(_adapter(), adapter)
    (adapter / "adapter_config.json").write_bytes(content)
    with refusals():
        strategy = examine_artifact(Strategy(name="vendor", method="artifact", artifact=ArtifactSpec(path=str(adapter))))
        check_adapter(strategy)
        source = resolve_model(str(_model()))
        skeleton = prepare_for_adapter(load_skeleton(ModelSource(source.name, source.origin, source.folder, source.digest)), adapter)
        check_adapter_fit(strategy, skeleton, adapter, "base")


@lru_cache(maxsize=1)
def _adapter() -> Path:
    return save_adapter(_model(), get_folder() / "adapter")


def _adapter_config() -> list[Any]:
    return [json.loads((_adapter() / "adapter_config.json").read_bytes())]


@lru_cache(maxsize=1)
def _model() -> Path:
    return save_model(get_folder() / "model", "llama")


_CHAT = (
    "{% for m in messages %}<|turn|>{{ m['role'] }}\n{{ m['content'] }}\n{% endfor %}{% if add_generation_prompt %}<|turn|>a\n{% endif %}"
)


def _model_config() -> list[Any]:
    return [json.loads((_model() / "config.json").read_bytes())]


def _tokenizer_config() -> list[Any]:
    return [json.loads((_model() / "tokenizer_config.json").read_bytes()) | {"chat_template": _CHAT}]


MODEL_FILES: dict[str, Reader] = {
    "adapter-config": Reader(read_adapter, lambda: [json.dumps(_adapter_config()[0]).encode()], _adapter_config, share=0.4),
    "config": Reader(read_model("config.json"), lambda: [json.dumps(_model_config()[0]).encode()], _model_config, share=0.5),
    "tokenizer-config": Reader(
        read_model("tokenizer_config.json"), lambda: [json.dumps(_tokenizer_config()[0]).encode()], _tokenizer_config, share=0.4
    ),
    "tokenizer": Reader(
        read_model("tokenizer.json"), file_seeds(_model, "tokenizer.json"), document_seeds(_model, "tokenizer.json"), share=0.4
    ),
    "weights": Reader(read_model("model.safetensors"), lambda: [(_model() / "model.safetensors").read_bytes()[:4000]], share=0.4),
}
