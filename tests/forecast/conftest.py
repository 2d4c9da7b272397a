"""What several tests of forecasts need."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cache import cache_folder, use_cache_folder


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache without trials of other tests."""
    monkeypatch.setattr("harness.cache._Choice.folder", cache_folder())
    use_cache_folder(tmp_path)
