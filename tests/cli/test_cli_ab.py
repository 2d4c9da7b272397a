"""`bench ab`: plan, assign, read."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from event_factory import made_experiment, make_events, write_events

from harness.lifecycle.experiments import experiment_to_yaml, read_experiment
from tests.cli.conftest import Call

PLAN = ("ab", "plan", "visits-writer", "--margin", "0.05", "--expected", "0.7", "--answers-per-day", "40")


@pytest.fixture
def files(here: Path) -> Path:
    """An experiment, and events that decide for the challenger."""
    experiment = made_experiment()
    (here / "test.yaml").write_text(experiment_to_yaml(experiment, "A test"), encoding="utf-8")
    write_events(here / "events.csv", make_events(experiment, 300, (0.4, 0.8)))
    return here


def test_a_plan_says_how_long_and_writes_the_file(call: Call, here: Path) -> None:
    ended = call(*PLAN, "--units-per-day", "8", "--guardrail", "complaint:margin=0.02,expected=0.03", "--also", "rating,minutes")
    assert ended.code == 0, ended
    assert "about 4,500 users. With 40 answers of 8 new users\na day this takes 19 months." in ended.out
    assert ended.out.endswith("visits-writer.yaml\n")
    written = read_experiment(here / "visits-writer.yaml")
    assert [each.name for each in written.outcomes] == ["accepted", "complaint", "rating", "minutes"]
    assert written.guardrails[0].margin == 0.02


def test_a_plan_replaces_no_file(call: Call, here: Path) -> None:
    (here / "visits-writer.yaml").write_text("mine", encoding="utf-8")
    ended = call(*PLAN)
    assert ended.code == 2 and "already exists" in ended.err and (here / "visits-writer.yaml").read_text() == "mine"
    assert call(*PLAN, "--dry-run").code == 0 and (here / "visits-writer.yaml").read_text() == "mine"
    assert call(*PLAN, "--force").code == 0 and read_experiment(here / "visits-writer.yaml").name == "visits-writer"


def test_a_plan_as_json(call: Call) -> None:
    value = json.loads(call(*PLAN, "--dry-run", "--format", "json").out)
    assert value["outcomes"][0]["units"] > 4000 and [each["days"] for each in value["horizons"]] == [28, 56, 84]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*PLAN, "--expected", "70"), "--expected 70: accepted ranges from 0 to 1"),
        ((*PLAN, "--margin", "nan"), "'nan' is not a number"),
        ((*PLAN, "--units-per-day", "80"), "--units-per-day 80"),
        ((*PLAN, "--guardrail", "complaint"), "--guardrail complaint: needs a margin"),
        ((*PLAN, "--guardrail", "complaint:0.02"), "must have the form complaint:margin=0.02"),
        ((*PLAN, "--guardrail", "complaint:margin=much"), "not a valid float"),
        ((*PLAN, "--outcome", "stars"), "'stars' is not one of the known outcomes"),
        ((*PLAN, "--out", "plan.txt"), "ends in .yaml"),
        ((*PLAN, "--out", "no/plan.yaml"), "does not exist"),
        (("ab", "plan", "a b", *PLAN[3:]), "name"),
        (("ab", "assign", "missing.yaml", "a"), "missing.yaml: cannot be read"),
        (("ab", "assign", "test.yaml", ""), "the name of a unit is empty"),
        (("ab", "read", "test.yaml", "missing.csv"), "missing.csv: no such file"),
        (("ab", "read", "events.csv", "events.csv"), "events.csv"),
        (("ab", "read", "test.yaml", "events.csv", "--out", "x.html"), "--format"),
        (("ab", "read", "test.yaml", "test.yaml"), "test.yaml"),
    ],
)
def test_mistakes_exit_2_and_write_nothing(call: Call, files: Path, arguments: tuple[str, ...], message: str) -> None:
    before = sorted(files.iterdir())
    ended = call(*arguments)
    assert (ended.code, ended.out) == (2, "") and message in ended.err, ended
    assert [file for file in sorted(files.iterdir()) if file.name != ".cache"] == [file for file in before if file.name != ".cache"]


def test_units_are_assigned_from_arguments_and_standard_input(call: Call, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from_arguments = call("ab", "assign", "test.yaml", "user-1", "Müller, Ana")
    assert from_arguments.out == "user-1\tchampion\nMüller, Ana\tchallenger\n"
    given = "user-1\r\nMüller, Ana\n\n".encode("utf-8-sig")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
    assert call("ab", "assign", "test.yaml").out == from_arguments.out
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a\n\xff\n")))
    ended = call("ab", "assign", "test.yaml")
    assert ended.code == 2 and "line 2: is not UTF-8" in ended.err
    assert json.loads(call("ab", "assign", "test.yaml", "user-1", "--format", "json").out) == {"unit": "user-1", "variant": "champion"}


def test_variants_of_a_service_are_not_assigned(call: Call, here: Path) -> None:
    (here / "test.yaml").write_text(experiment_to_yaml(made_experiment(assigned_by="service"), "A test"), encoding="utf-8")
    ended = call("ab", "assign", "test.yaml", "user-1")
    assert ended.code == 2 and "assigned by a service" in ended.err


def test_exit_codes_name_the_verdict(call: Call, files: Path) -> None:
    shipped = call("ab", "read", "test.yaml", "events.csv")
    assert shipped.code == 0 and shipped.out.startswith("Ship the challenger: visits-writer\nThe challenger is better on accepted answers")
    write_events(files / "worse.csv", make_events(made_experiment(), 300, (0.8, 0.4)))
    assert call("ab", "read", "test.yaml", "worse.csv").code == 1
    write_events(files / "equal.csv", make_events(made_experiment(), 300, seed=2))
    undecided = call("ab", "read", "test.yaml", "equal.csv")
    assert undecided.code == 3 and "too close to call" in undecided.out


def test_other_forms(call: Call, files: Path) -> None:
    value = json.loads(call("ab", "read", "test.yaml", "events.csv", "--format", "json").out)
    assert value["state"] == "challenger" and value["outcomes"][0]["looks"][-1]["low"] > 0
    assert "| Accepted answers | decides |" in call("ab", "read", "test.yaml", "events.csv", "--format", "md").out
    ended = call("ab", "read", "test.yaml", "events.csv", "--format", "html", "--out", "page.html")
    assert ended.code == 0 and ended.out.endswith("page.html\n") and "Ship the challenger" in (files / "page.html").read_text("utf-8")
