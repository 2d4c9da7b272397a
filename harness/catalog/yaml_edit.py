"""Setting one field in a task's YAML file, with everything else as its author wrote it."""

from __future__ import annotations

import re
from typing import Any

import yaml


def set_data_field(text: str, name: str, value: str, comment: str) -> str | None:
    """The text with `data.NAME` set; None where the way it is written does not allow that.

    Args:
        text: a valid YAML file with a block `data`.
        value: of letters and digits, so that it needs no quotes.
        comment: behind the value, without line breaks.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines(keepends=True)
    start = next((i for i, line in enumerate(lines) if re.match(r"data:\s*(#.*)?$", line)), None)
    if start is None:
        return None
    end = next((i for i in range(start + 1, len(lines)) if re.match(r"[^\s#]", lines[i])), len(lines))
    block = [i for i in range(start + 1, end) if re.match(r"\s+[^\s#]", lines[i])]
    if not block:
        return None
    indent = re.match(r"\s+", lines[block[0]])
    assert indent is not None
    line = f"{indent[0]}{name}: {value}  # {comment}{newline}"
    present = next((i for i in block if lines[i].startswith(f"{indent[0]}{name}:")), None)
    changed = [*lines[: start + 1], line, *lines[start + 1 :]] if present is None else [*lines[:present], line, *lines[present + 1 :]]
    edited = "".join(changed)
    return edited if _is_changed_only_in(yaml.safe_load(text), yaml.safe_load(edited), name, value) else None


def _is_changed_only_in(before: Any, after: Any, name: str, value: str) -> bool:
    """Whether the field is what differs between the two contents, if anything is."""
    return bool(after == {**before, "data": {**before["data"], name: value}})
