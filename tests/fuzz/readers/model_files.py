"""Readers of the files of a model."""

from __future__ import annotations

import json
import shutil
from functools import lru_cache
from pathlib import Path
from typing import Any

from tiny_models import save_model

from harness.engine.models import ModelSource, load_skeleton, resolve_model
from harness.engine.prompts import PromptEncoder
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
    "config": Reader(read_model("config.json"), lambda: [json.dumps(_model_config()[0]).encode()], _model_config, share=0.5),
    "tokenizer-config": Reader(
        read_model("tokenizer_config.json"), lambda: [json.dumps(_tokenizer_config()[0]).encode()], _tokenizer_config, share=0.4
    ),
    "tokenizer": Reader(
        read_model("tokenizer.json"), file_seeds(_model, "tokenizer.json"), document_seeds(_model, "tokenizer.json"), share=0.4
    ),
    "weights": Reader(read_model("model.safetensors"), lambda: [(_model() / "model.safetensors").read_bytes()[:4000]], share=0.4),
}
