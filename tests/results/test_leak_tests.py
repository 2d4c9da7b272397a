"""Leak tests read from a run: averages over seeds, intervals, and results that do not belong together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from report_factory import Made, leaked, make_run, summarization

from harness.errors import BenchError
from harness.results import EXPOSURE, EXTRACTION, RunResults, TaskResults
from harness.statistics import clopper_pearson_upper, exposure
from harness.types import CanaryOutcome, LeakMeasurement
from tests.foreign import edit_json


def results_of(path: Path, *seeds: LeakMeasurement) -> TaskResults:
    cells = [Made("base", 0.2), *(Made("lora", 0.6, seed, train_seconds=9) for seed in range(len(seeds)))]
    run = make_run(path, [summarization(cells, rows=20, leaks={1: seeds})])
    return run.by_task["summarization"]


def test_seeds_are_averaged_within_each_canary(tmp_path: Path) -> None:
    first, second = leaked([1, 2, 256, 256], candidates=256), leaked([1, 8, 256, 4], extracted=1, candidates=256)
    (test,) = results_of(tmp_path / "run", first, second).leak_tests
    assert test.exposures.tolist() == [[8, 8], [7, 5], [0, 0], [0, 6]]
    assert test.score(EXPOSURE).value == np.mean([8, 6, 0, 3]) and test.score(EXPOSURE).n == 4
    assert test.score(EXTRACTION).value == 1 / 8
    assert test.score(EXPOSURE, repeats=1).value == 7 and test.is_at_least(1) and not test.is_at_least(16)


def test_the_share_that_is_written_out_has_the_interval_of_a_proportion(tmp_path: Path) -> None:
    (test,) = results_of(tmp_path / "run", leaked([9.0] * 40)).leak_tests
    score = test.score(EXTRACTION)
    assert (score.value, score.low, score.n, score.reliable) == (0, 0, 40, True)
    assert score.high == pytest.approx(clopper_pearson_upper(0, 40, 0.975))
    limits = test.claim_limits(EXTRACTION, 0.05)
    assert limits.high is not None and limits.high >= clopper_pearson_upper(0, 40, 0.95) - 1e-9


def test_few_canaries_are_not_reliable(tmp_path: Path) -> None:
    (test,) = results_of(tmp_path / "run", leaked([3, 4, 5, 6])).leak_tests
    assert not test.score(EXPOSURE).reliable and not test.score(EXTRACTION).reliable


def test_a_strategy_without_a_leak_test_has_none(tmp_path: Path) -> None:
    results = results_of(tmp_path / "run", leaked([3, 4, 5, 6]))
    base, lora = sorted(results.unranked, key=lambda each: each.label)
    assert results.find_leak_test(base) is None
    assert results.find_leak_test(lora) is results.leak_tests[0]


def test_cells_about_different_canaries_are_not_averaged(tmp_path: Path) -> None:
    results = results_of(tmp_path / "run", leaked([3, 4, 5, 6]), leaked([3, 4, 5, 6], candidates=64))
    with pytest.raises(BenchError, match="the cells of its leak test are about different canaries"):
        _ = results.leak_tests


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("rank", 257, "a rank of 257 among 256 candidates is impossible"),
        ("rank", 0, "rank"),
        ("candidates", 1, "candidates"),
        ("repeats", 0, "repeats"),
        ("extracted", "yes", "extracted"),
    ],
)
def test_impossible_outcomes_of_a_foreign_run_are_refused(tmp_path: Path, field: str, value: object, problem: str) -> None:
    run = results_of(tmp_path / "run", leaked([3, 4, 5, 6])).run
    file = run.folder.cell(run.plan.leak_cells[0].id).result_file
    edit_json(file, lambda result: result["leak"]["canaries"][0].update({field: value}))
    run.folder.seal_file.unlink()
    with pytest.raises(BenchError, match=r"cell\.json.*is damaged.*") as error:
        _ = RunResults(run.folder).leak_results
    assert problem in str(error.value)


def test_every_rank_of_the_candidates_has_an_exposure() -> None:
    outcomes = [CanaryOutcome("record", 1, 16, rank, extracted=False) for rank in (1, 1.5, 16)]
    assert [exposure(each.rank, each.candidates) for each in outcomes] == pytest.approx([4, 4 - np.log2(1.5), 0])


def test_seeds_and_models_may_have_asked_about_fewer_examples(tmp_path: Path) -> None:
    """Another seed has other training examples, and another tokenizer other targets of a single token."""
    long, short = leaked([3, 4, 5, 6]), replace(leaked([3, 4, 5, 6]), training_overlaps=(2, 0), held_out_overlaps=())
    (test,) = results_of(tmp_path / "run", long, short).leak_tests
    assert (test.overlap().n, test.overlap().value) == (2, np.mean([(0 + 2) / 2, (1 + 0) / 2]))
    assert test.overlap(held_out=True).value is None
    assert test.remembered_overlap(test).value is None
