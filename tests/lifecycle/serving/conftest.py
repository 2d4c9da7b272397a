"""A promoted model of the small run that all tests share, and an MLflow without a server."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.api import promote
from harness.lifecycle.serving.mlflow_mirror import SETTINGS
from tests.conftest import Made

FORCED = {"force": True, "reason": "a test"}
TASK = "classification"


@dataclass(frozen=True)
class Promoted:
    """A working directory with a copy of the run, and a registry in which lora is the champion."""

    here: Path
    run: Path

    @property
    def registry(self) -> Path:
        return self.here / "registry"


@pytest.fixture(scope="module")
def promoted_once(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Promoted:
    here = tmp_path_factory.mktemp("promoted")
    run = shutil.copytree(made.folder, here / "runs" / made.folder.name)
    promote(run, "lora", registry=here / "registry", new_registry=True, fingerprint=False, **FORCED)
    return Promoted(here, run)


@pytest.fixture
def promoted(promoted_once: Promoted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Promoted:
    """A copy that a test may change."""
    monkeypatch.setattr("harness.cache._Choice.folder", tmp_path / ".cache")
    here = shutil.copytree(promoted_once.here, tmp_path / "here")
    monkeypatch.chdir(here)
    return Promoted(here, here / promoted_once.run.relative_to(promoted_once.here))


@pytest.fixture
def mlflow_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an MLflow that keeps everything in files: creating its tables in SQLite alone takes seconds."""
    pytest.importorskip("mlflow")
    import mlflow

    address = (tmp_path / "mlflow").as_uri()
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", address)
    for name in SETTINGS:  # set by the mirror; this brings them back after the test
        monkeypatch.setenv(name, "1")
    mlflow.set_tracking_uri(None)
    return address
