"""The one direction of imports, and a package that is cheap to import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT

HEAVY = {"torch", "transformers", "peft", "accelerate", "bitsandbytes", "datasets", "pandas", "pyarrow", "sklearn", "scipy", "numpy"}


def test_a_room_imports_only_from_rows_above_its_own() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.parametrize("module", ["harness", "harness.types", "harness.errors", "harness.catalog", "harness.cli.main"])
def test_importing_is_cheap(module: str) -> None:
    code = f"import sys, {module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "harness" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_every_room_is_in_the_contract() -> None:
    """A room that the contract does not name would be free to import anything."""
    import tomllib

    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    layers = set(config["tool"]["importlinter"]["contracts"][0]["layers"])
    rooms = {f"harness.{p.stem}" for p in (ROOT / "harness").iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()}
    assert rooms - {"harness.__init__"} == layers


def test_only_harness_is_python() -> None:
    for door in ("tasks", "strategies", "reports"):
        assert not list((ROOT / door).rglob("*.py"))


def test_newcomers_are_told_of_every_room_in_the_order_of_imports() -> None:
    import re
    import tomllib

    layers = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]["layers"]
    (named,) = re.findall(r"a room a step: `([^`]+)`", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    folders = [name.removeprefix("harness.") for name in reversed(layers) if (ROOT / name.replace(".", "/") / "__init__.py").is_file()]
    assert named.split() == [name for name in folders if name not in ("types", "plugins")]
