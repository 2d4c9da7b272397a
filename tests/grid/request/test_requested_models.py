"""Which models a request reads before they are needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.grid.request import Request, begin_to_read_models
from harness.types import ApiSpec, ArtifactSpec, Strategy, TrainSpec

HOSTED = Strategy(name="hosted", method="api", api=ApiSpec(base_url="https://api.example.org/v1", model="m"))
WHOLE = Strategy(name="tuned", method="artifact", artifact=ArtifactSpec(path="tuned", kind="model"))
ADAPTER = Strategy(name="adapted", method="artifact", artifact=ArtifactSpec(path="adapted", kind="adapter"))
FULL = Strategy(name="full", method="full", train=TrainSpec())


@pytest.mark.parametrize(
    ("strategies", "is_read"), [([HOSTED], False), ([WHOLE, HOSTED], False), ([ADAPTER], True), ([HOSTED, FULL], True)]
)
def test_models_are_read_ahead_if_a_strategy_uses_them(
    strategies: list[Strategy], is_read: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A grid file may name a model of 140 GB that hosted strategies do not use."""
    begun: list[tuple[str, ...]] = []
    monkeypatch.setattr("harness.grid.request.requested_models.begin_hashing", lambda names, here: begun.append(tuple(names)))
    begin_to_read_models(Request(tasks=("qa",), strategies=("full",), models=("large",)), strategies, tmp_path)
    assert begun == [("large",) if is_read else ()]
