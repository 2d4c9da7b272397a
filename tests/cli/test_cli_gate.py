"""`bench gate`, `promote`, `registry`, `rollback` on real training runs."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from report_factory import Made, make_run, summarization

from tests.cli.conftest import Call

KINDS = {
    "refund": ("money back", "refund please", "return my payment"),
    "card": ("lost my card", "card was stolen", "new card needed"),
    "transfer": ("transfer failed", "money not sent", "payment is stuck"),
}
POLICY = """alpha: 0.05
rules:
  - {rule: not_worse, score: accuracy, margin: 0.05}
  - {rule: not_worse, score: accuracy, margin: 0.1, slice: class, rows: 30}
  - {rule: floor, score: macro_f1, value: 0.8}
"""


def rows(count: int, seed: int, *, corrupt: bool = False) -> list[tuple[str, str]]:
    """Messages of an obvious kind; with `corrupt`, the labels are random."""
    draw, messages = random.Random(seed), []
    for _ in range(count):
        kind = draw.choice(list(KINDS))
        hours = 1000 * seed + draw.randint(2, 900)  # no message stands in two files
        text = f"{draw.choice(['Hello', 'Hi', 'Please help', 'Dear team'])}, {draw.choice(KINDS[kind])} since {hours} hours"
        messages.append((text, draw.choice(list(KINDS)) if corrupt else kind))
    return messages


@pytest.fixture(scope="module")
def tuned(quick_bench: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three real training runs: a good one, one on random labels, and a good one that was tested on another test set."""
    here = tmp_path_factory.mktemp("tuned")
    files = {"good": rows(240, 1), "bad": rows(80, 1, corrupt=True), "val": rows(40, 2), "test": rows(200, 3), "other": rows(200, 4)}
    for own in (files["test"], files["other"]):  # a model that answers all of them right has no spread, and a floor cannot be decided
        own[0], own[1] = ((text, next(kind for kind in KINDS if kind != label)) for text, label in own[:2])
    for name, own in files.items():
        with (here / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("text", "label"), *own])
    (here / "gate.yaml").write_text(POLICY)
    for name, train, test in (("bad", "bad", "test"), ("good", "good", "test"), ("elsewhere", "good", "other")):
        data = ("--train", f"{train}.csv", "--validation", "val.csv", "--test", f"{test}.csv", "--input", "text", "--target", "label")
        ended = quick_bench("run", "--task", "classification", *data, "--strategies", "lora", "--epochs", "2", "--no-base", here=here)
        assert ended.code == 0, ended
        (here / ended.out.strip()).rename(here / "runs" / name)
    return here


