"""The fields that a user's task may leave out. They are taken from the shipped task of the same kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from harness.catalog.shipped import shipped_folder
from harness.catalog.yaml_file import YamlFile
from harness.types import Kind

_FROM_KIND = ("prompt", "prompt_format", "no_answer", "decode")
# A task with labels is answered by one of them, whatever its kind, so its scoring is that of classification.
_SCORING = ("metrics", "primary", "margin")
_FIELD_BY_FIELD = "review"  # users may set some of its fields and leave out the others


def with_task_defaults(values: Mapping[str, Any]) -> dict[str, Any]:
    """The declared values of a task, completed by the defaults of its kind."""
    # If the kind is wrong, any kind will do: the file is refused for the kind and not for its missing fields.
    kind = str(values["kind"]) if values.get("kind") in get_args(Kind) else get_args(Kind)[0]
    of_kind, scoring = read_shipped_task(kind), read_shipped_task("classification" if values.get("labels") else kind)
    defaults = {name: of_kind[name] for name in _FROM_KIND if name in of_kind} | {name: scoring[name] for name in _SCORING}
    if values.get("labels"):
        defaults.pop("no_answer", None)
    review = values.get(_FIELD_BY_FIELD, {})
    if isinstance(review, Mapping):
        defaults[_FIELD_BY_FIELD] = of_kind[_FIELD_BY_FIELD] | dict(review)
    # Users who name their own metrics must also choose the primary score; and a margin is in the unit of the primary score.
    if "metrics" in values:
        del defaults["primary"]
    if values.get("primary", scoring["primary"]) != scoring["primary"]:
        del defaults["margin"]
    return defaults | {name: value for name, value in values.items() if name != _FIELD_BY_FIELD or not isinstance(value, Mapping)}


def read_shipped_task(kind: str) -> dict[str, Any]:
    """The fields of the shipped task of a kind, as declared in its file."""
    return YamlFile(shipped_folder("tasks") / f"{kind}.yaml").values
