"""Which stored verdicts count: bad news is not replaced by a gentler question, and verdicts on other outputs do not count."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_factory import Made, make_run, summarization

from harness.decision import decide_task
from harness.gate import JudgedRule, Outcome, Reason, RuleVerdict, StandingVerdicts, Verdict, load_verdicts, save_verdict, select_standing
from harness.results import RunResults, TaskResults
from harness.store import RunFolder
from tests.gate.conftest import judged

SEVERITY: dict[Outcome, int] = {"PASS": 0, "INCONCLUSIVE": 1, "FAIL": 2}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good model, a poor one, and lora, whose first seed is worse than base and whose second is better."""
    tuned = [Made("lora", quality, seed, train_seconds=9) for seed, quality in ((1, 0.3), (2, 0.95))]
    return make_run(tmp_path_factory.mktemp("runs") / "run", [summarization([Made("base", 0.6), Made("poor", 0.05), *tuned], rows=60)]).path


@pytest.fixture
def run(template: Path, tmp_path: Path) -> RunResults:
    shutil.copytree(template, tmp_path / "run")
    return RunResults(RunFolder(tmp_path / "run"))


def read(run: RunResults) -> TaskResults:
    return RunResults(run.folder).by_task["summarization"]


def standing(run: RunResults) -> StandingVerdicts:
    return select_standing(load_verdicts(run.path), read(run))


def test_verdict_on_another_seed_does_not_replace_a_failure(run: RunResults, tmp_path: Path) -> None:
    assert [judged(run, tmp_path, seed=seed).outcome for seed in (1, 2)] == ["FAIL", "PASS"]
    assert [verdict.outcome for verdict in standing(run).current] == ["PASS", "FAIL"]
    assert decide_task(read(run)).standing("lora").status == "excluded"


def test_verdict_against_a_weaker_baseline_does_not_replace_a_failure(run: RunResults, tmp_path: Path) -> None:
    first, second = judged(run, tmp_path, seed=1), judged(run, tmp_path, seed=1, baseline=f"{run.path}:poor")
    assert (first.outcome, second.outcome) == ("FAIL", "PASS") and first.policy_digest == second.policy_digest
    assert [verdict.outcome for verdict in standing(run).current] == ["PASS", "FAIL"]
    assert decide_task(read(run)).standing("lora").status == "excluded"


def test_verdict_copied_from_another_run_does_not_count(run: RunResults, tmp_path: Path) -> None:
    other = make_run(tmp_path / "other", [summarization([Made("base", 0.5), Made("dora", 0.95, 1)], rows=60)])
    save_verdict(run.path, judged(other, tmp_path, "dora"))
    assert not standing(run).current and standing(run).foreign == 1
    reasons = {reason.code for reason in decide_task(read(run)).reasons}
    assert "gate_foreign" in reasons and not reasons & {"gate_passed", "gate_missing", "gate_outdated"}


@pytest.mark.parametrize("changed", ["outputs", "test set"])
def test_verdict_on_other_outputs_or_examples_is_outdated(run: RunResults, tmp_path: Path, changed: str) -> None:
    """The cell was run again, or its test set is not the one that was judged."""
    verdict = judged(run, tmp_path, seed=2)
    (file,) = (run.path / "gates").iterdir()
    file.unlink()
    (run.path / "added.json").unlink()  # as if it had never been judged
    other = {"candidate": replace(verdict.candidate, digest="0")} if changed == "outputs" else {"test_digest": "0"}
    save_verdict(run.path, replace(verdict, **other))
    assert not standing(run).current and len(standing(run).outdated) == 1
    decision = decide_task(read(run))
    about = decision.strategy or decision.leader
    assert about == "lora" and "gate_outdated" in {reason.code for reason in decision.conditions}


@pytest.fixture(scope="module")
def passed(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Verdict:
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(template, folder / "run")
    return judged(RunResults(RunFolder(folder / "run")), folder, seed=2)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_undecided_or_failed_verdict_never_improves_what_stands(data: st.DataObject, template: Path, passed: Verdict) -> None:
    results = RunResults(RunFolder(template)).by_task["summarization"]
    history, bad = data.draw(st.lists(verdicts(passed), max_size=5)), data.draw(verdicts(passed, ("INCONCLUSIVE", "FAIL")))
    before, after = (worst(select_standing(stored, results).current) for stored in (history, [*history, bad]))
    assert after >= max(before, 1)


def worst(current: Sequence[Verdict]) -> int:
    return max((SEVERITY[verdict.outcome] for verdict in current), default=0)


@st.composite
def verdicts(draw: st.DrawFn, passed: Verdict, allowed: Sequence[Outcome] = ("PASS", "INCONCLUSIVE", "FAIL")) -> Verdict:
    """A verdict on the same model: with one of two policies, against one of two baselines."""
    outcome = draw(st.sampled_from(allowed))
    codes: dict[Outcome, Any] = {"PASS": "shown", "INCONCLUSIVE": "undecided", "FAIL": "refuted"}
    rule = RuleVerdict(JudgedRule("not_worse", "rougeL", 0.01), outcome, Reason(codes[outcome]))
    assert passed.baseline is not None
    baseline = replace(passed.baseline, digest=draw(st.sampled_from("ab")))
    return replace(passed, outcome=outcome, rules=(rule,), baseline=baseline, policy_digest=draw(st.sampled_from("pq")))
