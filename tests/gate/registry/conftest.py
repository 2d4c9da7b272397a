"""Models in a registry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.api import promote
from harness.store import StoredRun
from tests.gate.conftest import Runs as Made


@pytest.fixture
def runs(runs: Made) -> Made:
    """Prompt strategies, whose artifact is only a prompt: these tests are about the registry."""
    return lambda quality=0.9, **more: runs(quality, tuned="few-shot", **more)


def promoted(run: StoredRun, registry: Path, strategy: str = "few-shot", **more: Any) -> Any:
    new = not (registry / "registry.sqlite").exists()
    event, _ = promote(
        run.path, strategy, registry=registry, **({"force": True, "reason": "a test", "new_registry": new, "fingerprint": False} | more)
    )
    return event
