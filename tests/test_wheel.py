"""The wheel, installed in an environment of its own, works far from the checkout and beside a user's own `tasks.py`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from places import ROOT


def done(*command: str | Path, here: Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end, without what this environment would lend it."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "BENCH_", "VIRTUAL_ENV"))}
    clean |= dict(env or {})
    clean |= {"HF_HUB_OFFLINE": "1", "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "BENCH_CACHE_DIR": str(here / ".cache")}
    ended = subprocess.run([str(c) for c in command], cwd=here, env=clean, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, f"{command}\n{ended.stdout[-3000:]}\n{ended.stderr[-3000:]}"
    return ended


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel, and a working directory that is the user's."""

    python: Path
    here: Path

    @property
    def bench(self) -> Path:
        return self.python.with_name("bench")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    done(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, ROOT, here=out)
    (file,) = out.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Its own site-packages come first; those of this environment follow for the dependencies. A path in a .pth file does not have its
    own .pth files read, so that the editable install of the checkout stays out."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    done(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--quiet", wheel, here=folder)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    here = tmp_path_factory.mktemp("user")
    for name in ("tasks", "strategies", "reports"):
        (here / f"{name}.py").write_text("raise SystemExit('the user\\'s own module was imported')\n")
    return Installed(python, here)


def test_what_is_in_the_wheel(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"harness"}, "no top-level tasks, strategies, reports or tests"
    for door in ("tasks", "strategies", "reports"):
        shipped = {n.removeprefix(f"harness/_shipped/{door}/") for n in names if n.startswith(f"harness/_shipped/{door}/")}
        there = {str(f.relative_to(ROOT / door)) for f in (ROOT / door).rglob("*") if f.is_file()}
        assert shipped == there
        assert shipped
    for needed in ("py.typed", "measure/devices.yaml", "engine/models/tiny/model.safetensors", "engine/models/tiny/tokenizer.json"):
        assert f"harness/{needed}" in names
    assert [n for n in names if n.endswith(".dist-info/licenses/LICENSE")]
    assert not [n for n in names if n.startswith("harness/workshop")], "how the tiny model is made is not part of the product"
    assert not [n for n in names if n.endswith((".pyc", ".bin", ".pt", ".pth", ".pkl"))]


def test_two_builds_are_equal(wheel: Path, tmp_path: Path) -> None:
    """Anybody can build the same wheel from the same commit, and so check what it was made of."""
    (tmp_path / "elsewhere").mkdir()
    before = os.umask(0o077)
    try:
        done(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path / "elsewhere", ROOT, here=tmp_path)
    finally:
        os.umask(before)
    (second,) = tmp_path.glob("elsewhere/*.whl")
    assert second.read_bytes() == wheel.read_bytes()


def test_it_is_the_wheel_that_is_imported(installed: Installed) -> None:
    code = "import harness; from harness.catalog import shipped_folder; print(harness.__file__, shipped_folder('tasks'), sep='\\n')"
    paths = done(installed.python, "-c", code, here=installed.here).stdout.split()
    assert len(paths) == 2
    for path in paths:
        assert Path(path).is_relative_to(installed.python.parent.parent), "neither the checkout nor this environment"


def test_version_is_that_of_the_project(installed: Installed, wheel: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert wheel.name.split("-")[1] == project["version"]
    assert done(installed.bench, "--version", here=installed.here).stdout == f"bench, version {project['version']}\n"
    assert (
        done(installed.python, "-c", "import harness; print(harness.__version__)", here=installed.here).stdout.strip() == project["version"]
    )


def test_uv_installs_bench_as_a_tool(wheel: Path, tmp_path: Path) -> None:
    """Without the dependencies, which are gigabytes: they are those of this environment."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if uv is None:
        pytest.skip("uv is not installed")
    requirements = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    overrides = tmp_path / "overrides.txt"
    overrides.write_text("".join(f"{re.split('[<>=!~]', line)[0]}; python_version < '3'\n" for line in requirements))
    tools, commands = tmp_path / "tools", tmp_path / "bin"
    options = ("--offline", "--python", sys.executable, "--overrides", overrides)
    done(uv, "tool", "install", *options, wheel, here=tmp_path, env={"UV_TOOL_DIR": str(tools), "UV_TOOL_BIN_DIR": str(commands)})
    (site,) = tools.glob("finetune-bench/lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    assert "qlora" in done(commands / "bench", "strategies", here=tmp_path).stdout


def test_the_command_lists_what_is_shipped(installed: Installed) -> None:
    tasks = done(installed.bench, "tasks", here=installed.here).stdout.splitlines()
    assert [line.split()[0] for line in tasks] == sorted(f.stem for f in (ROOT / "tasks").glob("*.yaml"))
    strategies = done(installed.bench, "strategies", here=installed.here).stdout.splitlines()
    assert [line.split()[0] for line in strategies] == sorted(f.stem for f in (ROOT / "strategies").glob("*.yaml"))


def test_a_run_from_a_folder_with_modules_of_the_same_names(installed: Installed) -> None:
    arguments = ("--task", "classification", "--strategies", "lora", "--limit", "12", "--epochs", "1", "--serving-seconds", "0")
    ended = done(installed.bench, "run", *arguments, here=installed.here)
    folder = installed.here / ended.stdout.splitlines()[-1]
    assert (folder / "report.html").is_file()
    assert len(list(folder.glob("cells/*/cell.json"))) == 2
    assert str(ROOT) not in (folder / "run.json").read_text()
