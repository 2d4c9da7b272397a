"""Messages of the core in the words of the command line: settings become options."""

from __future__ import annotations

from harness.errors import render_settings

# Settings whose option has another name than its parameter.
_OPTIONS = {"models": "--model", "tasks": "--task"}
_ROLES = ("input", "target", "group", "id")  # those with an option of their own


def with_options(text: str) -> str:
    """The text with each setting written as the option that sets it: `--force`, `--field NAME=COLUMN`."""
    return render_settings(text, _option)


def _option(name: str, value: str | None) -> str:
    if name.startswith("fields."):
        role = name.removeprefix("fields.")
        return f"--{role} {value}" if role in _ROLES else f"--field {role}={value}"
    option = _OPTIONS.get(name) or f"--{name.replace('_', '-')}"
    return option if value is None else f"{option} {value}"
