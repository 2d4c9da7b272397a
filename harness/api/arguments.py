"""What callers may pass: one value or several; names, paths, or objects."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Literal, TypeAlias, TypeVar

from harness.types import Strategy, Task

PathLike: TypeAlias = str | os.PathLike[str]
# A run's folder, its name in `runs_dir`, "latest", or a `Run`, which is a path to its folder.
RunLike: TypeAlias = str | os.PathLike[str]
TaskLike: TypeAlias = str | os.PathLike[str] | Task
StrategyLike: TypeAlias = str | os.PathLike[str] | Strategy
Dtype: TypeAlias = Literal["auto", "float32", "bfloat16", "float16"]

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
