"""A user's working directory, and a catalog that reads it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.catalog import Catalog
from harness.errors import BenchError
from harness.grid import vocabulary

Problems = Callable[..., tuple[str, ...]]


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(vocabulary(), here=tmp_path)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a file below the working directory."""

    def _write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    return _write


@pytest.fixture
def problems(catalog: Catalog, write: Callable[[str, str], Path]) -> Problems:
    """Every problem that the catalog finds in a file with this text."""

    def _problems(text: str, name: str = "mine.yaml") -> tuple[str, ...]:
        with pytest.raises(BenchError) as caught:
            catalog.check(write(name, text))
        return caught.value.problems

    return _problems
