"""Approvals of a verdict: who counts, what they are bound to, and which files are refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from harness.api import NotPassedError, approve, gate, history, promote, write_record
from harness.errors import BenchError
from harness.gate import Approval, Verdict, load_verdicts
from harness.gate.approval import count_people
from harness.reporting import render, verdict_to_json, verdict_to_junit, verdict_to_markdown
from harness.reporting.wording.gate.gate_sentences import headline
from harness.store import Signer, StoredRun, sign_document
from tests.foreign import edit_json
from tests.gate.conftest import Runs

RULES = [{"rule": "not_worse", "score": "rougeL", "margin": 0.01}]


class Desk:
    """A run that is judged by a policy with approvals, in a folder with the keys of people."""

    def __init__(self, run: StoredRun, folder: Path) -> None:
        self.run, self.folder = run, folder

    def write_policy(self, name: str = "gate.yaml", **fields: Any) -> Path:
        path = self.folder / name
        path.write_text(json.dumps({"rules": RULES, "approvals": 2} | fields), encoding="utf-8")
        return path

    def key(self, person: str) -> Path:
        return self.folder / f"{person}.pem"

    def fingerprint(self, person: str) -> str:
        _, signer = sign_document({}, self.key(person))
        return signer.fingerprint

    def gate(self, strategy: str = "few-shot", **more: Any) -> Verdict:
        return gate(self.run.path, strategy, **self._judged(strategy, more))

    def promote(self, strategy: str = "few-shot", **more: Any) -> Any:
        return promote(self.run.path, strategy, **self._judged(strategy, more))

    def approve(self, name: str, key: str | None = None, strategy: str = "few-shot", **more: Any) -> Verdict:
        return approve(self.run.path, strategy, name, key=self.key(key or name), **more).verdict

    def _judged(self, strategy: str, more: dict[str, Any]) -> dict[str, Any]:
        registry = self.folder / "registry"
        baseline = f"{self.run.path}:{'base' if strategy == 'few-shot' else 'few-shot'}"
        new = not (registry / "registry.sqlite").exists()
        policy = more.pop("policy", None) or self.write_policy()
        return {"registry": registry, "policy": policy, "baseline": baseline, "new_registry": new} | more


@pytest.fixture
def desk(runs: Runs, tmp_path: Path) -> Desk:
    return Desk(runs(0.9, tuned="few-shot", rows=60), tmp_path)


def test_a_pass_waits_until_two_people_have_approved_it(desk: Desk) -> None:
    waiting = desk.gate()
    assert (waiting.outcome, waiting.exit_code, waiting.approvals) == ("PASS", 4, ())
    assert headline(waiting).endswith("Waiting for approval: 0 of 2.")
    assert (desk.approve("anna", reason="read 20 outputs").exit_code, desk.gate().exit_code) == (4, 4)
    with pytest.raises(NotPassedError, match=r"PASS, but not promoted: 1 of 2 people have approved this verdict.*force=True") as refused:
        desk.promote()
    assert refused.value.exit_code == 4 and history(registry=desk.folder / "registry") == []
    approved = desk.approve("ben")
    assert approved.exit_code == 0 and desk.gate().exit_code == 0
    event, verdict = desk.promote()
    assert (event.action, verdict.approvals_given) == ("promote", 2)
    assert [each["name"] for each in event.verdict["approvals"]] == ["anna", "ben"]
    assert event.verdict["approvals"][0]["reason"] == "read 20 outputs" and event.verdict["approvals"][0]["document"]["signature"]


def test_force_promotes_without_approvals_and_stays_in_the_history(desk: Desk) -> None:
    event, verdict = desk.promote(force=True, reason="on call")
    assert (event.action, event.outcome, event.reason, verdict.exit_code) == ("force", "PASS", "on call", 4)


def test_without_approvals_in_the_policy_nothing_waits(desk: Desk) -> None:
    policy = desk.write_policy(approvals=0)
    assert desk.gate(policy=policy).exit_code == 0
    with pytest.raises(BenchError, match=r"requires no approval\. Set 'approvals' in the policy"):
        desk.approve("anna")


@pytest.mark.parametrize("shown", ["headline", "json", "markdown", "junit", "report", "record"])
def test_everything_that_shows_a_verdict_shows_who_approved(desk: Desk, shown: str) -> None:
    desk.gate()
    waiting, hostile = desk.gate(), "<b>Anna</b> | \x1b[31mRoth"
    verdict = desk.approve(hostile, "anna", reason="=1+1 <script>")
    if shown == "record":
        write_record(desk.run.path, desk.folder / "record.json", key=desk.key("record"), registry=desk.folder / "registry")
        record = json.loads((desk.folder / "record.json").read_text(encoding="utf-8"))
        assert [each["name"] for each in record["verdicts"][-1]["approvals"]] == [verdict.approvals[0].name]
        return
    if shown == "report":
        page = render(desk.run)
        assert "Waiting for approval: 1 of 2." in page and desk.fingerprint("anna") in page
        assert "<b>Anna" not in page and "=1+1 &lt;script&gt;" in page
        return
    texts = {
        "headline": headline,
        "json": lambda v: json.dumps(verdict_to_json(v)),
        "markdown": verdict_to_markdown,
        "junit": verdict_to_junit,
    }
    text = texts[shown](verdict)
    assert "Waiting for approval: 1 of 2." in text and "Waiting for approval: 0 of 2." in texts[shown](waiting)
    assert "\x1b" not in text and (shown == "headline" or desk.fingerprint("anna") in text)
    if shown == "junit":
        assert '<testcase classname="gate.summarization" name="Approved by enough people" time="0">' in text and 'errors="1"' in text
        done = verdict_to_junit(desk.approve("ben"))
        assert 'errors="0"' in done and '<testcase classname="gate.summarization" name="Approved by enough people" time="0" />' in done
    if shown == "json":
        values = json.loads(text)
        assert (values["approvals_given"], values["approvals_required"], values["awaits_approval"]) == (1, 2, True)


def test_the_same_person_or_key_counts_once(desk: Desk) -> None:
    desk.gate()
    desk.approve("anna")
    for name, key, message in (
        ("Anna", "second", "has approved this verdict already"),
        ("ben", "anna", "Each person needs a key of their own"),
    ):
        with pytest.raises(BenchError, match=message):
            desk.approve(name, key)
    assert desk.gate().approvals_given == 1


def approval(name: str, key: bytes) -> Approval:
    return Approval(name, Signer(key).fingerprint, "d", "", "2026-11-27T00:00:00+00:00", {})


@pytest.mark.parametrize(
    ("given", "people"),
    [
        ([], 0),
        ([("anna", b"1"), ("ben", b"2")], 2),
        ([("anna", b"1"), ("anna", b"1")], 1),
        ([("anna", b"1"), ("  ANNA ", b"2")], 1),
        ([("anna", b"1"), ("ben", b"1")], 1),
        ([("anna", b"1"), ("ben", b"2"), ("anna", b"2")], 1),
        ([("anna", b"1"), ("ben", b"2"), ("carla", b"3"), ("ben", b"1")], 2),
    ],
)
def test_people_are_counted_by_name_and_key(given: list[tuple[str, bytes]], people: int) -> None:
    assert count_people([approval(name, key) for name, key in given], ()) == people


def test_listed_keys_decide_who_counts(desk: Desk) -> None:
    listed = [desk.fingerprint("anna"), desk.fingerprint("ben").replace(" ", "").upper()]
    desk.gate(policy=desk.write_policy(approvers=listed))
    with pytest.raises(BenchError, match=r"its fingerprint .* is not among the approvers of the policy"):
        desk.approve("carla")
    assert "not authenticated" not in verdict_to_markdown(desk.approve("anna"))
    assert desk.approve("Anna", "ben").exit_code == 0, "the key decides, not the name"
    strange = [approval("carla", b"3"), approval("dora", b"4")]
    assert count_people(strange, listed) == 0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"approvals": -1}, "approvals"),
        ({"approvals": 21}, "approvals"),
        ({"approvals": "two"}, "approvals"),
        ({"approvers": ["anna"]}, "approvers"),
        ({"approvals": 0, "approvers": ["1a2b " * 7 + "1a2b"]}, "approvers: needs 'approvals': how many of them must approve"),
        ({"approvals": 2, "approvers": ["1a2b " * 7 + "1a2b"]}, "approvers: lists 1, fewer than the 2 approvals that are required"),
        ({"approvals": 1, "approvers": ["1a2b " * 7 + "1a2b", "1A2B" * 8]}, "approvers: lists a fingerprint twice"),
    ],
)
def test_a_wrong_policy_is_one_error_with_its_line(desk: Desk, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(BenchError, match=rf"gate\.yaml:1: .*{message}") as refused:
        desk.gate(policy=desk.write_policy(**fields))
    assert len(refused.value.problems) == 1 and not (desk.folder / "registry").exists()


def test_another_policy_needs_new_approvals_and_is_the_same_evaluation(desk: Desk) -> None:
    look = desk.gate().look
    for person in ("anna", "ben"):
        desk.approve(person)
    other = desk.gate(policy=desk.write_policy(approvals=3))
    assert (other.exit_code, other.approvals, other.look) == (4, (), look)
    assert "2 approvals of this model cannot be counted: another verdict was approved." in verdict_to_json(other)["sentences"]
    assert desk.gate().exit_code == 0


def test_a_changed_model_needs_new_approvals(desk: Desk, runs: Runs) -> None:
    desk.gate()
    for person in ("anna", "ben"):
        desk.approve(person)
    other = Desk(runs(0.89, tuned="few-shot", rows=60), desk.folder)
    assert other.gate().exit_code == 4
    shutil.copytree(desk.run.path / "approvals", other.run.path / "approvals")
    with pytest.raises(BenchError, match=r"approvals/.*does not belong to the run: added\.json does not list it"):
        other.gate()


def test_only_a_standing_pass_can_be_approved(desk: Desk) -> None:
    with pytest.raises(BenchError, match=r"no verdict on few-shot counts as the run is now\. Run `bench gate` first"):
        desk.approve("anna")
    assert desk.gate("base").outcome == "FAIL"
    with pytest.raises(BenchError, match="is FAIL: only a PASS can be approved"):
        desk.approve("anna", strategy="base")
    desk.gate()
    with pytest.raises(BenchError, match=r"no verdict on few-shot by the policy .*other\.yaml counts"):
        desk.approve("anna", policy=desk.write_policy("other.yaml", alpha=0.01))
    for name in ("", "  ", "x" * 201):
        with pytest.raises(BenchError, match="an approval needs a name of up to 200 characters"):
            desk.approve(name, "anna")
    (desk.folder / "bad.pem").write_text("no key")
    with pytest.raises(BenchError, match="is not an ed25519 private key in PEM"):
        desk.approve("bad")
    assert not (desk.run.path / "approvals").exists()


@pytest.mark.parametrize(
    "change",
    [{"name": "ben"}, {"verdict": "0" * 64}, {"signature": None}, {"signature": {"algorithm": "none", "public_key": "", "value": ""}}],
)
def test_a_forged_approval_is_refused(desk: Desk, change: dict[str, Any]) -> None:
    """All digests that need no secret are renewed."""
    desk.gate()
    desk.approve("anna")
    (file,) = (desk.run.path / "approvals").iterdir()
    edit_json(file, lambda stored: stored["document"].update(change))
    with pytest.raises(BenchError, match="was changed after it was signed, or has no signature: it is no approval"):
        desk.gate()


def test_a_deleted_approval_is_noticed(desk: Desk) -> None:
    desk.gate()
    desk.approve("anna")
    (file,) = (desk.run.path / "approvals").iterdir()
    file.unlink()
    with pytest.raises(BenchError, match=r"approvals/.*: is missing, but added\.json lists it"):
        desk.gate()


def test_an_interrupted_gate_loses_no_approval(desk: Desk) -> None:
    """Approvals are about the verdict, not about the file that holds it."""
    desk.gate()
    for person in ("anna", "ben"):
        desk.approve(person)
    assert [verdict.approvals for verdict in load_verdicts(desk.run.path)] == [()]
    assert desk.promote()[0].action == "promote"
