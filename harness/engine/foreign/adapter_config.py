"""The adapter_config.json of another trainer: what of it decides how an adapter answers, and what is refused.

PEFT builds what the file describes before it looks at the weights, matches patterns in it against the names of all layers, and imports a
module that it names. So the file is checked before PEFT sees it.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.engine.models import import_peft, quiet_libraries
from harness.errors import BenchError
from harness.text import one_line

ADAPTER_CONFIG, ADAPTER_WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_MAX_BYTES = 1_000_000
_LARGEST = 1_000_000  # of a count; ranks, tokens and layers are far below it
_LONGEST_PATTERN = 20_000  # characters; Unsloth writes a few hundred
_LONGEST_NAME = 200
# What an adapter can be trained for that answers as a language model does.
_TASK_TYPES = (None, "CAUSAL_LM", "SEQ_2_SEQ_LM")
# About the training or the place of the base, and not about what the weights compute.
_IGNORED = frozenset({
    "auto_mapping", "base_model_name_or_path", "inference_mode", "parent_library", "peft_type", "peft_version", "revision",
    "runtime_config", "task_type", "tokenizer_name_or_path", "total_step",
})  # fmt: skip
_SEEDS = ("seed", "key", "step", "tinit", "tfinal")  # parts of the names of numbers that are no counts
_REFUSED = {
    "megatron_config": "names code that would be imported",
    "layer_replication": "copies layers of the base model",
}


def read_adapter_config(folder: Path) -> tuple[dict[str, Any], str]:
    """The fields of an adapter that differ from PEFT's defaults, with its method, and the base model that it was trained on.

    Raises:
        BenchError: the file is damaged, describes more than any adapter has, or asks for something that is refused.
    """
    file = folder / ADAPTER_CONFIG
    fields = _read(file)
    kind = fields.get("peft_type")
    if not isinstance(kind, str):
        raise BenchError(f"{file}: peft_type: must name a method of PEFT, such as LORA, not {kind!r:.40}")
    if (trained_for := fields.get("task_type")) not in _TASK_TYPES:
        raise BenchError(
            f"{file}: task_type: {trained_for!r:.40} answers with a head of its own, and the file does not tell the order of its labels. "
            "Merge the adapter where it was trained, and name the folder of the whole model, whose config.json lists the labels."
        )
    _check_values(file, fields)
    adapter = {"peft_type": kind.upper(), **_list_own(file, kind.upper(), fields)}
    base = fields.get("base_model_name_or_path")
    return adapter, one_line(base, _LONGEST_NAME) if isinstance(base, str) else ""


def _read(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > _MAX_BYTES:
            raise BenchError(f"{file}: is larger than {_MAX_BYTES // 10**6} MB, which no configuration of an adapter is")
        fields = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BenchError(f"{file}: cannot be read: {error}") from None
    except RecursionError:
        raise BenchError(f"{file}: cannot be read: it is nested too deeply") from None
    if not isinstance(fields, dict):
        raise BenchError(f"{file}: must be a JSON object, not {type(fields).__name__}")
    return fields


def _check_values(file: Path, fields: Mapping[str, Any]) -> None:
    problems = [f"{file}: {name}: {reason}, and is refused" for name, reason in _REFUSED.items() if fields.get(name)]
    for name, value in _walk(fields):
        if isinstance(value, bool):
            continue
        if isinstance(value, int | float) and not any(part in name for part in _SEEDS) and not -_LARGEST <= value <= _LARGEST:
            problems.append(f"{file}: {name}: is {value!r:.40}, and bench accepts up to {_LARGEST:,}")
        if isinstance(value, str) and len(value) > _LONGEST_PATTERN:
            problems.append(f"{file}: {name}: has {len(value):,} characters, and bench accepts up to {_LONGEST_PATTERN:,}")
    if problems:
        raise BenchError(list(dict.fromkeys(problems)))


def _walk(fields: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every value with the name of the field that it is in, and every key of a mapping."""
    pending: list[tuple[str, Any]] = list(fields.items())
    while pending:
        name, value = pending.pop()
        if isinstance(value, dict):
            pending += [(name, item) for item in (*value, *value.values())]
        elif isinstance(value, list):
            pending += [(name, item) for item in value]
        else:
            yield name, value


def _list_own(file: Path, kind: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields whose value is not PEFT's default.

    Raises:
        BenchError: PEFT does not know the method, or fields that are set.
    """
    quiet_libraries()
    import_peft()
    import peft
    from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING

    config_class: Any = {method.value: each for method, each in PEFT_TYPE_TO_CONFIG_MAPPING.items()}.get(kind)
    if config_class is None:
        raise BenchError(f"{file}: peft_type: the installed PEFT ({peft.__version__}) has no method {one_line(kind, 40)!r}")
    known = {field.name: _default(field) for field in dataclasses.fields(config_class)}
    unknown = sorted(name for name, value in fields.items() if name not in known and name not in _IGNORED and value)
    if unknown:
        names = ", ".join(one_line(name, 60) for name in unknown[:5])
        raise BenchError(
            f"{file}: the installed PEFT ({peft.__version__}) does not know what {names} {'means' if len(unknown) == 1 else 'mean'}. "
            "Install the version that wrote the adapter, or save the adapter again with this one."
        )
    ignored = _IGNORED | ({"rank_pattern"} if kind == "ADALORA" else set())
    return {name: fields[name] for name in known if name in fields and name not in ignored and fields[name] != known[name]}


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    return field.default_factory() if field.default_factory is not dataclasses.MISSING else None
