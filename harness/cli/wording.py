"""Messages of the core as the command line writes them: settings become options, control characters become visible."""

from __future__ import annotations

import os

from harness.errors import render_settings

# Settings whose option has another name than its parameter.
_OPTIONS = {
    "name": "--as",
    "earlier": "--from",
    "outputs_name": "--name",
    "tasks_dirs": "--tasks-dir",
    "strategies_dirs": "--strategies-dir",
    "formats": "--format",
    "plugins": "--plugin",
    "guardrails": "--guardrail",
    "fixes": "--fix",
    "search": "--tune",
    "date_column": "--date",
    "judge": "--with",
}
# Switches that are on in Python and turned off on the command line.
_SWITCHED_OFF = {"base": "--no-base", "reuse": "--no-reuse", "with_text": "--without-text", "with_base": "--without-base"}
# Settings that the command line takes from the environment.
_VARIABLES = {"cache_folder": "BENCH_CACHE_DIR"}
# Options whose value may come from the environment instead.
_OPTION_OR_VARIABLE = {"registry": "BENCH_REGISTRY"}
_ROLES = ("input", "target", "group", "id")  # columns with an option of their own


def message(text: str) -> str:
    """A message of the core, ready for the terminal."""
    return printable(with_options(text))


def with_options(text: str) -> str:
    """The text with each setting written as the option that sets it: `--force`, `--field NAME=COLUMN`."""
    return render_settings(text, _option)


def printable(text: str) -> str:
    """The text with control characters made visible: values from files must not control the terminal."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\x{ord(c):02x}" for c in text)


def _option(name: str, value: str | None) -> str:
    if name.startswith("fields."):
        role = name.removeprefix("fields.")
        return f"--{role} {value}" if role in _ROLES else f"--field {role}={value}"
    if name in _VARIABLES:
        return f"{_VARIABLES[name]}={value}"
    if name in _OPTION_OR_VARIABLE and value and os.environ.get(_OPTION_OR_VARIABLE[name]) == value:
        return f"{_OPTION_OR_VARIABLE[name]}={value}"
    if value == "False" and name in _SWITCHED_OFF:
        return _SWITCHED_OFF[name]
    option = _OPTIONS.get(name) or f"--{name.replace('_', '-')}"
    return option if value is None else f"{option} {value}"
