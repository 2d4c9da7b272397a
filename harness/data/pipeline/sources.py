"""Registered sources: data that code generates or fetches instead of reading the user's file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple, TypeAlias, get_args

from harness.catalog import variable_problem
from harness.data import clinic
from harness.data.records import find_unusable_text, quote
from harness.errors import BenchError, first_line
from harness.plugins import InstalledPlugin, merge_with_plugins
from harness.types import DataSpec, Example, Kind, SplitName


class SourceRows(NamedTuple):
    """What a source returns.

    Attributes:
        version: changes whenever the rows do.
        rows: pairs of a split and an example. Each example has its own id and, for classification, either the labels as `choices` or none;
            the labels are then collected from the targets.
    """

    version: str
    rows: Iterable[tuple[SplitName, Example]]


SourceFunction: TypeAlias = Callable[[DataSpec, Kind], SourceRows]


def _clinic(spec: DataSpec, kind: Kind) -> SourceRows:
    if spec.options:
        raise BenchError(f"data.options: the source 'clinic' takes no options ({', '.join(spec.options)}). It reads 'size' and 'seed'")
    return SourceRows(clinic.VERSION, clinic.generate_records(kind, size=spec.size, seed=spec.seed))


SOURCES: Mapping[str, SourceFunction] = {"clinic": _clinic}


@lru_cache(maxsize=1)
def sources() -> Mapping[str, SourceFunction]:
    """All sources by name: the shipped ones and those of plug-ins.

    Raises:
        BenchError: a plug-in cannot be used, or two packages claim the same name.
    """
    return merge_with_plugins("source", SOURCES, _plugin_sources)


def _plugin_sources(installed: InstalledPlugin) -> Mapping[str, SourceFunction]:
    """The sources of a plug-in, guarded."""
    invalid = [name for name, source in installed.plugin.sources.items() if not (isinstance(name, str) and callable(source))]
    if invalid:
        raise BenchError(
            f"the package {installed.package}: the source {invalid[0]!r} must be a name with a function that returns SourceRows"
        )
    return {name: _guard(source, f"the source '{name}' of {installed.package}") for name, source in installed.plugin.sources.items()}


def _guard(source: SourceFunction, title: str) -> SourceFunction:
    """A plug-in's source, with its title in every error that it raises."""

    def guarded(spec: DataSpec, kind: Kind) -> SourceRows:
        try:
            result = source(spec, kind)
        except BenchError:
            raise
        except Exception as error:
            raise BenchError(f"{title} failed: {type(error).__name__}: {first_line(error)}") from error
        if not isinstance(result, SourceRows):
            raise BenchError(f"{title} must return SourceRows(version, rows), but it returned {type(result).__name__}")
        return SourceRows(str(result.version), _guard_rows(result.rows, title, kind))

    return guarded


def _guard_rows(rows: Iterable[tuple[SplitName, Example]], title: str, kind: Kind) -> Iterator[tuple[SplitName, Example]]:
    try:
        for split, example in rows:
            if split not in get_args(SplitName) or not isinstance(example, Example):
                raise BenchError(f"{title} must yield pairs of a split (train, validation, test) and an Example, but yielded {split!r}")
            if problem := _check_example(example, kind):
                raise BenchError(f"{title}: the example {quote(example.id)} of {split}: {problem}")
            yield split, example
    except BenchError:
        raise
    except Exception as error:
        raise BenchError(f"{title} failed: {type(error).__name__}: {first_line(error)}") from error


def _check_example(example: Example, kind: Kind) -> str | None:
    """What is wrong with an example made by code. Nothing enforces its types, and a wrong one would fail much later or go unnoticed."""
    if not isinstance(example.inputs, Mapping) or not example.inputs:
        return f"inputs must be a non-empty dictionary of names and texts, not {_describe(example.inputs)}"
    for field in ("targets", "choices"):
        if not isinstance(getattr(example, field), tuple):
            return f"{field} must be a tuple of texts, not {_describe(getattr(example, field))}"
    if not example.targets and kind != "qa":
        return "targets is empty. Only questions may have no answer"
    name_problems = [problem for name in example.inputs if isinstance(name, str) and (problem := variable_problem(name, name))]
    texts = [("id", example.id), *([("group", example.group)] if example.group is not None else [])]
    texts += [(f"inputs[{name!r}]", part) for name, text in example.inputs.items() for part in (name, text)]
    texts += [(f"{field}[{i}]", text) for field in ("targets", "choices") for i, text in enumerate(getattr(example, field))]
    text_problems = (f"{field} {problem}" for field, text in texts if (problem := _check_text(text)))
    return next(text_problems, name_problems[0] if name_problems else None)


def _check_text(text: object) -> str | None:
    if not isinstance(text, str):
        return f"must be text, not {_describe(text)}"
    return "is blank" if not text.strip() else find_unusable_text(text)


def _describe(value: object) -> str:
    return f"{type(value).__name__}: {quote(value)}"