def test_promote_reject_replace_and_roll_back(quick_bench: Callable[..., Any], tuned: Path, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    env = {"GITHUB_STEP_SUMMARY": str(summary)}
    judged = ("--strategy", "lora", "--policy", "gate.yaml")
    first = quick_bench("promote", "runs/good", *judged, "--baseline", "runs/bad:lora", "--new-registry", here=tuned, env=env)
    assert first.code == 0 and first.out.startswith("registry/models/classification/"), first

    spoiled = quick_bench("gate", "runs/bad", *judged, "--format", "junit", "--out", "gate.xml", here=tuned, env=env)
    assert spoiled.code == 1, spoiled
    assert spoiled.out.startswith("FAIL: LoRA against the model in service (LoRA) on ")
    assert "Candidate: lora of bad; baseline: lora of good (in service since " in spoiled.out
    failed = [line for line in spoiled.out.splitlines() if line.startswith("FAIL  ")]
    assert all(any(title in line for line in failed) for title in ("F1, every class equal at least 0.8 [macro_f1]", "Accuracy not worse"))
    assert "of 200 test examples got worse" in spoiled.out and (tuned / "gate.xml").read_text().count("<failure") == len(failed)
    assert "## FAIL" in summary.read_text() and "## PASS" in summary.read_text(), "appended, not written over"
    refused = quick_bench("promote", "runs/bad", *judged, here=tuned)
    assert refused.code == 1 and "FAIL: not promoted" in refused.err

    repaired = quick_bench("gate", "runs/elsewhere", *judged, here=tuned)
    assert repaired.code == 0, repaired
    assert "was evaluated on a different test set; its model was re-run on the examples of elsewhere" in repaired.out
    second = quick_bench("promote", "runs/elsewhere", *judged, here=tuned)
    assert second.code == 0, second
    assert "lora of elsewhere" in quick_bench("registry", here=tuned).out

    back = quick_bench("rollback", "classification", "--reason", "complaints", here=tuned)
    assert back.code == 0 and back.out == first.out and "lora of good is in service again" in back.err
    history = quick_bench("registry", "history", "classification", here=tuned).out.splitlines()
    assert [line.split("  ")[2] for line in history] == ["promote", "promote", "rollback"] and history[-1].endswith("complaints")
    report = (tuned / "runs" / "bad" / "report.html").read_text(encoding="utf-8")
    assert "Can it replace the current model?" in report and "FAIL: LoRA against the model in service (LoRA)" in report


@pytest.fixture
def run(call: Call, here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of the machine that `call` uses: both sign runs with the key in the same cache folder."""
    monkeypatch.setattr("harness.cache._Choice.folder", here / ".cache")
    cells = [Made("base", 0.3), Made("lora", 0.9, 1, train_seconds=9)]
    return make_run(tmp_path / "runs" / "done", [summarization(cells, rows=200)]).path


@pytest.mark.parametrize("form", ["text", "md", "json", "junit"])
def test_every_format_and_the_exit_codes(call: Call, run: Path, here: Path, form: str) -> None:
    passed = call("gate", str(run), "--strategy", "lora", "--baseline", f"{run}:base", "--format", form, "--new-registry")
    assert passed.code == 0 and "PASS" in passed.out
    if form == "json":
        assert json.loads(passed.out)["outcome"] == "PASS"
    worse = call("gate", str(run), "--strategy", "base", "--baseline", f"{run}:lora", "--format", form)
    assert worse.code == 1 and "FAIL" in worse.out


def test_job_summary_without_text_names_no_example(call: Call, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    judged = ("gate", str(run), "--strategy", "base", "--baseline", f"{run}:lora")
    assert call(*judged, "--new-registry").code == 1
    whole = summary.read_text(encoding="utf-8")
    summary.unlink()
    assert call(*judged, "--without-text").code == 1
    assert "row-" in whole and "row-" not in summary.read_text(encoding="utf-8") and "FAIL" in summary.read_text(encoding="utf-8")
    assert all(json.loads(file.read_text())["regressions"] for file in (run / "gates").glob("*.json")), "the record holds them in any case"


def test_unwritable_job_summary_keeps_the_verdict(call: Call, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "nowhere" / "summary.md"))
    ended = call("gate", str(run), "--strategy", "lora", "--baseline", f"{run}:base", "--new-registry")
    assert ended.code == 0 and ended.out.startswith("PASS") and "warning: cannot write the job summary" in ended.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "--strategy: name the candidate"),
        (("--strategy", "lora", "--baseline", "nothing"), "RUN:STRATEGY"),
        (("--strategy", "nothing"), "nothing"),
        (("--strategy", "lora", "--policy", "nothing.yaml"), "nothing.yaml"),
        (("--strategy", "lora"), "there is no policy to judge by. Name a baseline with --baseline RUN:STRATEGY"),
        (("--strategy", "lora", "--out", "x"), "name one with --format"),
        (("--strategy", "lora", "--format", "md", "--out", "."), "is a folder"),
        (("--strategy", "lora", "--format", "md", "--out", "nowhere/gate.md"), "nowhere"),
        (("--init",), "--init needs --task"),
    ],
)
def test_bad_input_exits_with_2_and_counts_no_look(call: Call, run: Path, here: Path, arguments: tuple[str, ...], message: str) -> None:
    ended = call("gate", str(run), *arguments, "--new-registry")
    assert ended.code == 2 and message in ended.err
    assert not (here / "registry").exists()


def test_drafted_policy_can_be_used(call: Call, run: Path, here: Path) -> None:
    drafted = call("gate", "--init", "--task", "summarization")
    assert drafted.code == 0
    assert call("gate", "--init", "--task", "summarization", "--out", "-").out == drafted.out and not (here / "-").exists()
    written = call("gate", "--init", "--task", "summarization", "--out", "draft.yaml")
    assert (written.code, written.out) == (0, "draft.yaml\n") and (here / "draft.yaml").read_text() == drafted.out
    assert call("gate", "--init", "--task", "summarization", "--out", "draft.yaml").code == 2, "it is not written over"
    policy = yaml.safe_load(drafted.out)
    known = [rule for rule in policy["rules"] if rule["score"] == "rougeL"]  # this run's texts have no facts that are known
    assert len(known) >= 2
    (here / "gate.yaml").write_text(json.dumps(policy | {"rules": known}))
    judged = call("gate", str(run), "--strategy", "lora", "--baseline", f"{run}:base", "--policy", "gate.yaml", "--new-registry")
    assert judged.code == 0, judged.err


def test_event_is_one_line_even_with_a_hostile_reason(call: Call, run: Path, here: Path) -> None:
    forged = "ok\n2026-11-26T09:00:00+00:00  summarization  promote  lora of approved  PASS"
    made = call("promote", str(run), "--strategy", "base", "--force", "--reason", forged, "--new-registry")
    assert made.code == 0, made
    (line,) = call("registry", "history", "summarization").out.splitlines()
    assert line.split("  ")[1:5] == ["summarization", "promote BY FORCE", "base of done", "INCONCLUSIVE"]
    assert line.split("  ")[-1] == "ok 2026-11-26T09:00:00+00:00 summarization promote lora of approved PASS"


def test_registry_shows_forced_promotions_and_intact_models(call: Call, run: Path, here: Path) -> None:
    forcing = ("--force", "--reason", "the board said so", "--new-registry")
    forced = call("promote", str(run), "--strategy", "base", "--baseline", f"{run}:lora", *forcing)
    assert forced.code == 0, forced
    (line,) = call("registry").out.splitlines()
    assert line.split("  ")[2:5] == ["promote BY FORCE", "base of done", "FAIL"]
    verified = call("registry", "verify")
    assert (verified.code, verified.err) == (0, "1 model, 0 damaged; the history is intact.\n")


def test_registry_without_promotions(call: Call, run: Path, here: Path) -> None:
    call("gate", str(run), "--strategy", "lora", "--baseline", f"{run}:base", "--new-registry")
    assert call("registry").out == "No model has been promoted to registry yet.\n"
    assert call("registry", "history", "x").code == 2
    assert "nothing was promoted for 'x'" in call("rollback", "x").err


def test_first_promotion_is_not_passed_by_default(call: Call, run: Path, here: Path) -> None:
    """Neither a baseline nor a policy: there is nothing that the model could fail."""
    first = call("promote", str(run), "--strategy", "base", "--new-registry")
    assert first.code == 2 and "no model is in service for 'summarization'" in first.err and "--force and --reason TEXT" in first.err
    assert not (here / "registry").exists()


def test_wrong_registry_in_the_environment_fails_closed(call: Call, run: Path, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_REGISTRY", "/srv/models/registyr")
    commands: list[tuple[str, ...]] = [
        ("gate", str(run), "--strategy", "lora", "--baseline", f"{run}:base"),
        ("promote", str(run), "--strategy", "lora"),
        ("registry",),
        ("registry", "verify"),
        ("rollback", "summarization"),
    ]
    for command in commands:
        ended = call(*command)
        assert ended.code == 2 and "/srv/models/registyr: does not exist (BENCH_REGISTRY=/srv/models/registyr)" in ended.err, command
        assert "--new-registry" in ended.err
    ended = call("gate", str(run), "--strategy", "lora", "--registry", "elsewhere")
    assert ended.code == 2 and "elsewhere: does not exist (--registry elsewhere)" in ended.err
