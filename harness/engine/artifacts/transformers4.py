"""What an exported folder says in words that transformers 4 knows, too: vLLM, llama.cpp and others may still read with it.

transformers 5 names the tokenizer's class and its special tokens otherwise, which version 4 refuses; and it moved the base of rotary
positions, for which version 4 would take another one in silence. Version 5 reads both spellings.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.store import read_json, write_json


def add_older_names(folder: Path) -> None:
    """Add the older names to `config.json` and `tokenizer_config.json`, as far as they are there."""
    for name, change in (("config.json", _config), ("tokenizer_config.json", _tokenizer)):
        file = folder / name
        if file.is_file():
            values: dict[str, Any] = read_json(file)
            before = json.dumps(values)
            change(values)
            if json.dumps(values) != before:
                write_json(file, values)


def _config(values: dict[str, Any]) -> None:
    rope = values.get("rope_parameters")
    if isinstance(rope, dict) and "rope_theta" in rope:  # a table by kind of layer has no older spelling
        values.setdefault("rope_theta", rope["rope_theta"])
        if rope.get("rope_type", "default") != "default":
            values.setdefault("rope_scaling", {name: value for name, value in rope.items() if name != "rope_theta"})
    if "dtype" in values:
        values.setdefault("torch_dtype", values["dtype"])


def _tokenizer(values: dict[str, Any]) -> None:
    if values.get("tokenizer_class") == "TokenizersBackend":
        values["tokenizer_class"] = "PreTrainedTokenizerFast"
    if isinstance(values.get("extra_special_tokens"), list):
        values["additional_special_tokens"] = values.pop("extra_special_tokens")
