"""Every pair says what the comparison of two says, corrected for their number."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from harness.metrics import metrics_for
from harness.statistics import compare_all_pairs, compare_scores

WORDS = metrics_for(["length"], [])[0]
ROUGE = metrics_for(["rouge"], [])[2]
MACRO_F1 = {m.name: m for m in metrics_for(["classification"], "abc")}["macro_f1"]


def counts(rng: np.random.Generator, gold: np.ndarray, right: float, seeds: int) -> np.ndarray:
    eye = np.eye(3)
    said = np.where(rng.random((len(gold), seeds)) < right, gold[:, None], rng.integers(3, size=(len(gold), seeds)))
    return np.concatenate([eye[said] * (said == gold[:, None])[..., None], eye[said], np.repeat(eye[gold][:, None], seeds, axis=1)], axis=2)


@pytest.mark.parametrize("groups", [None, [f"patient {i // 3}" for i in range(300)]])
def test_shared_resamples_give_the_same_as_each_pair_alone(groups: list[str] | None) -> None:
    rng = np.random.default_rng(0)
    gold = rng.integers(3, size=300)
    stacks = {name: counts(rng, gold, right, seeds) for name, right, seeds in (("base", 0.4, 1), ("lora", 0.7, 3), ("full", 0.72, 2))}
    comparisons = compare_all_pairs(stacks, metric=MACRO_F1, margin=0.02, groups=groups or [None] * 300)
    assert list(comparisons) == [("base", "lora"), ("base", "full"), ("lora", "full")]
    alone = {(a, b): compare_scores(stacks[a], stacks[b], metric=MACRO_F1, margin=0.02, groups=groups) for a, b in comparisons}
    for pair, each in comparisons.items():
        assert (each.low, each.high, each.difference) == pytest.approx((alone[pair].low, alone[pair].high, alone[pair].difference))
        assert (each.method, each.n, each.verdict) == (alone[pair].method, alone[pair].n, alone[pair].verdict)
    corrected = false_discovery_control([each.p_value for each in alone.values()])
    assert [each.p_value for each in comparisons.values()] == pytest.approx(corrected)


def test_scores_of_single_examples_with_missing_scores() -> None:
    rng = np.random.default_rng(1)
    shared = rng.normal(0.5, 0.1, 80)
    stacks = {name: shared + shift + rng.normal(0, 0.05, 80) for name, shift in (("a", 0.0), ("b", 0.2), ("c", 0.2))}
    stacks["b"][:5] = np.nan
    comparisons = compare_all_pairs(stacks, metric=ROUGE, margin=0.01, groups=[None] * 80)
    assert comparisons["a", "b"].dropped == 5 and comparisons["a", "c"].dropped == 0
    assert [each.verdict for each in comparisons.values()] == ["better", "better", "undecided"]


def test_few_of_many_equal_pairs_are_called_different() -> None:
    rng, called, uncorrected = np.random.default_rng(2), 0, 0
    for _ in range(60):
        stacks = {f"s{i}": rng.normal(0, 1, 50) for i in range(6)}
        comparisons = compare_all_pairs(stacks, metric=WORDS, margin=None, groups=[None] * 50)
        called += any(each.verdict != "undecided" for each in comparisons.values())
        pairs = [compare_scores(stacks[a], stacks[b], metric=WORDS, margin=None) for a, b in comparisons]
        uncorrected += any(each.verdict != "undecided" for each in pairs)
    assert called <= 9 < uncorrected
