"""The cheapest that is not worse than the best by more than Δ, and how rarely that is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from chance import at_most, enough

from harness.metrics import metrics_for
from harness.statistics import Recommendation, difference_claim_limits, recommend

ROUGE = metrics_for(["rouge"], [])[2]
CLASSIFICATION = {m.name: m for m in metrics_for(["classification"], "abc")}
ACCURACY, MACRO_F1 = CLASSIFICATION["accuracy"], CLASSIFICATION["macro_f1"]
ERRORS = {m.name: m for m in metrics_for(["facts"], [])}["critical_error_rate"]
WORDS = metrics_for(["length"], [])[0]
COSTS = {"base": 1.0, "lora": 3.0, "qlora": 4.0, "full": 10.0}


def make_scores(means: dict[str, float], n: int = 300, noise: float = 0.05, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    shared = rng.normal(0, 0.1, n)
    return {name: mean + shared + rng.normal(0, noise, n) for name, mean in means.items()}


def recommended(stacks: dict[str, np.ndarray], margin: float = 0.03, **more: object) -> Recommendation:
    result = recommend(stacks, COSTS, metric=ROUGE, margin=margin, **more)  # type: ignore[arg-type]
    assert result is not None
    return result


def test_the_cheapest_within_the_margin_is_chosen_rather_than_the_best() -> None:
    result = recommended(make_scores({"base": 0.2, "lora": 0.7, "qlora": 0.7, "full": 0.71}))
    assert (result.choice, result.best) == ("lora", "full")
    assert {c.name: c.standing for c in result.candidates} == {"base": "worse", "lora": "within", "qlora": "within", "full": "within"}
    assert result.candidate("full").lead == pytest.approx(0.01, abs=0.01)
    assert result.candidate("base").lead == pytest.approx(-0.51, abs=0.01)


def test_a_base_model_that_is_good_enough_needs_no_tuning() -> None:
    assert recommended(make_scores({"base": 0.70, "lora": 0.705, "full": 0.70})).choice == "base"


def test_the_choice_among_some_is_read_from_the_same_limits() -> None:
    """Without the best, the others are compared with the best of what is left."""
    result = recommended(make_scores({"base": 0.2, "lora": 0.60, "qlora": 0.605, "full": 0.71}))
    assert (result.choice, result.candidate("lora").standing) == ("full", "worse")
    left = result.among({"base", "lora", "qlora"})
    assert (left.choice, left.best, left.level) == ("lora", "qlora", result.level)
    assert {c.name: c.standing for c in left.candidates} == {"base": "worse", "lora": "within", "qlora": "within"}
    assert left.candidate("lora").leads["qlora"] == result.candidate("lora").leads["qlora"]
    assert result.among(["base"]).choice == "base"
    assert result.among([c.name for c in result.candidates]) == result
    with pytest.raises(ValueError, match="no candidate"):
        result.among(["dora"])


def test_an_undecided_strategy_has_the_examples_needed() -> None:
    result = recommended(make_scores({"base": 0.2, "lora": 0.70, "full": 0.71}, n=40, noise=0.3))
    assert result.choice is None
    size = result.candidate("lora").sample_size
    assert size is not None and size.examples > 40
    more = recommended(make_scores({"base": 0.2, "lora": 0.71, "full": 0.71}, n=2 * size.examples, noise=0.3))
    assert more.candidate("lora").standing == "within"


def test_an_unknown_cost_counts_as_the_highest() -> None:
    stacks = make_scores({"lora": 0.7, "qlora": 0.7})
    result = recommend(stacks, {"lora": None, "qlora": 9.0}, metric=ROUGE, margin=0.05)
    assert result is not None and result.choice == "qlora"
    none = recommend(stacks, {}, metric=ROUGE, margin=0.05)
    assert none is not None and none.choice == none.best


def test_lower_is_better_where_the_score_says_so() -> None:
    stacks = {name: 1 - values for name, values in make_scores({"base": 0.2, "lora": 0.7, "full": 0.71}).items()}
    result = recommend(stacks, COSTS, metric=ERRORS, margin=0.05)
    assert result is not None
    assert (result.choice, result.best, result.candidate("base").standing) == ("lora", "full", "worse")
    assert result.candidate("full").score == pytest.approx(0.29, abs=0.02)


def test_two_strategies_are_judged_as_in_a_comparison() -> None:
    stacks = make_scores({"lora": 0.7, "full": 0.71}, n=200)
    result = recommended(stacks)
    alone = difference_claim_limits(stacks["full"], stacks["lora"], metric=ROUGE, groups=None, alpha=result.level)
    assert result.candidate("lora").least == pytest.approx(alone.low)
    assert result.level == pytest.approx(0.05), "of two, only one comparison is with the best"


def test_more_strategies_widen_the_limits() -> None:
    levels = [recommended(make_scores({f"s{i}": 0.7 for i in range(k)})).level for k in (2, 4, 8)]
    assert levels[0] > levels[1] > levels[2] > 0.05 / 7 - 1e-9


def test_binary_and_corpus_scores_have_their_own_methods() -> None:
    rng = np.random.default_rng(1)
    gold = rng.integers(3, size=400)
    eye = np.eye(3)

    def answers(right: float) -> np.ndarray:
        return np.where(rng.random(400) < right, gold, (gold + 1) % 3)

    said = {"base": answers(0.4), "lora": answers(0.9), "full": answers(0.9)}
    hits = {name: (answer == gold).astype(float) for name, answer in said.items()}
    result = recommend(hits, COSTS, metric=ACCURACY, margin=0.1)
    assert result is not None and (result.choice, result.candidate("base").standing) == ("lora", "worse")
    counts = {n: np.concatenate([eye[a] * (a == gold)[:, None], eye[a], eye[gold]], axis=1) for n, a in said.items()}
    corpus = recommend(counts, COSTS, metric=MACRO_F1, margin=0.1)
    assert corpus is not None and (corpus.choice, corpus.candidate("base").standing) == ("lora", "worse")


def test_equal_outputs_are_within_the_margin_only_with_enough_examples() -> None:
    for n, standing in ((20, "undecided"), (2000, "within")):
        hits = {name: np.ones(n) for name in ("lora", "full")}
        result = recommend(hits, COSTS, metric=ACCURACY, margin=0.01)
        assert result is not None and result.candidate("lora").standing == standing


def test_seeds_groups_and_missing_scores() -> None:
    stacks = {name: np.stack([values, values + 0.001], axis=1) for name, values in make_scores({"lora": 0.7, "full": 0.71}).items()}
    stacks["full"][:7] = np.nan
    result = recommended(stacks, groups=[f"patient {i // 5}" for i in range(300)], margin=0.08)
    assert result.n == 293
    assert result.choice == "lora"


def test_recommendations_that_cannot_be_made() -> None:
    one = make_scores({"lora": 0.7})
    assert recommend(one, COSTS, metric=ROUGE, margin=0.1) is None
    assert recommend({}, COSTS, metric=ROUGE, margin=0.1) is None
    assert recommend({"a": np.array([0.1]), "b": np.array([0.2])}, COSTS, metric=ROUGE, margin=0.1) is None
    with pytest.raises(ValueError, match="higher or lower is better"):
        recommend(make_scores({"a": 1.0, "b": 1.0}), COSTS, metric=WORDS, margin=0.1)
    with pytest.raises(ValueError, match="above 0"):
        recommend(make_scores({"a": 1.0, "b": 1.0}), COSTS, metric=ROUGE, margin=0.0)


def wrong(times: int, n: int, k: int, *, binary: bool) -> float:
    """How often what is recommended is truly worse than the best by more than Δ: here every one but the dearest is, just so."""
    margin, rng, count = 0.05, np.random.default_rng(2), 0
    costs = {f"s{i}": float(i) for i in range(k)}
    for _ in range(times):
        if binary:
            shared = rng.random(n)
            right = {f"s{i}": 0.85 if i == k - 1 else 0.85 - margin - 0.001 for i in range(k)}
            # half of the chance is common to all, half their own
            stacks = {name: np.where(rng.random(n) < 0.5, shared < p, rng.random(n) < p).astype(float) for name, p in right.items()}
        else:
            shared = rng.beta(0.5, 2, n)
            # each fails badly on few examples
            stacks = {f"s{i}": shared - rng.exponential(0.15, n) + (margin + 0.001 if i == k - 1 else 0.0) for i in range(k)}
        result = recommend(stacks, costs, metric=ACCURACY if binary else ROUGE, margin=margin, resamples=500)
        assert result is not None
        count += result.choice not in (None, f"s{k - 1}")
    return count / times


@pytest.mark.parametrize("binary", [True, False])
def test_wrong_recommendations_are_rare(binary: bool) -> None:
    assert wrong(150, 150, 4, binary=binary) <= 0.09


@pytest.mark.soak
@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize(("n", "k"), [(100, 2), (100, 5), (400, 8)])
def test_wrong_recommendations_of_a_long_simulation(n: int, k: int, binary: bool) -> None:
    times = enough(0.05)
    assert at_most(0.05, wrong(times, n, k, binary=binary), times)


def test_the_examples_needed_are_those_of_the_least_certain_pair() -> None:
    rng = np.random.default_rng(6)
    lora, noise = rng.normal(0.7, 0.02, 60), rng.normal(0, 0.1, 60)
    full = lora + noise - noise.mean()
    result = recommend({"lora": lora, "dora": lora, "full": full}, COSTS, metric=ROUGE, margin=0.01)
    assert result is not None and result.candidate("lora").standing == "undecided"
    leads = result.candidate("lora").leads
    assert leads["dora"].sample_size is not None and leads["full"].sample_size is not None
    assert leads["full"].sample_size.examples > leads["dora"].sample_size.examples > 60
    assert result.candidate("lora").sample_size == leads["full"].sample_size


def test_too_few_examples_are_not_reliable() -> None:
    assert not recommended(make_scores({"lora": 0.7, "full": 0.7}, n=12), margin=0.2).reliable
    assert recommended(make_scores({"lora": 0.7, "full": 0.7}, n=300), margin=0.2).reliable


@pytest.mark.parametrize("seeds", [1, 3])
def test_differences_without_spread_are_not_reliable_however_many_seeds(seeds: int) -> None:
    stacks = {"lora": np.full((300, seeds), 0.7), "full": np.full((300, seeds), 0.5)}
    result = recommended(stacks, margin=0.2)
    assert (result.choice, result.reliable, result.reason) == ("lora", False, "all 300 examples differ by the same amount")
    assert not difference_claim_limits(stacks["full"], stacks["lora"], metric=ROUGE, groups=None, alpha=0.05).reliable
    same = difference_claim_limits(stacks["full"], stacks["full"], metric=ROUGE, groups=None, alpha=0.05)
    assert same.reason == "both strategies scored the same on all 300 examples"
