"""Read a YAML file into a strict model and report every problem of the file at once, as `file:line: field: problem`."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from harness.bounded_file import read_bounded
from harness.catalog.declaration import Loc
from harness.errors import BenchError, did_you_mean
from harness.validation import describe_problem, field_path

M = TypeVar("M", bound=BaseModel)

# Pydantic's error types for a value that does not have the form that a member of a union takes.
_NOT_A_MAPPING = ("dict_type", "mapping_type", "model_type")
_NOT_A_SCALAR = ("string_type", "float_type")
_NOT_A_LIST = ("tuple_type",)
MAX_BYTES = 256 * 1024  # of a file: Python reads YAML slowly, and a declaration has a few kilobytes
MAX_VALUES = 100_000  # with every alias written out: a few lines of aliases can stand for billions of values
MAX_DIGITS = 100  # of a number
# What the loader raises for values that do not fit their tag (`!!bool x`, `!!timestamp x`), and for characters that do not exist.
_VALUE_ERRORS = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError)


class YamlFile:
    """A parsed YAML mapping that knows the line of each field."""

    def __init__(self, path: Path, display_name: str | None = None) -> None:
        """Read a file.

        Args:
            display_name: the file as messages name it; its path by default.

        Raises:
            BenchError: the file is missing, not UTF-8, not YAML, not a mapping, or repeats a key.
        """
        self.display_name = display_name or str(path)
        root = self._compose(self._read(path))
        if not isinstance(root, yaml.MappingNode):
            raise BenchError(f"{self.display_name}: must be a mapping of fields to values, such as 'name: my-task'")
        self._root = root
        if excess := _find_excess(root):
            raise BenchError(self.problem((), *excess))
        repeated = [self.problem((), problem, line) for problem, line in _repeated_keys(self._root, set())]
        if repeated:
            raise BenchError(repeated)
        self.values: dict[str, Any] = self._construct(self._root)

    def _read(self, path: Path) -> str:
        too_large = f"is larger than {MAX_BYTES >> 10} KiB, the limit for a YAML file. Name data by its path"
        content = read_bounded(path, MAX_BYTES, too_large=too_large, shown=self.display_name)
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise BenchError(f"{self.display_name}: is not UTF-8 (byte {error.start}). Save it as UTF-8") from None

    def _compose(self, text: str) -> yaml.Node | None:
        try:
            root: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
            raise BenchError(f"{self.display_name}{line}: is not valid YAML: {error.problem}") from None
        except yaml.YAMLError as error:
            raise BenchError(f"{self.display_name}: is not valid YAML: {str(error).splitlines()[0]}") from None
        except RecursionError:
            raise BenchError(f"{self.display_name}: is nested too deeply") from None
        except _VALUE_ERRORS as error:  # a character that does not exist, such as "\\U00110000"
            raise BenchError(f"{self.display_name}: is not valid YAML: {error}") from None
        return root

    def _construct(self, root: yaml.Node) -> dict[str, Any]:
        try:
            values = yaml.SafeLoader("").construct_document(root)
        except yaml.MarkedYAMLError as error:
            line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
            raise BenchError(f"{self.display_name}{line}: {error.problem}") from None
        except RecursionError:
            raise BenchError(f"{self.display_name}: is nested too deeply") from None
        except ValueError as error:  # text that looks like a date or a number, such as 2020-13-45
            raise BenchError(f"{self.display_name}: is not valid YAML: {error}; put quotes around text") from None
        except _VALUE_ERRORS as error:
            raise BenchError(f"{self.display_name}: is not valid YAML: a value does not fit its tag ({error}). Remove the tag") from None
        if not isinstance(values, dict):
            raise BenchError(f"{self.display_name}: must be a mapping of fields to values, such as 'name: my-task'")
        return values

    def place(self, loc: Loc) -> str:
        """The file, line and field of a value: "grid.yaml:7: exclude[0]"."""
        return self.problem(loc, "").removesuffix(": ")

    def problem(self, loc: Loc, message: str, line: int | None = None) -> str:
        """A message with the file, line and field that it is about."""
        field = field_path(loc)
        return f"{self.display_name}:{line or self._line(loc)}: " + (f"{field}: " if field else "") + message

    def problems(self, model: type[BaseModel], error: ValidationError) -> list[str]:
        """Every problem that pydantic found, in our words."""
        details = error.errors(include_url=False, include_context=True)
        relevant = [detail for detail in details if not self._is_about_other_form(detail, details)]
        messages = [self._describe(model, detail) for detail in relevant or details]
        return list(dict.fromkeys(messages))

    def in_order(self, problems: Sequence[str]) -> list[str]:
        """The problems in the order of the file's lines."""
        return sorted(problems, key=lambda text: int(text[len(self.display_name) + 1 :].split(":", 1)[0]))

    def _is_about_other_form(self, detail: ErrorDetails, details: Sequence[ErrorDetails]) -> bool:
        """Whether a problem is about a form of a union that the user did not choose, while another is about the chosen form."""
        value = detail["input"]
        if isinstance(value, Mapping):
            other_forms: tuple[str, ...] = (*_NOT_A_SCALAR, *_NOT_A_LIST)
        elif isinstance(value, list):
            other_forms = (*_NOT_A_SCALAR, *_NOT_A_MAPPING)
        else:
            other_forms = (*_NOT_A_LIST, *_NOT_A_MAPPING)
        if detail["type"] not in other_forms:
            return False
        loc = self._present(detail["loc"])
        in_union = len(loc) < len(detail["loc"])
        return in_union and any(self._present(d["loc"])[: len(loc)] == loc for d in details if d is not detail)

    def _describe(self, model: type[BaseModel], detail: ErrorDetails) -> str:
        loc = self._present(detail["loc"])
        kind, value = detail["type"], detail.get("input")
        if kind == "extra_forbidden":
            parent, name = loc[:-1], str(loc[-1])
            return self.problem(parent, f"unknown field '{name}'.{did_you_mean(name, _fields_at(model, parent))}", self._line(loc))
        if kind == "missing":
            parent = tuple(detail["loc"][:-1])
            return self.problem(self._present(parent), f"the field '{detail['loc'][-1]}' is missing")
        if kind == "string_type" and isinstance(value, bool | int | float):
            return self.problem(loc, f"must be text, but YAML reads this value as {str(value).lower()}. Put it in quotes")
        return self.problem(loc, describe_problem(detail))

    def _present(self, loc: Loc) -> Loc:
        """The part of a location that is in the file; pydantic adds the names of union members."""
        node: yaml.Node | None = self._root
        present: list[int | str] = []
        for step in loc:
            child = _child(node, step)
            if child is not None:
                present.append(step)
                node = child
        return tuple(present)

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


