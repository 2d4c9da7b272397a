"""What `bench doctor --security` shows of files, runs and variables."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.doctor import Finding, list_security_checks


@pytest.fixture(autouse=True)
def _own_cache(own_cache: None) -> None: ...


def find(here: Path, **variables: str) -> list[Finding]:
    checks = list_security_checks(here / "runs", here / "registry", {"HF_HOME": str(here / "hub"), **variables})
    return [finding for check in checks for finding in check.run()]


def warnings(here: Path, **variables: str) -> dict[str, str]:
    return {finding.name: finding.text for finding in find(here, **variables) if finding.status != "ok"}


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    assert warnings(tmp_path) == {}
    assert {finding.name for finding in find(tmp_path)} == {
        "modes of runs",
        "modes of registry",
        "modes of cache",
        "trust in code",
        "tokens",
    }


def test_open_files_and_links_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "one"
    folder.mkdir(parents=True)
    (tmp_path / "runs").chmod(0o755)
    folder.chmod(0o755)
    for name, mode in (("private", 0o600), ("readable", 0o644), ("changeable", 0o666)):
        (folder / name).write_text("x")
        (folder / name).chmod(mode)
    texts = [finding.text for finding in find(tmp_path) if finding.name == "modes of runs"]
    assert texts == [f"others can change {folder}/changeable", f"others can read {folder}/readable"]
    (folder / "link").symlink_to("/etc/passwd")
    assert warnings(tmp_path)["links in runs"] == f"bench refuses {folder}/link"
    (tmp_path / "runs").chmod(0o700)
    assert "modes of runs" not in warnings(tmp_path)


def test_names_of_tokens_are_shown_and_never_their_values(tmp_path: Path) -> None:
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "token").write_text("hf_secret")
    (tmp_path / "hub" / "token").chmod(0o644)
    found = find(tmp_path, HF_TOKEN="hf_secret", OPENAI_API_KEY="sk-secret", HOME="/root", EMPTY_TOKEN="", PYTHONPATH="x")
    text = "\n".join(f"{finding.name}: {finding.text} {finding.hint}" for finding in found)
    assert "set in the environment (names only): HF_TOKEN, OPENAI_API_KEY" in text
    assert "token (0644) chmod 600" in text
    assert "PYTHONPATH is set" in text
    assert "secret" not in text
    assert os.environ.get("HF_TOKEN") is None or "HF_TOKEN" not in text.replace("HF_TOKEN, OPENAI", "")
