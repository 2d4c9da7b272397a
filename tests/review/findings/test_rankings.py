"""Three strategies in one review: a balanced design, one ranking, and pairs that hold together."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from raters import Export, SimulatedRater, page_file, preferences

from harness.api import review_status
from harness.errors import BenchError
from harness.reporting.wording import review_sentences, review_tables
from harness.review import import_files
from harness.store import StoredRun


def test_pairs_and_sides_are_balanced_over_examples_and_raters(export: Export) -> None:
    exported = export(strategies=("base", "lora", "qlora"), n=60, raters=2, overlap=1, repeats=0, pairs_per_example=1)
    sides = [(item.rater, exported.key.items[item.id].strategies) for item in exported.packet.items]
    assert Counter(tuple(sorted(pair)) for _, pair in sides) == {("base", "lora"): 20, ("base", "qlora"): 20, ("lora", "qlora"): 20}
    left = Counter(pair for _, pair in sides)
    assert all(abs(left[pair] - left[pair[::-1]]) <= 2 for pair in left)
    assert len({item.example for item in exported.packet.items}) == 60 == len(exported.packet.items)
    twice = export(strategies=("base", "lora", "qlora"), n=10, repeats=0, pairs_per_example=2)
    per_example = Counter(item.example for item in twice.packet.items)
    assert set(per_example.values()) == {2}, "no pair of an example is shown twice"


def test_ranking_orders_strategies_as_raters_do(export: Export, run: StoredRun, tmp_path: Path) -> None:
    """The simulated raters prefer the later-named strategy of a pair in nine of ten examples."""
    exported = export(strategies=("base", "qlora", "lora"), n=60, raters=2, overlap=1, repeats=0, pairs_per_example=2)
    raters = {name: SimulatedRater(name, wins=0.9, ties=0.1) for name in exported.packet.raters}
    ratings = preferences(exported.packet, exported.key, raters)
    import_files(run, [page_file(tmp_path, exported.packet, name, ratings) for name in raters])
    (findings,) = review_status(run.path)
    assert findings.ranking is not None
    assert [each.strategy for each in findings.ranking.strategies] == ["lora", "qlora", "base"]
    assert [(pair.strategy, pair.against) for pair in findings.ranking.pairs] == [("lora", "qlora"), ("lora", "base"), ("qlora", "base")]
    assert all(pair.is_decided for pair in findings.ranking.pairs)
    direct = {frozenset((p.strategy, p.against)): p.win_rate.value for p in findings.preferences}
    for pair in findings.ranking.pairs:
        assert pair.win_rate.low is not None and pair.win_rate.high is not None and pair.win_rate.value is not None
        assert pair.win_rate.value == pytest.approx(direct[frozenset((pair.strategy, pair.against))], abs=0.15)
    assert "Of 3 strategies, raters rank LoRA first" in review_sentences.headline(findings)
    assert "It is shown to be preferred to each of them" in review_sentences.headline(findings)
    titles = [table.title for table in review_tables.list_results(findings)]
    assert titles[:3] == ["Ranking of all strategies", "Pairs in the ranking", "Preferences"]


def test_two_strategies_have_a_win_rate_and_no_ranking(export: Export, run: StoredRun, tmp_path: Path) -> None:
    exported = export(repeats=0)
    ratings = preferences(exported.packet, exported.key, {"rater-1": SimulatedRater("rater-1", wins=0.9)})
    import_files(run, [page_file(tmp_path, exported.packet, "rater-1", ratings)])
    (findings,) = review_status(run.path)
    assert findings.ranking is None and len(findings.preferences) == 1


def test_pairs_per_example_is_for_pairs(export: Export) -> None:
    with pytest.raises(BenchError, match=r"pairs_per_example=1: only applies to mode=\"pairwise\""):
        export(mode="errors", pairs_per_example=1)
