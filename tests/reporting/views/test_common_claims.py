"""Common claims, tested on a run: the verdict follows the ends of the interval, and says "cannot tell" where there is no evidence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from report_factory import Made, classification, learned, make_run, summarization

from harness.reporting.views import build_task_outcome
from harness.reporting.views.sections import CommonClaim, check_common_claims
from harness.reporting.wording.money_sentences import list_assumptions
from harness.results import RunResults

BASE = Made("base", 0.1)


def seeds(strategy: str, quality: float, *seconds: float) -> list[Made]:
    return [Made(strategy, quality, seed, train_seconds=each) for seed, each in enumerate(seconds, 1)]


def claims_of(run: RunResults) -> dict[str, CommonClaim]:
    (results,) = run.by_task.values()
    claims = build_task_outcome(results).claims
    return {claim.code: claim for claim in reversed(claims)}


def test_claims_are_decided_by_the_ends_of_their_intervals(tmp_path: Path) -> None:
    cells = [BASE, *seeds("full", 0.99, 1000, 1100), *seeds("lora", 0.985, 80, 90), *seeds("qlora", 0.5, 90, 300)]
    (results,) = make_run(tmp_path / "run", [summarization(cells, rows=200)]).by_task.values()
    claims = {(claim.code, claim.strategy): claim for claim in build_task_outcome(results).claims}
    assert claims["most_of_full", "lora"].verdict == "supported"
    assert claims["most_of_full", "qlora"].verdict == "not_supported"
    cheap, unclear = claims["tenth_of_cost", "lora"], claims["tenth_of_cost", "qlora"]
    assert (cheap.verdict, cheap.low, cheap.high) == ("supported", pytest.approx(80 / 1100), pytest.approx(90 / 1000))
    assert (unclear.verdict, unclear.reason) == ("cannot_tell", "interval_includes_limit")
    assert claims["better_on_task", "lora"].verdict == "supported", "the decision is about lora, the cheapest of the best"


def test_an_interval_that_includes_the_limit_decides_nothing(tmp_path: Path) -> None:
    """The point is above 30%, the interval reaches below."""
    claim = claims_of(make_run(tmp_path / "run", [summarization([Made("base", 0.45), Made("lora", 0.62, 1, train_seconds=9)], rows=110)]))[
        "better_on_task"
    ]
    assert claim.low is not None and claim.high is not None and claim.low < 0.3 < claim.high
    assert (claim.verdict, claim.reason) == ("cannot_tell", "interval_includes_limit")


def test_costs_that_were_measured_once_decide_nothing(tmp_path: Path) -> None:
    cells = [BASE, *seeds("full", 0.99, 1000), *seeds("lora", 0.98, 10)]
    claim = claims_of(make_run(tmp_path / "run", [summarization(cells, rows=120)]))["tenth_of_cost"]
    assert (claim.verdict, claim.reason, claim.value) == ("cannot_tell", "measured_once", pytest.approx(0.01))


def test_costs_of_cells_that_trained_together_are_compared_with_none(tmp_path: Path) -> None:
    cells = [BASE, *seeds("full", 0.99, 1000, 1100), *(replace(made, together=2) for made in seeds("lora", 0.98, 10, 11))]
    run = make_run(tmp_path / "run", [summarization(cells, rows=120)])
    claim = claims_of(run)["tenth_of_cost"]
    assert (claim.verdict, claim.reason, claim.value) == ("cannot_tell", "trained_together", None)
    (results,) = run.by_task.values()
    outcome = build_task_outcome(results)
    (share,) = outcome.full_tuning
    assert share.trained_together and (share.cost, share.training_seconds, share.peak_allocated) == (None, None, None)
    assert share.kept.value is not None and share.artifact_bytes is not None
    assert "LoRA trained together with other cells: what a training alone costs was not measured." in list_assumptions(outcome)


def test_few_examples_decide_nothing(tmp_path: Path) -> None:
    claim = claims_of(make_run(tmp_path / "run", [summarization([BASE, Made("lora", 0.9, 1, train_seconds=9)], rows=60)]))["better_on_task"]
    assert claim.low is not None and claim.low > 0.3
    assert (claim.verdict, claim.reason) == ("cannot_tell", "low_confidence")


def test_fewer_hallucinations_need_a_score_that_people_agree_with(tmp_path: Path) -> None:
    """The output "invented" is in no input. Without a review the score proves nothing; with trust in it, the claim is decided."""
    cells = [Made("base", answer=lambda e, r: "invented medication"), Made("lora", 0.99, 1, train_seconds=9)]
    run = make_run(tmp_path / "run", [summarization(cells, rows=120, metrics=("rouge", "faithfulness"))])
    untrusted = claims_of(run)["fewer_unsupported"]
    assert (untrusted.verdict, untrusted.reason, untrusted.value) == ("cannot_tell", "not_trusted", None)
    (results,) = run.by_task.values()
    trusted = next(c for c in check_common_claims(results, (), None, about="lora", unchecked=()) if c.code == "fewer_unsupported")
    assert trusted.value is not None and trusted.reason != "not_trusted"


def test_a_base_that_scores_nothing_has_no_share(tmp_path: Path) -> None:
    cells = [Made("base", answer=lambda e, r: "zzz"), Made("lora", 0.9, 1, train_seconds=9)]
    claim = claims_of(make_run(tmp_path / "run", [summarization(cells, rows=120)]))["better_on_task"]
    assert (claim.verdict, claim.reason, claim.value) == ("cannot_tell", "base_near_zero", None)


def test_ten_thousand_examples_follow_from_the_learning_curve(tmp_path: Path) -> None:
    sizes, trained = (150, 300, 600, 1200, 2400), [1, 2, 3]
    rising = [learned("lora", size, seed) for size in sizes for seed in trained]
    flat = [Made("lora", 0.7, seed, train_seconds=9, size=size) for size in sizes for seed in trained]
    gain = claims_of(make_run(tmp_path / "rising", [summarization([BASE, *rising], rows=250, margin=0.005)]))["more_examples"]
    none = claims_of(make_run(tmp_path / "flat", [summarization([BASE, *flat], rows=250, margin=0.2)]))["more_examples"]
    assert (gain.verdict, none.verdict) == ("supported", "not_supported")
    assert gain.low is not None and gain.low > 0.005 and none.high is not None and none.high < 0.2


def test_far_forecasts_and_missing_curves_decide_nothing(tmp_path: Path) -> None:
    near = [Made("lora", 0.7, seed, train_seconds=9, size=size) for size in (50, 100, 200, 400) for seed in (1, 2, 3)]
    far = claims_of(make_run(tmp_path / "far", [summarization([BASE, *near], rows=250, margin=0.2)]))["more_examples"]
    assert (far.verdict, far.reason) == ("cannot_tell", "far_forecast")
    short = claims_of(make_run(tmp_path / "short", [summarization([BASE, *near[:6]], rows=60)]))["more_examples"]
    assert short.reason == "curve_problem" and "sizes are needed" in short.detail
    large = [Made("lora", 0.7, 1, train_seconds=9, size=size) for size in (5000, 10_000)]
    assert claims_of(make_run(tmp_path / "large", [summarization(large, rows=60)]))["more_examples"].reason == "trained_on_enough"


def test_a_run_without_the_strategies_says_so(tmp_path: Path) -> None:
    claims = claims_of(make_run(tmp_path / "run", [classification([BASE], rows=60)]))
    assert {claim.verdict for claim in claims.values()} == {"cannot_tell"}
    assert {code: claim.reason for code, claim in claims.items()} == {
        "most_of_full": "not_run", "tenth_of_cost": "not_run", "fewer_unsupported": "not_run", "better_on_task": "not_run",
        "more_examples": "no_curve",
    }  # fmt: skip
