"""`bench registry stage`, `bench registry show` and `bench shadow`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from finished_runs import Finished
from report_factory import Made, make_run, summarization

from harness.api import list_models
from tests.cli.conftest import Call

FORCED = ("--force", "--reason", "a test")


@pytest.fixture
def run(call: Call, here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("harness.cache._Choice.folder", here / ".cache")
    cells = [Made("base", 0.3), Made("few-shot", 0.9, 1)]
    return make_run(tmp_path / "runs" / "done", [summarization(cells, rows=40)]).path


def test_stages_are_set_and_shown(call: Call, run: Path) -> None:
    assert call("promote", str(run), "--strategy", "base", *FORCED, "--new-registry").code == 0
    shown = call("registry", "show", "summarization").out.splitlines()
    assert [line.split("  ")[0] for line in shown] == ["champion"] and "INCONCLUSIVE, BY FORCE" in shown[0]
    set_ = call("registry", "stage", "summarization", f"{run}:few-shot", "shadow", "--reason", "two\nweeks")
    assert (set_.code, set_.err) == (0, "summarization: few-shot of done is in stage shadow.\n")
    refused = call("registry", "stage", "summarization", f"{run}:few-shot", "challenger", "--share", "0.1")
    assert refused.code == 2 and "the gate has not judged it on this machine" in refused.err and "--force and --reason TEXT" in refused.err
    digest = set_.out.strip().rpartition("/")[2]
    forced = call("registry", "stage", "summarization", digest, "challenger", "--share", "0.1", *FORCED)
    assert forced.err == "summarization: few-shot of done is in stage challenger BY FORCE.\n" and forced.out == set_.out
    shown = call("registry", "show", "summarization").out.splitlines()
    assert [line.split("  ")[:3] for line in shown][1] == ["challenger (0.1 of the traffic)", digest[:12], "few-shot of done"]
    (line,) = call("registry").out.splitlines()
    assert "base of done" in line, "the model in service, whatever happened last"
    history = call("registry", "history", "summarization").out.splitlines()
    assert [line.split("  ")[2] for line in history] == ["promote BY FORCE", "shadow", "challenger 0.1 BY FORCE"]
    assert history[1].endswith("  two weeks")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("visits", "latest:lora", "champion"), "'champion' is not one of"),
        (("summarization", "0000", "shadow"), "'0000' is no model of this task"),
        (("summarization", "latest:none", "shadow"), "none"),
        (("summarization", "{run}:few-shot", "challenger"), "--share NUMBER: a challenger needs its share"),
        (("summarization", "{run}:few-shot", "challenger", "--share", "2"), "2.0 is not in the range"),
        (("summarization", "{run}:few-shot", "shadow", "--share", "0.5"), "--share 0.5: only a challenger"),
        (("summarization", "{run}:base", "retired"), "is the champion of summarization"),
    ],
)
def test_bad_stages_exit_with_2_and_change_nothing(call: Call, run: Path, arguments: tuple[str, ...], message: str) -> None:
    call("promote", str(run), "--strategy", "base", *FORCED, "--new-registry")
    forced = FORCED if "challenger" in arguments else ()
    ended = call("registry", "stage", *(each.replace("{run}", str(run)) for each in arguments), *forced)
    assert ended.code == 2 and message in ended.err
    assert len(call("registry", "history", "summarization").out.splitlines()) == 1


def test_gate_and_promote_wait_for_two_approvals(call: Call, here: Path, tmp_path: Path, run: Path) -> None:
    (here / "gate.yaml").write_text("approvals: 2\nrules: [{rule: not_worse, score: rougeL, margin: 0.01}]\n")
    judged = (str(run), "--strategy", "few-shot", "--baseline", f"{run}:base", "--policy", "gate.yaml")
    waiting = call("gate", *judged, "--new-registry")
    assert waiting.code == 4 and "Waiting for approval: 0 of 2." in waiting.out.splitlines()[0]
    for number, person in enumerate(("Anna Roth", "Ben \x1b[31mOkoye"), start=1):
        approved = call("approve", str(run), "--strategy", "few-shot", "--as", person, "--key", f"{number}.pem", "--reason", "read 20")
        assert approved.code == 0 and f"Approvals: {number} of 2 that the policy requires." in approved.out and "\x1b" not in approved.out
        if number == 1:
            refused = call("promote", *judged)
            assert refused.code == 4 and "1 of 2 people have approved" in refused.err and "--force and --reason TEXT" in refused.err
    again = call("approve", str(run), "--strategy", "few-shot", "--as", "Carla", "--key", "1.pem")
    assert again.code == 2 and "--key 1.pem: has approved this verdict already" in again.err
    missing = call("approve", str(run), "--strategy", "few-shot", "--as", " ", "--key", "3.pem")
    assert missing.code == 2 and "--as NAME: an approval needs a name" in missing.err
    assert call("gate", *judged).code == 0
    promoted = call("promote", *judged)
    assert promoted.code == 0 and "few-shot of done is in service." in promoted.err


def test_shadow_mode_keeps_the_outputs_of_both_models(finished: Finished, call: Call, here: Path) -> None:
    data = finished.data["notes"]
    promoted = ("promote", finished.folder, "--task", "notes", "--strategy", "base", *FORCED, "--new-registry")
    assert call(*promoted).code == 0
    missing = call("shadow", "notes", "--data", str(data), "--out", "answers")
    assert missing.code == 2 and "no model of 'notes' is in stage shadow. `bench registry stage notes MODEL shadow`" in missing.err
    assert not (here / "answers").exists()
    assert call("registry", "stage", "notes", f"{finished.folder}:lora", "shadow").code == 0
    ended = call("shadow", "notes", "--data", str(data), "--out", "answers")
    assert (ended.code, ended.out.splitlines()) == (0, ["answers/champion.jsonl", "answers/shadow-lora.jsonl"]), ended
    outputs = {}
    for name, strategy in (("champion", "base"), ("shadow-lora", "lora")):
        rows = [json.loads(line) for line in (here / "answers" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
        outputs[name] = [row["output"] for row in rows]
        assert outputs[name] == finished.outputs(strategy) and [row["id"] for row in rows] == [
            json.loads(line)["id"] for line in data.read_text().splitlines()
        ]
    same = sum(one == other for one, other in zip(*outputs.values(), strict=True))
    assert f"shadow-lora answered 6 inputs; {same} outputs are the same as those of champion." in ended.err

    (here / "answers" / "shadow-lora.jsonl").unlink()
    (here / "answers" / "champion.jsonl").write_text((here / "answers" / "champion.jsonl").read_text())
    again = call("shadow", "notes", "--data", str(data), "--out", "answers")
    assert again.code == 0 and again.err.count("notes · ") == 1, "only what is missing is answered again"
    other = call("shadow", "notes", "--data", str(data), "--out", "answers", "--limit", "2")
    assert other.code == 2 and "holds something else. Name a new folder, or replace the outputs with --force" in other.err
    strange = call("shadow", "notes", "--data", str(data), "--out", ".", "--force")
    assert strange.code == 2 and "--out .: holds something else. Name a new folder." in strange.err


PLAN = ("ab", "plan", "calmer", "--margin", "0.05", "--expected", "0.7", "--answers-per-day", "40")


def test_ab_plan_takes_models_and_share_from_the_registry(call: Call, run: Path, here: Path) -> None:
    assert call("promote", str(run), "--strategy", "base", *FORCED, "--new-registry").code == 0
    ended = call(*PLAN, "--task", "summarization")
    assert ended.code == 2 and "no model of 'summarization' is in stage challenger. `bench registry stage summarization MODEL" in ended.err
    assert call("registry", "stage", "summarization", f"{run}:few-shot", "challenger", "--share", "0.1", *FORCED).code == 0
    champion, challenger = (model.event.digest for model in list_models("summarization", registry=here / "registry"))
    for share, expected in (((), 0.1), (("--share", "0.3"), 0.3)):
        assert call(*PLAN, "--task", "summarization", *share, "--force").code == 0
        variants = yaml.safe_load((here / "calmer.yaml").read_text())["variants"]
        assert variants["champion"]["model"] == champion
        assert variants["challenger"] == {"model": challenger, "share": expected}
    ended = call(*PLAN, "--task", "summarization", "--challenger", "0000", "--force")
    assert ended.code == 2 and "--challenger 0000: no model of 'summarization' in stage challenger has this digest" in ended.err
    ended = call(*PLAN, "--task", "summarization", "--champion", "v1", "--force")
    assert ended.code == 2 and "--task takes the champion of the registry" in ended.err
