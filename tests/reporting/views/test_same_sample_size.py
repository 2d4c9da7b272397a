"""How many test examples does it take? Report, comparison, gate, plan and learning curve give the same answer to the same question."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest
from report_factory import Made, make_run, summarization

from harness.api import gate, plan
from harness.reporting import ComparisonRequest, compare_runs
from harness.reporting.views.sections import build_learning_curves
from harness.results import RunResults
from harness.statistics import Recommendation, SampleSize, recommend
from harness.types import Example

MARGIN = 0.005


@pytest.fixture
def run(tmp_path: Path) -> RunResults:
    cells = [Made("full", 0.6, 1, train_seconds=90), Made("lora", 0.6, 1, train_seconds=30)]
    return make_run(tmp_path / "runs" / "monday", [summarization(cells, rows=100, margin=MARGIN)])


def compared(run: RunResults, a: str, b: str) -> SampleSize:
    (view,) = compare_runs([run], ComparisonRequest((a, b)))
    assert view.not_worse is not None and view.not_worse.sample_size is not None
    return view.not_worse.sample_size


def recommended(run: RunResults) -> Recommendation:
    results = run.by_task["summarization"]
    metric = results.primary or results.metrics[0]
    recommendation = recommend(
        {each.label: each.stack(metric) for each in results.strategies}, {}, metric=metric, margin=MARGIN, groups=results.groups
    )
    assert recommendation is not None
    return recommendation


def judged(run: RunResults, tmp_path: Path, a: str, b: str, looks: int = 1) -> tuple[int | None, str]:
    policy = tmp_path / f"looks-{looks}.yaml"
    policy.write_text(json.dumps({"looks": looks, "rules": [{"rule": "not_worse", "score": "rougeL", "margin": MARGIN}]}))
    verdict = gate(run.path, b, baseline=f"{run.path}:{a}", policy=policy, registry=tmp_path / f"registry-{a}-{looks}", new_registry=True)
    (rule,) = [each for each in verdict.rules if each.rule.kind == "not_worse"]
    return rule.examples_needed, rule.assumed


def test_report_comparison_gate_and_plan_agree(run: RunResults, tmp_path: Path) -> None:
    size, reverse = compared(run, "full", "lora"), compared(run, "lora", "full")
    assert (size.assumption, size.alpha, size.power) == ("equal", 0.05, 0.8)
    recommendation = recommended(run)
    assert [recommendation.candidate(name).sample_size for name in ("lora", "full")] == [size, reverse]
    assert judged(run, tmp_path, "full", "lora") == (size.examples, "equal")
    (forecast,) = plan("summarization", margin=MARGIN, earlier=run.path)
    assert forecast.power is not None
    other = "lora" if recommendation.best == "full" else "full"
    assert forecast.power.sample_size == recommendation.candidate(other).sample_size, "of the one that may be as good as the best"


def test_gate_and_plan_agree_on_several_planned_evaluations(run: RunResults, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(json.dumps({"looks": 4, "rules": [{"rule": "not_worse", "score": "rougeL", "margin": MARGIN}]}))
    (forecast,) = plan("summarization", margin=MARGIN, earlier=run.path, policy=policy)
    assert forecast.source is not None and forecast.power is not None and forecast.power.sample_size is not None
    a, b = forecast.source.a, forecast.source.b
    assert forecast.looks == 4
    assert judged(run, tmp_path, a, b, looks=4) == (forecast.power.sample_size.examples, "equal")
    assert forecast.power.sample_size.examples > compared(run, a, b).examples


def test_report_and_plan_agree_on_several_strategies(tmp_path: Path) -> None:
    cells = [Made(name, 0.6, 1, train_seconds=90) for name in ("full", "lora", "qlora", "adalora")]
    run = make_run(tmp_path / "runs" / "monday", [summarization(cells, rows=100, margin=MARGIN)])
    (forecast,) = plan("summarization", margin=MARGIN, earlier=run.path)
    recommendation = recommended(run)
    assert forecast.source is not None and forecast.power is not None
    a, b = forecast.source.a, forecast.source.b
    assert forecast.strategies == 4
    assert forecast.power.sample_size == recommendation.candidate(b).leads[a].sample_size
    (more,) = plan("summarization", margin=MARGIN, earlier=run.path, strategies=8)
    assert more.power is not None and more.power.sample_size is not None and forecast.power.sample_size is not None
    assert more.power.sample_size.examples > forecast.power.sample_size.examples


def test_gate_and_plan_agree_on_the_best_of_several_strategies(tmp_path: Path) -> None:
    cells = [Made(name, 0.6, 1, train_seconds=90) for name in ("full", "lora", "qlora", "adalora")]
    run = make_run(tmp_path / "runs" / "monday", [summarization(cells, rows=100, margin=MARGIN)])
    policy = tmp_path / "policy.yaml"
    policy.write_text(json.dumps({"rules": [{"rule": "not_worse", "score": "rougeL", "margin": MARGIN}]}))
    (forecast,) = plan("summarization", margin=MARGIN, earlier=run.path, policy=policy)
    assert forecast.source is not None and forecast.power is not None and forecast.power.sample_size is not None
    assert judged(run, tmp_path, forecast.source.a, forecast.source.b) == (forecast.power.sample_size.examples, "equal")


def test_learning_curve_and_gate_agree_on_what_a_measured_gain_takes(tmp_path: Path) -> None:
    """Is the largest size better than the one before it? The gate is asked with the rule that is the curve's question, and at its level:
    a gate divides its α by the four sizes, of which one could be picked."""

    def trained_on(size: int) -> Made:
        def answer(example: Example, _: Random) -> str:
            own = Random(f"{size} {example.id}")
            return " ".join(word for word in example.targets[0].split() if own.random() < 0.6 + 0.02 * size / 400)

        return Made("lora", seed=1, train_seconds=9, size=size, answer=answer)

    cells = [trained_on(size) for size in (100, 200, 400, 800)]
    grown = make_run(tmp_path / "runs" / "grown", [summarization(cells, rows=100, margin=MARGIN)])
    before = make_run(tmp_path / "runs" / "before", [summarization([cells[2]], rows=100, margin=MARGIN)])
    learning = build_learning_curves(grown.by_task["summarization"])
    assert learning is not None
    step = learning.curves[0].curve.last_step
    policy = tmp_path / "policy.yaml"
    policy.write_text(json.dumps({"alpha": 4 * 0.05, "rules": [{"rule": "better", "score": "rougeL"}]}))
    baseline, registry = f"{before.path}:lora", tmp_path / "registry"
    verdict = gate(grown.path, "lora", train_size=800, baseline=baseline, policy=policy, registry=registry, new_registry=True)
    (rule,) = [each for each in verdict.rules if each.rule.kind == "better"]
    assert (step.start, step.end) == (400, 800)
    assert step.examples_needed is not None
    assert (rule.examples_needed, rule.assumed) == (step.examples_needed, "observed")
