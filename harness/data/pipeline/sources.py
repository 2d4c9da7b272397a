"""Registered sources: data that is made or fetched by code instead of being read from the user's file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple, get_args

from harness.catalog import variable_problem
from harness.data import clinic
from harness.data.formats import shown, unusable_text
from harness.errors import BenchError, first_line
from harness.plugins import Installed, with_plugins
from harness.types import DataSpec, Example, Kind, SplitName


class SourceRows(NamedTuple):
    """What a source gives: its version, which changes whenever its rows do, and rows that are split already.

    Each has an id of its own and, for classification, either the labels as `choices` or none (they are then found in the rows).
    """

    version: str
    rows: Iterable[tuple[SplitName, Example]]


Source = Callable[[DataSpec, Kind], SourceRows]


def _clinic(spec: DataSpec, kind: Kind) -> SourceRows:
    if spec.options:
        raise BenchError(f"data.options: the source 'clinic' takes none ({', '.join(spec.options)}); it reads 'size' and 'seed'")
    return SourceRows(clinic.VERSION, clinic.records(kind, size=spec.size, seed=spec.seed))


SOURCES: Mapping[str, Source] = {"clinic": _clinic}


@lru_cache(maxsize=1)
def sources() -> Mapping[str, Source]:
    """Every source by name: the shipped ones and those of plug-ins.

    Raises:
        BenchError: for a plug-in that cannot be used, or a name that two packages claim.
    """
    return with_plugins("source", SOURCES, _offered)


def _offered(installed: Installed) -> Mapping[str, Source]:
    strange = [name for name, source in installed.plugin.sources.items() if not (isinstance(name, str) and callable(source))]
    if strange:
        raise BenchError(f"the package {installed.package}: its source {strange[0]!r} must be a name with a function that gives SourceRows")
    return {name: _guarded(source, f"the source '{name}' of {installed.package}") for name, source in installed.plugin.sources.items()}


def _guarded(source: Source, who: str) -> Source:
    """The source of a plug-in: whatever goes wrong in it is an error that names it."""

    def guarded(spec: DataSpec, kind: Kind) -> SourceRows:
        try:
            given = source(spec, kind)
        except BenchError:
            raise
        except Exception as error:
            raise BenchError(f"{who} failed: {type(error).__name__}: {first_line(error)}") from error
        if not isinstance(given, SourceRows):
            raise BenchError(f"{who} must give SourceRows(version, rows), and it gives {type(given).__name__}")
        return SourceRows(str(given.version), _guarded_rows(given.rows, who, kind))

    return guarded


def _guarded_rows(rows: Iterable[tuple[SplitName, Example]], who: str, kind: Kind) -> Iterator[tuple[SplitName, Example]]:
    try:
        for split, example in rows:
            if split not in get_args(SplitName) or not isinstance(example, Example):
                raise BenchError(f"{who} must give pairs of a split (train, validation, test) and an Example, and gives {split!r}")
            if problem := _row_problem(example, kind):
                raise BenchError(f"{who}: the row {shown(example.id)} of {split}: {problem}")
            yield split, example
    except BenchError:
        raise
    except Exception as error:
        raise BenchError(f"{who} failed: {type(error).__name__}: {first_line(error)}") from error


def _row_problem(example: Example, kind: Kind) -> str | None:
    """What is wrong with a row that code has made: types are only promised there, and what is wrong shows much later or not at all."""
    if not isinstance(example.inputs, Mapping) or not example.inputs:
        return f"inputs must be a dictionary of names and texts with at least one, and is {_seen(example.inputs)}"
    for field in ("targets", "choices"):
        if not isinstance(getattr(example, field), tuple):
            return f"{field} must be a tuple of texts, and is {_seen(getattr(example, field))}"
    if not example.targets and kind != "qa":
        return "targets is empty: only a question may have no answer"
    names = [problem for name in example.inputs if isinstance(name, str) and (problem := variable_problem(name, name))]
    texts = [("id", example.id), *([("group", example.group)] if example.group is not None else [])]
    texts += [(f"inputs[{name!r}]", part) for name, text in example.inputs.items() for part in (name, text)]
    texts += [(f"{field}[{i}]", text) for field in ("targets", "choices") for i, text in enumerate(getattr(example, field))]
    return next((f"{field} {wrong}" for field, text in texts if (wrong := _text_problem(text))), names[0] if names else None)


def _text_problem(text: object) -> str | None:
    if not isinstance(text, str):
        return f"must be text, and is {_seen(text)}"
    return "is blank" if not text.strip() else unusable_text(text)


def _seen(value: object) -> str:
    return f"{type(value).__name__}: {shown(value)}"
