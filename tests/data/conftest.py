"""Fixtures that write a file and load it as a task would."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from harness.data import load_splits
from harness.data.clinic import generate_records
from harness.errors import BenchError
from harness.types import Example, Kind, SplitName, Splits, Task

MakeTask = Callable[..., Task]
ClinicRows = Callable[[Kind], list[tuple[SplitName, Example]]]


@pytest.fixture(scope="session")
def clinic() -> ClinicRows:
    """3,000 records of a kind: 2,100 for training, 300 for validation, 600 for test."""
    return lru_cache(lambda kind: list(generate_records(kind, size=3000, seed=7)))


@pytest.fixture
def make_task() -> MakeTask:
    def make(kind: Kind = "summarization", labels: tuple[str, ...] = (), no_answer: str | None = None, **data: Any) -> Task:
        rest: dict[str, Any] = {"prompt": "{{ input }}", "metrics": ("rouge",), "primary": "rougeL"}
        return Task(name="notes", kind=kind, labels=labels, no_answer=no_answer, data=data, **rest)

    return make


@pytest.fixture
def load(tmp_path: Path, make_task: MakeTask) -> Callable[..., Splits]:
    """load(content, name="visits.csv", …) writes one file and loads it; load({"train": …, "test": …}) writes CSV files of those names."""

    def run(
        content: str | bytes | dict[str, str], name: str = "visits.csv", limit: int | None = None, limit_seed: int = 0, **task: Any
    ) -> Splits:
        def write(file: str, text: str | bytes) -> str:
            (tmp_path / file).write_bytes(text if isinstance(text, bytes) else text.encode())
            return file

        if isinstance(content, dict):
            path: Any = {split: write(f"{split}.csv", text) for split, text in content.items()}
        else:
            path = write(name, content)
        return load_splits(make_task(path=path, **task), folder=tmp_path, limit=limit, limit_seed=limit_seed)

    return run


@pytest.fixture
def refused(load: Callable[..., Splits]) -> Callable[..., str]:
    """The error message of a load that must fail."""

    def run(*args: Any, **kwargs: Any) -> str:
        with pytest.raises(BenchError) as caught:
            load(*args, **kwargs)
        return str(caught.value)

    return run


@pytest.fixture
def in_order() -> Callable[[Splits], list[Example]]:
    """All examples in the order of their numeric ids."""

    def collect(splits: Splits) -> list[Example]:
        return sorted([*splits.train, *splits.validation, *splits.test], key=lambda e: int(e.id))

    return collect