def parse_yaml_value(text: str) -> Any:
    """A value as YAML reads it; the text itself where YAML cannot read it or it holds aliases."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is None or _find_excess(root) is not None:
            return None if root is None else text
        return yaml.SafeLoader("").construct_document(root)
    except (yaml.YAMLError, RecursionError, *_VALUE_ERRORS):
        return text


def parse(file: YamlFile, values: Mapping[str, Any], model: type[M]) -> tuple[M | None, list[str]]:
    """Build the model from the values of a file.

    Returns:
        The model, or None; and every problem.
    """
    try:
        return model.model_validate(values), []
    except ValidationError as error:
        return None, file.problems(model, error)


def _child(node: yaml.Node | None, step: int | str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        # The last entry counts: entries that come from a merge key (<<) precede the ones that override them.
        return next((value for key, value in reversed(node.value) if key.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        child: yaml.Node = node.value[step]
        return child
    return None


def _find_excess(root: yaml.Node) -> tuple[str, int] | None:
    """The first limit that a document exceeds, and its line; None if it keeps all. Aliases are counted as often as they are used."""
    sizes: dict[int, int] = {}
    unfinished: set[int] = set()
    pending = [(root, False)]
    while pending:  # without recursion: a stranger decides how deep the document is
        node, is_complete = pending.pop()
        line = node.start_mark.line + 1
        if isinstance(node, yaml.ScalarNode):
            if len(node.value) > MAX_DIGITS and node.tag.endswith((":int", ":float")):
                return f"a number with {len(node.value):,} characters is too long; put quotes around text", line
            sizes[id(node)] = 1 + len(node.value) // 50  # long texts count more
        elif is_complete:
            unfinished.discard(id(node))
            sizes[id(node)] = 1 + sum(sizes[id(child)] for child in _children(node))
            if sizes[id(node)] > MAX_VALUES:
                return f"holds more than {MAX_VALUES:,} values with every alias written out", line
        elif id(node) not in sizes:
            if id(node) in unfinished:
                continue
            unfinished.add(id(node))
            children = _children(node)
            if any(id(child) in unfinished for child in children):
                return "holds an alias of something that contains it", line
            pending.append((node, True))
            pending += [(child, False) for child in children if id(child) not in sizes]
    return None


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [child for pair in node.value for child in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _repeated_keys(node: yaml.Node, visited: set[int]) -> list[tuple[str, int]]:
    """Repeated keys with their lines. YAML readers silently keep the last one, so that the other would look as if it were used.

    Args:
        visited: nodes that have been checked. Aliases can repeat a node, and a node can even contain itself.
    """
    problems: list[tuple[str, int]] = []
    if id(node) in visited:
        return problems
    visited.add(id(node))
    if isinstance(node, yaml.MappingNode):
        keys: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in keys:
                problems.append((f"the field '{key.value}' is given twice", key.start_mark.line + 1))
            keys.add(key.value if isinstance(key, yaml.ScalarNode) else "")
            problems += _repeated_keys(value, visited)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            problems += _repeated_keys(value, visited)
    return problems


def _fields_at(model: type[BaseModel], loc: Loc) -> list[str]:
    """The fields that a model knows at a location."""
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
