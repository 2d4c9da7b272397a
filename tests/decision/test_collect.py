"""Decisions on whole runs: what guardrails, sanity checks, verdicts and raters say reaches the decision."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path

import pytest
from report_factory import Made, MadeTask, make_run, summarization

from harness.api import gate, review_export, review_import
from harness.decision import Decision, collect_evidence, decide_task, load_findings, load_standing_verdicts
from harness.results import RunResults, TaskResults
from harness.types import Example

LABELS = ("urgent", "routine")
CEILING = {"critical_error_rate": {"at_most": 0.05}}


def triage(path: Path, guardrails: Mapping[str, object]) -> TaskResults:
    """9 of 18 messages are urgent. base answers at random; full files all messages as routine but is right on the others."""

    def routine(example: Example, draw: random.Random) -> str:
        return "routine"

    def wrong(example: Example, draw: random.Random) -> str:
        return "routine" if example.targets[0] == "urgent" else "urgent"

    task = MadeTask(
        "triage",
        "classification",
        [Made("base", answer=wrong), Made("full", answer=routine)],
        labels=LABELS,
        rows=18,
        metrics=("classification", "facts"),
        primary="accuracy",
        guardrails=guardrails,
        targets=lambda i: LABELS[i % 2],
        meta=lambda i: {"facts": [] if i % 2 else [{"what": "label", "any": ["urgent"], "critical": True}]},
    )
    return make_run(path / "run", [task]).by_task["triage"]


def errors_counted(path: Path, guardrails: Mapping[str, object], *, good: float = 1.0) -> TaskResults:
    """Summaries of which lora keeps every name, and base half of them."""
    cells = [Made("base", 0.1), Made("lora", good, 1, train_seconds=9)]
    return make_run(path / "run", [summarization(cells, rows=200, metrics=("rouge", "facts"), guardrails=guardrails)]).by_task[
        "summarization"
    ]


def excluded(decision: Decision, strategy: str) -> set[str]:
    return {reason.code for reason in decision.standing(strategy).excluded_by}


def test_a_model_that_misses_every_urgent_message_does_not_ship(tmp_path: Path) -> None:
    """It was reported as "Ship full: shown to be better than every other", with a critical-error rate of 1.000."""
    decision = decide_task(triage(tmp_path, CEILING))
    assert (decision.state, decision.strategy) == ("do_not_ship", None)
    assert all("guardrail_broken" in excluded(decision, name) for name in ("base", "full"))


def test_critical_errors_without_a_limit_are_undecided(tmp_path: Path) -> None:
    decision = decide_task(errors_counted(tmp_path, {}))
    assert (decision.state, decision.headline, decision.leader) == ("undecided", "best_of_tested", "lora")
    assert decision.next_steps[0].code == "declare_limit"


def test_a_rate_from_rules_on_text_is_a_condition_until_raters_confirm_it(tmp_path: Path) -> None:
    decision = decide_task(errors_counted(tmp_path, CEILING))
    assert (decision.state, decision.strategy) == ("ship_with_conditions", "lora")
    assert "guardrail_untrusted" in {reason.code for reason in decision.conditions}
    assert "guardrail_broken" in excluded(decision, "base")


def test_a_constant_answer_is_not_recommended(tmp_path: Path) -> None:
    """Answering "ham" to everything was "better, beyond chance" on a small test set."""
    labels = {"labels": ("ham", "spam"), "rows": 60, "targets": lambda i: "spam" if i < 8 else "ham"}
    cells = [Made("base", 0.2), Made("lora", answer=lambda example, draw: "ham")]
    decision = decide_task(make_run(tmp_path / "run", [MadeTask("sms", "classification", cells, **labels)]).by_task["sms"])
    assert decision.strategy != "lora" and decision.leader != "lora"
    assert "sanity_failed" in excluded(decision, "lora")


def test_a_test_set_with_one_class_supports_no_decision(tmp_path: Path) -> None:
    """Macro-F1 was 1.000 on such a test set."""
    labels = {"labels": ("ham", "spam"), "rows": 9, "targets": lambda i: "ham"}
    cells = [Made("base", 0.2), Made("lora", answer=lambda example, draw: "ham")]
    decision = decide_task(make_run(tmp_path / "run", [MadeTask("sms", "classification", cells, **labels)]).by_task["sms"])
    assert (decision.state, decision.headline, decision.strategy) == ("undecided", "test_set_unfit", None)


def test_a_failed_gate_excludes_the_strategy(tmp_path: Path) -> None:
    cells = [Made("base", 0.98), Made("lora", 0.99, 1, train_seconds=9), Made("full", 0.2, 1, train_seconds=90)]
    run = make_run(tmp_path / "run", [summarization(cells, rows=100, margin=0.1)])
    for is_new in (True, False):
        verdict = gate(run.path, "full", baseline=f"{run.path}:base", registry=tmp_path / "registry", new_registry=is_new)
        assert verdict.outcome == "FAIL"
    results = RunResults(run.folder).by_task["summarization"]
    assert len(load_standing_verdicts(results).current) == 1, "the newest verdict on one question counts"
    decision = decide_task(results)
    assert "gate_failed" in excluded(decision, "full")
    assert decision.strategy == "base", "the baseline of the gate needs no verdict of its own"


def test_raters_speak_about_strategies_by_their_labels(tmp_path: Path) -> None:
    """A packet names a strategy as it was asked for; with several training sizes, its label is longer."""
    cells = [Made("base", 0.1), *(Made("lora", 0.97, 1, train_seconds=9, size=size) for size in (100, 200))]
    run = make_run(tmp_path / "run", [summarization(cells, rows=60)])
    packet = review_export(run.path, ("lora",), mode="errors", n=40, train_size=200).packet
    ratings = [{"item": item.id, "answers": {"severity": "none"}, "comment": ""} for item in packet.items]
    file = tmp_path / "ratings.json"
    file.write_text(json.dumps({"bench_review": 1, "packet": packet.id, "rater": packet.raters[0], "ratings": ratings}), encoding="utf-8")
    review_import(run.path, [file])
    results = RunResults(run.folder).by_task["summarization"]
    evidence = collect_evidence(results, load_findings(results), load_standing_verdicts(results))
    rated = {each.label: (each.rated, each.raters_critical.value if each.raters_critical else None) for each in evidence.strategies}
    assert rated == {"base": (0, None), "lora · 100 examples": (0, None), "lora · 200 examples": (40, 0.0)}
    selections = {each.label: each.selection for each in evidence.strategies}
    assert selections["base"] == {"strategy": "base"}
    assert selections["lora · 200 examples"] == {"strategy": "lora", "train_size": "200"}


@pytest.mark.parametrize(("qualities", "is_open"), [((0.97, 0.972, 0.968), False), ((0.99, 0.6, 1.0), True)])
def test_other_seeds_are_computed_for_the_choice(tmp_path: Path, qualities: tuple[float, ...], is_open: bool) -> None:
    lora = [Made("lora", quality, seed, train_seconds=9) for seed, quality in enumerate(qualities)]
    full = [Made("full", 0.97, seed, train_seconds=900) for seed in range(3)]
    run = make_run(tmp_path / "run", [summarization([Made("base", 0.1), *lora, *full], rows=120, margin=0.2)])
    decision = decide_task(run.by_task["summarization"])
    assert decision.strategy == "lora" and decision.seeds is not None and decision.seeds.rival == "full"
    assert ("seeds_could_change" in {reason.code for reason in decision.conditions}) == is_open
