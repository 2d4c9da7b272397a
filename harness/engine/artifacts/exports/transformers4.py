"""An exported folder in the spelling of transformers 4 as well, which vLLM, llama.cpp and others may still use to read it.

transformers 5 renamed the tokenizer's class and its special tokens, which version 4 refuses. It also moved the base of rotary positions,
for which version 4 would silently use another value. Version 5 reads both spellings.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.store import read_json, write_json


def add_older_names(folder: Path) -> None:
    """Add the older names to `config.json` and `tokenizer_config.json`, if the folder has them."""
    for name, change in (("config.json", _change_config), ("tokenizer_config.json", _change_tokenizer)):
        file = folder / name
        if file.is_file():
            values: dict[str, Any] = read_json(file)
            before = json.dumps(values)
            change(values)
            if json.dumps(values) != before:
                write_json(file, values)


def _change_config(values: dict[str, Any]) -> None:
    rope = values.get("rope_parameters")
    if isinstance(rope, dict) and "rope_theta" in rope:  # a table with one entry per kind of layer has no older spelling
        values.setdefault("rope_theta", rope["rope_theta"])
        if rope.get("rope_type", "default") != "default":
            values.setdefault("rope_scaling", {name: value for name, value in rope.items() if name != "rope_theta"})
    if "dtype" in values:
        values.setdefault("torch_dtype", values["dtype"])


def _change_tokenizer(values: dict[str, Any]) -> None:
    if values.get("tokenizer_class") == "TokenizersBackend":
        values["tokenizer_class"] = "PreTrainedTokenizerFast"
    if isinstance(values.get("extra_special_tokens"), list):
        values["additional_special_tokens"] = values.pop("extra_special_tokens")
