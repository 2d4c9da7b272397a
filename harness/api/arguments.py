"""What callers may pass: one value or several; names, paths, or objects."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypeVar

from harness.errors import BenchError
from harness.types import MOST_OUTPUTS_A_MONTH, SearchSpec, Strategy, Task
from harness.validation import count_problem, positive_problem

PathLike: TypeAlias = str | os.PathLike[str]
# A run's folder, its name in `runs_dir`, "latest", or a `Run`, which is a path to its folder.
RunLike: TypeAlias = str | os.PathLike[str]
TaskLike: TypeAlias = str | os.PathLike[str] | Task
StrategyLike: TypeAlias = str | os.PathLike[str] | Strategy
Dtype: TypeAlias = Literal["auto", "float32", "bfloat16", "float16"]
# True, a number of trials, a budget such as "2h", or the fields of `search` in a grid file.
Search: TypeAlias = bool | int | str | Mapping[str, Any] | SearchSpec | None
ModelFormat: TypeAlias = Literal["safetensors", "gguf"]

V = TypeVar("V", Task, Strategy)


def as_texts(value: PathLike | Sequence[PathLike] | None) -> tuple[str, ...]:
    """One name or path, or several, as texts; None is none."""
    if value is None:
        return ()
    return (os.fspath(value),) if isinstance(value, str | os.PathLike) else tuple(os.fspath(one) for one in value)


def as_declared(value: PathLike | V | Sequence[PathLike | V]) -> tuple[str | V, ...]:
    """One task or strategy, or several; paths become texts."""
    several = (value,) if isinstance(value, str | os.PathLike | Task | Strategy) else tuple(value)
    return tuple(os.fspath(one) if isinstance(one, str | os.PathLike) else one for one in several)


def check_counts(**values: int | None) -> None:
    """Check whole numbers from 1, by the name of their argument; None is no value.

    Raises:
        BenchError: with every number that is out of range.
    """
    problems = [count_problem(name, value) for name, value in values.items() if value is not None]
    _raise(problems)


def check_count(name: str, value: int, *, most: int) -> None:
    """Check a whole number from 1 to `most`.

    Raises:
        BenchError: it is out of range.
    """
    _raise([count_problem(name, value, most=most)])


def check_volume(volume: int | None) -> None:
    """Check a number of outputs a month.

    Raises:
        BenchError: it is out of range.
    """
    if volume is not None:
        _raise([count_problem("volume", volume, most=MOST_OUTPUTS_A_MONTH)])


def check_seconds(**values: float | None) -> None:
    """Check numbers of seconds from 0, by the name of their argument; None is no value.

    Raises:
        BenchError: with every number that is out of range.
    """
    _raise([positive_problem(name, value) for name, value in values.items() if value is not None and value != 0])


def check_margin(margin: float | None) -> None:
    """Check an accepted loss.

    Raises:
        BenchError: it is not a number above 0.
    """
    if margin is not None:
        _raise([positive_problem("margin", margin)])


def _raise(problems: Sequence[str]) -> None:
    if any(problems):
        raise BenchError([problem for problem in problems if problem])
