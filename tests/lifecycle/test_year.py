"""docs/year.py: what a reader of its output would check. Two drifts, a bad retraining, an A/B test and a complaint in twelve months."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict
from datetime import datetime
from pathlib import Path

import pytest
from places import ROOT

from harness.api import history, list_retrainings, read_ab_test
from harness.gate import assign_stages

SCRIPT = ROOT / "docs" / "year.py"
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
MONTHS = [datetime(2026, month, 1).strftime("%B") for month in range(1, 13)]


def start(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, list[str]]]:
    """The folder, and the lines of each month."""
    if not FAKETIME.is_file():
        pytest.skip("libfaketime is not installed")
    folder = tmp_path_factory.mktemp("life") / "year"
    done = start(str(folder))
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    lines = defaultdict(list)
    for line in done.stdout.splitlines():
        month, text = line.split(maxsplit=1)
        lines[month].append(text)
    return folder, dict(lines)


@pytest.mark.soak
def test_each_drift_is_found_in_its_month_and_quiet_months_are_stable(year: tuple[Path, dict[str, list[str]]]) -> None:
    _, lines = year
    assert list(lines) == MONTHS
    watched = {month: next(text for text in texts if text.startswith("watch:")) for month, texts in lines.items() if month != "January"}
    assert {month for month, text in watched.items() if "Stable" not in text} == {"March", "August"}
    # The fingerprint has a random salt, which decides which of the new words share a group and which are named first.
    assert any(f"“{word}”" in watched["March"] for word in ("also", "zorvatinib", "which", "recalled"))


@pytest.mark.soak
def test_the_bad_model_is_held_and_never_in_service(year: tuple[Path, dict[str, list[str]]]) -> None:
    folder, _ = year
    steps = {step.today.month: step for step in list_retrainings("desk", registry=folder / "registry")}
    assert {month: step.outcome for month, step in steps.items() if month < 12} == {3: "promoted", 6: "held", 8: "promoted"}
    assert steps[12].outcome in ("promoted", "undecided"), "both models give nearly the same answers"
    assert steps[6].run not in {event.run for event in history("desk", registry=folder / "registry")}


@pytest.mark.soak
def test_each_month_ends_with_one_champion_that_passed_or_was_forced_by_name(year: tuple[Path, dict[str, list[str]]]) -> None:
    folder, _ = year
    events = history("desk", registry=folder / "registry")
    for month in range(1, 13):
        until = [event for event in events if datetime.fromisoformat(event.at).month <= month]
        assert [model.stage for model in assign_stages(until)].count("champion") == 1
    assert all(event.outcome == "PASS" or (event.action == "force" and event.reason) for event in events if event.stage == "champion")


@pytest.mark.soak
def test_the_ab_test_decides_for_the_challenger_which_is_then_in_service(year: tuple[Path, dict[str, list[str]]]) -> None:
    folder, _ = year
    reading = read_ab_test(folder / "desk-more.yaml", folder / "events.csv", now=datetime(2026, 10, 28).timestamp())
    assert reading.state == "challenger"
    events = history("desk", registry=folder / "registry")
    challenger = next(event for event in events if event.stage == "challenger")
    october = [event for event in events if datetime.fromisoformat(event.at).month == 10]
    assert [(event.stage, event.digest) for event in october] == [("champion", challenger.digest)]


@pytest.mark.soak
def test_the_next_candidate_is_judged_by_the_complaint(year: tuple[Path, dict[str, list[str]]]) -> None:
    folder, _ = year
    *_, last = list_retrainings("desk", registry=folder / "registry")
    assert last.today.month == 12 and last.verdict is not None
    (rule,) = (each for each in last.verdict.rules if each.rule.kind == "complaints")
    assert (rule.n, rule.outcome) == (1, "PASS") and rule.reason.code == "complaints_fixed"
    assert not [each for each in last.verdict.rules if each.outcome == "FAIL"]
    assert last.data.left_out["seen_by_champion"] > 100, "the challenger was trained on all new messages"


@pytest.mark.soak
def test_the_page_of_the_task_shows_the_year(year: tuple[Path, dict[str, list[str]]]) -> None:
    folder, _ = year
    pages = [text for page in (folder / "site").rglob("*.html") if "<svg" in (text := page.read_text(encoding="utf-8"))]
    (chart,) = (svg for text in pages for svg in re.findall(r"<svg.*?</svg>", text, re.DOTALL) if "complaint" in svg)
    for word in ("signal", "champion", "challenger"):
        assert word in chart


def test_a_folder_that_is_not_empty_is_one_error_and_stays_as_it_is(tmp_path: Path) -> None:
    if not FAKETIME.is_file():
        pytest.skip("libfaketime is not installed")
    (tmp_path / "mine.txt").write_text("kept")
    done = start(str(tmp_path))
    assert done.returncode == 1 and done.stderr == f"error: {tmp_path} is not empty. Name a new folder\n"
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]
