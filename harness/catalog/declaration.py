"""Where a task or strategy was declared: a YAML file or Python code. Messages name the place of the field at fault."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias

from harness.validation import field_path

Loc: TypeAlias = tuple[int | str, ...]


class Declaration(Protocol):
    """The values of a task or strategy as they were declared."""

    @property
    def values(self) -> Mapping[str, Any]: ...

    def problem(self, loc: Loc, message: str) -> str:
        """A message with the place of the field that it is about."""


class PythonObject:
    """A task or strategy that was built in Python. Messages name it and the field."""

    def __init__(self, display_name: str, values: Mapping[str, Any]) -> None:
        self.display_name = display_name
        self.values = values

    def problem(self, loc: Loc, message: str) -> str:
        return f"{self.display_name}: {field_path(loc)}: {message}"
