"""Reading a YAML file into a strict model, with every problem of the file at once: `file:line: field: what is wrong`."""

from __future__ import annotations

import reprlib
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from harness.errors import BenchError, did_you_mean

M = TypeVar("M", bound=BaseModel)
Loc = tuple[int | str, ...]


class Declaration(Protocol):
    """Where the values of a task or strategy were written: a YAML file, or Python code."""

    @property
    def values(self) -> Mapping[str, Any]: ...

    def problem(self, loc: Loc, message: str) -> str:
        """A message with the place of the field that it is about."""


class PythonObject:
    """A task or strategy built in Python; messages name it and the field."""

    def __init__(self, shown: str, values: Mapping[str, Any]) -> None:
        self.shown = shown
        self.values = values

    def problem(self, loc: Loc, message: str) -> str:
        return f"{self.shown}: {_dotted(loc)}: {message}"


# What pydantic says when a value is not of the shape that a branch of a union takes.
_NOT_A_MAPPING = ("dict_type", "mapping_type", "model_type")
_NOT_A_SCALAR = ("string_type", "float_type")
_NOT_A_LIST = ("tuple_type",)

# A value in a message is cut: it may be a book, and YAML's aliases can make it one of gigabytes.
_shown = reprlib.Repr()
_shown.maxstring = _shown.maxother = 60
_shown.maxlevel = 2


class YamlFile:
    """A parsed mapping that still knows on which line each field stands."""

    def __init__(self, path: Path, shown: str | None = None) -> None:
        """Read `path`; `shown` is how the file is called in messages.

        Raises:
            BenchError: when the file is missing, not UTF-8, not YAML, not a mapping, or repeats a key.
        """
        self.shown = shown or str(path)
        try:
            self._root: yaml.Node | None = yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)
        except OSError as error:
            raise BenchError(f"{self.shown}: cannot be read: {error.strerror}") from None
        except UnicodeDecodeError as error:
            raise BenchError(f"{self.shown}: is not UTF-8 (byte {error.start}); save it as UTF-8") from None
        except yaml.MarkedYAMLError as error:
            line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
            raise BenchError(f"{self.shown}{line}: is not valid YAML: {error.problem}") from None
        except yaml.YAMLError as error:
            raise BenchError(f"{self.shown}: is not valid YAML: {str(error).splitlines()[0]}") from None
        except RecursionError:
            raise BenchError(f"{self.shown}: is nested too deeply") from None
        if not isinstance(self._root, yaml.MappingNode):
            raise BenchError(f"{self.shown}: must be a mapping of fields to values, such as 'name: my-task'")
        repeated = [self.problem((), problem, line) for problem, line in _repeated_keys(self._root, set())]
        if repeated:
            raise BenchError(repeated)
        try:
            self.values: dict[str, Any] = yaml.SafeLoader("").construct_document(self._root)
        except yaml.MarkedYAMLError as error:
            line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
            raise BenchError(f"{self.shown}{line}: {error.problem}") from None
        except ValueError as error:  # a value that only looks like a date or a number, such as 2020-13-45
            raise BenchError(f"{self.shown}: is not valid YAML: {error}; put quotes around text") from None

    def place(self, loc: Loc) -> str:
        """The file, the line and the field of a value: "grid.yaml:7: exclude[0]"."""
        return self.problem(loc, "").removesuffix(": ")

    def problem(self, loc: Loc, message: str, line: int | None = None) -> str:
        """A message with the file, the line and the field that it is about."""
        field = _dotted(loc)
        return f"{self.shown}:{line or self._line(loc)}: " + (f"{field}: " if field else "") + message

    def problems(self, model: type[BaseModel], error: ValidationError) -> list[str]:
        """Everything that pydantic found, in our words."""
        details = error.errors(include_url=False, include_context=True)
        found = [self._worded(model, detail) for detail in details if not self._other_branch(detail, details)]
        return list(dict.fromkeys(found))

    def in_order(self, problems: Sequence[str]) -> list[str]:
        """The problems in the order of the file's lines."""
        return sorted(problems, key=lambda text: int(text[len(self.shown) + 1 :].split(":", 1)[0]))

    def _other_branch(self, detail: ErrorDetails, details: Sequence[ErrorDetails]) -> bool:
        """Whether it is only said of a branch of a union that the user did not mean, while there is more to say of the other."""
        given = detail["input"]
        if isinstance(given, Mapping):
            not_meant: tuple[str, ...] = (*_NOT_A_SCALAR, *_NOT_A_LIST)
        elif isinstance(given, list):
            not_meant = (*_NOT_A_SCALAR, *_NOT_A_MAPPING)
        else:
            not_meant = (*_NOT_A_LIST, *_NOT_A_MAPPING)
        if detail["type"] not in not_meant:
            return False
        loc = self._present(detail["loc"])
        in_union = len(loc) < len(detail["loc"])
        return in_union and any(self._present(d["loc"])[: len(loc)] == loc for d in details if d is not detail)

    def _worded(self, model: type[BaseModel], detail: ErrorDetails) -> str:
        loc = self._present(detail["loc"])
        kind, seen = detail["type"], detail.get("input")
        if kind == "extra_forbidden":
            parent, name = loc[:-1], str(loc[-1])
            return self.problem(parent, f"unknown field '{name}'.{did_you_mean(name, _fields_at(model, parent))}", self._line(loc))
        if kind == "missing":
            parent = tuple(detail["loc"][:-1])
            return self.problem(self._present(parent), f"the field '{detail['loc'][-1]}' is missing")
        message = detail["msg"].removeprefix("Value error, ")
        message = message[0].lower() + message[1:]
        if kind == "literal_error" and isinstance(seen, str):
            expected = [part.strip(" '") for part in str(detail["ctx"]["expected"]).replace(" or ", ", ").split(",")]
            message = f"unknown value '{seen}'.{did_you_mean(seen, expected)}"
        elif kind == "string_type" and isinstance(seen, bool | int | float):
            message = f"must be text, and YAML reads this as {str(seen).lower()}: put quotes around it"
        elif kind != "value_error" and not isinstance(seen, Mapping):
            message += f", not {_shown.repr(seen)}"
        return self.problem(loc, message)

    def _present(self, loc: Loc) -> Loc:
        """The part of a location that stands in the file (pydantic adds the names of union members)."""
        node: yaml.Node | None = self._root
        kept: list[int | str] = []
        for step in loc:
            child = _child(node, step)
            if child is not None:
                kept.append(step)
                node = child
        return tuple(kept)

    def _line(self, loc: Loc) -> int:
        node: yaml.Node | None = self._root
        if node is None:
            return 1
        line: int = node.start_mark.line
        for step in loc:
            if isinstance(node, yaml.MappingNode):
                line = next((k.start_mark.line for k, _ in reversed(node.value) if k.value == step), line)
            child = _child(node, step)
            if child is None:
                break
            node = child
            if isinstance(step, int):
                line = node.start_mark.line
        return line + 1


