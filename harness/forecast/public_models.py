"""Sizes of public models, for the page that shows what fits where, and for comparisons with published measurements."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from harness.engine.models import ModelSource, digest_of

_FILE = Path(__file__).with_name("public_models.yaml")


@lru_cache(maxsize=1)
def public_models() -> dict[str, dict[str, Any]]:
    """By name, the `source` of a model and its `config`."""
    models: dict[str, dict[str, Any]] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return models


def write_public_model(name: str, folder: Path) -> ModelSource:
    """Write the config.json of a public model into an empty folder; there are no weights and no tokenizer."""
    text = json.dumps(public_models()[name]["config"])
    (folder / "config.json").write_text(text, encoding="utf-8")
    return ModelSource(name, public_models()[name]["source"], folder, digest_of([text]))
