"""What a search shows: chosen values, how certain they are, and what it took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from report_factory import Made, make_run, summarization
from search_factory import SECONDS, MadeTrial, add_search, searched_rates

from harness.reporting import render
from harness.results import RunResults, SearchFindings, SearchSummary
from harness.types import FieldFactor, FieldRange, SearchSpec


def searched(path: Path, searches: Mapping[str, Sequence[MadeTrial]], **more: object) -> RunResults:
    cells = [Made("base", 0.2), Made("lora", 0.7, 1, train_seconds=300.0), Made("full", 0.8, 1, train_seconds=500.0)]
    return add_search(make_run(path / "run", [summarization(cells, rows=30)]), searches, **more)  # type: ignore[arg-type]


def summary_of(run: RunResults) -> SearchSummary:
    summary = run.by_task["summarization"].search_summary
    assert summary is not None
    return summary


def findings_of(path: Path, trials: Sequence[MadeTrial], **more: object) -> SearchFindings:
    return summary_of(searched(path, {"lora": trials}, **more)).findings[0]


def rate(value: float, *losses: float | None) -> MadeTrial:
    return MadeTrial({"learning_rate": value}, losses)


def test_the_lowest_loss_of_those_that_came_farthest_is_chosen(tmp_path: Path) -> None:
    found = findings_of(tmp_path, [rate(2e-4, 1.4), rate(4e-4, 1.3, 1.05), rate(1e-4, 0.9)])
    assert found.chosen.trial.values == {"learning_rate": 4e-4}
    assert [each.standing for each in found.trials] == ["worse", "chosen", "as_good"]
    assert found.full_trainings == pytest.approx(3 * 0.3 * 1.375 + 0.7), "with the steps that were discarded after each early part"
    assert found.search.spent.seconds == pytest.approx(1.6 * SECONDS)


def test_values_are_plausible_until_they_are_shown_to_be_worse(tmp_path: Path) -> None:
    trials = [rate(2e-4, 1.3, 1.02), rate(4e-4, 1.3, 1.0), rate(2e-3, 1.9), rate(1e-3, None), rate(1e-4, 1.301)]
    (learning_rate,) = (found := findings_of(tmp_path, trials)).fields
    assert [each.standing for each in found.trials] == ["as_good", "chosen", "worse", "failed", "as_good"]
    assert learning_rate.plausible == (1e-4, 4e-4)
    assert (learning_rate.own, learning_rate.chosen, learning_rate.tried) == (2e-4, 4e-4, 5)
    assert found.improvement is not None
    assert found.improvement.difference == pytest.approx(-0.02)


def test_robustness_is_the_share_of_the_range_near_the_best_and_not_of_trials(tmp_path: Path) -> None:
    crowded = [rate(2e-4 * 1.01**i, 1.0, 1.0) for i in range(8)]
    (field,) = findings_of(tmp_path, [*crowded, rate(2e-5, 2.0), rate(2e-3, 2.0)]).fields
    assert field.robust_share == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(
    ("best", "edge"), [(2e-4, None), (1.9e-3, "high"), (2.1e-5, "low"), (9e-4, "high")], ids=["middle", "high", "low", "outermost"]
)
def test_a_value_at_the_edge_of_what_was_tried_is_noticed(tmp_path: Path, best: float, edge: str | None) -> None:
    others = [rate(2e-4, 1.5), rate(1e-4, 1.5), rate(5e-4, 1.5)]
    assert findings_of(tmp_path, [*others, rate(best, 1.2, 1.0)]).fields[0].edge == edge


def test_a_list_of_names_has_values_and_no_edge(tmp_path: Path) -> None:
    trials = [MadeTrial({"optimizer": name}, losses) for name, losses in (("adamw", (1.2, 1.0)), ("lion", (1.9,)), ("sgd", (None,)))]
    (field,) = findings_of(tmp_path, trials, spec=SearchSpec(fields={"optimizer": ("adamw", "lion", "sgd")})).fields
    assert (field.plausible, field.edge, field.range.is_numeric) == (("adamw",), None, False)
    assert field.robust_share == pytest.approx(1 / 3)


@pytest.mark.parametrize("own", [None, 0, 500, "all"])
def test_own_values_that_the_range_does_not_have_are_shown(tmp_path: Path, own: object) -> None:
    trials = [MadeTrial({"r": value}, (loss,)) for value, loss in ((own, 1.0), (4, 2.0), (16, 1.5))]
    for searched_values in ((4, 16), FieldRange(low=4, high=16), FieldFactor(factor=2)):
        path = tmp_path / type(searched_values).__name__
        run = searched(path, {"lora": trials}, spec=SearchSpec(fields={"r": searched_values}))
        (field,) = summary_of(run).findings[0].fields
        assert (field.own, field.chosen) == (own, own)
        assert "How the values were chosen" in render(run)


def test_a_linear_range_has_its_own_distances(tmp_path: Path) -> None:
    trials = [MadeTrial({"epochs": value}, (loss,)) for value, loss in ((1.0, 2.0), (5.0, 1.0), (9.0, 2.0))]
    (field,) = findings_of(tmp_path, trials, spec=SearchSpec(fields={"epochs": FieldRange(low=1, high=9, log=False)})).fields
    assert field.robust_share == pytest.approx(0.5)


def test_the_progress_is_the_lowest_loss_by_time_spent(tmp_path: Path) -> None:
    progress = findings_of(tmp_path, [rate(2e-4, 1.4, 1.1), rate(4e-4, 1.3, 1.25), rate(1e-4, 1.8)]).progress
    assert [point.seconds / SECONDS for point in progress] == pytest.approx([0.3, 0.6, 1.6, 2.3])
    assert [point.loss for point in progress] == pytest.approx([1.4, 1.3, 1.1, 1.1])


def test_lora_needs_ten_times_the_rate_where_the_plausible_rates_allow_it(tmp_path: Path) -> None:
    run = searched(tmp_path, {"full": searched_rates(2e-5, 2e-5, steep=0.3), "lora": searched_rates(2e-4, 2e-4, steep=0.3)})
    (ratio,) = summary_of(run).ratios
    assert (ratio.strategy, ratio.full, ratio.ratio) == ("lora", "full", pytest.approx(10))
    assert (ratio.allows(10), ratio.excludes(10)) == (True, False)
    assert (ratio.allows(1), ratio.excludes(1)) == (False, True)


def test_a_ratio_that_no_trial_speaks_about_is_neither_plausible_nor_excluded(tmp_path: Path) -> None:
    run = searched(tmp_path, {"full": [rate(2e-5, 1.0), rate(4e-5, 2.0)], "lora": [rate(2e-5, 1.0), rate(1e-5, 2.0)]})
    (ratio,) = summary_of(run).ratios
    assert ratio.beyond == (0.25, None)
    assert (ratio.allows(10), ratio.excludes(10), ratio.excludes(0.2)) == (False, False, True)


def test_costs_of_the_search_are_apart_from_training_and_part_of_the_total(tmp_path: Path) -> None:
    plain = make_run(tmp_path / "plain", [summarization([Made("base", 0.2), Made("lora", 0.7, 1, train_seconds=300.0)], rows=30)])
    run = searched(tmp_path, {"lora": [rate(2e-4, 1.4, 1.1), rate(4e-4, None)]})
    (before,) = (r.costs for r in plain.by_task["summarization"].unranked if r.strategy == "lora")
    (after,) = (r.costs for r in run.by_task["summarization"].unranked if r.strategy == "lora")
    assert before is not None
    assert after is not None
    assert (before.search_seconds, before.search_price) == (0, 0)
    assert after.search_seconds == pytest.approx(1.3 * SECONDS)
    assert after.search_price == pytest.approx(1.3 * SECONDS * 0.09 / 3600)
    assert (after.training_seconds, after.total_seconds) == (before.training_seconds, before.total_seconds)
    assert run.spent_on_search.seconds == after.search_seconds
    share = summary_of(run).share_of_total
    assert share == pytest.approx(after.search_seconds / run.spent.seconds)


def test_what_the_race_saved_follows_from_the_trials_that_were_run(tmp_path: Path) -> None:
    searches = {"lora": searched_rates(2e-4, 2e-4), "ia3": [rate(1e-3 * (i + 1), 2.0) for i in range(6)]}
    run = searched(tmp_path, searches, race=0.05, dropped={"ia3": (0, "lora", 0)})
    (drop,) = summary_of(run).drops
    assert (drop.dropped.strategy, drop.rival_strategy, drop.share) == ("ia3", "lora", 0.3)
    training = SECONDS / 1.375  # all its trials were measured after an early part, with further steps
    assert drop.search_seconds == pytest.approx(2 * 0.7 * training)
    assert drop.grid_seconds == pytest.approx(training)


def test_without_a_search_there_is_no_summary(tmp_path: Path) -> None:
    assert make_run(tmp_path / "run", [summarization([Made("base", 0.2)], rows=30)]).by_task["summarization"].search_summary is None


def test_a_range_may_be_a_factor(tmp_path: Path) -> None:
    spec = SearchSpec(fields={"learning_rate": FieldFactor(factor=4)})
    within = findings_of(tmp_path, [rate(2e-4, 1.0)], spec=spec).fields[0].range
    assert (within.low, within.high) == pytest.approx((5e-5, 8e-4))


def test_a_factor_does_not_lead_beyond_the_highest_rate_that_strategies_accept(tmp_path: Path) -> None:
    """Ten times the rate of prompt tuning would be 3; the search tries rates up to 1, which is the end of its range."""
    trials = [rate(0.3, 1.5), rate(0.1, 1.6), rate(0.97, 1.2, 1.0)]
    (field,) = findings_of(tmp_path, trials, spec=SearchSpec(fields={"learning_rate": FieldFactor(factor=10)})).fields
    assert (field.range.low, field.range.high) == pytest.approx((0.03, 1.0))
    assert (field.edge, field.is_near_end) == ("high", True)