def parse(file: YamlFile, values: Mapping[str, Any], model: type[M]) -> tuple[M | None, list[str]]:
    """The model made of `values`, or None and every problem."""
    try:
        return model.model_validate(values), []
    except ValidationError as error:
        return None, file.problems(model, error)


def _child(node: yaml.Node | None, step: int | str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        # The last one counts: what comes in by a merge key (<<) stands before what overrides it.
        return next((value for key, value in reversed(node.value) if key.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        child: yaml.Node = node.value[step]
        return child
    return None


def _dotted(loc: Sequence[int | str]) -> str:
    text = ""
    for step in loc:
        text += f"[{step}]" if isinstance(step, int) else (f".{step}" if text else step)
    return text


def _repeated_keys(node: yaml.Node, visited: set[int]) -> list[tuple[str, int]]:
    """YAML readers keep the last of two equal keys in silence: a field that is not used would look as if it were.

    A node that aliases bring in again is looked at once (`visited`): it may even hold itself.
    """
    found: list[tuple[str, int]] = []
    if id(node) in visited:
        return found
    visited.add(id(node))
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                found.append((f"the field '{key.value}' stands twice", key.start_mark.line + 1))
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else "")
            found += _repeated_keys(value, visited)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            found += _repeated_keys(value, visited)
    return found


def _fields_at(model: type[BaseModel], loc: Loc) -> list[str]:
    """The fields that are known at a place in a model."""
    models = [model]
    for step in loc:
        annotations = [m.model_fields[str(step)].annotation for m in models if str(step) in m.model_fields]
        models = [m for a in annotations for m in _models_in(a)]
    return [name for m in models for name in m.model_fields]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if typing.get_origin(annotation) in (typing.Union, types.UnionType, typing.Annotated, tuple):
        return [m for a in typing.get_args(annotation) for m in _models_in(a)]
    return []
