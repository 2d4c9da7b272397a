"""Audits: worlds have the truth that they state, rates are right where theory knows them, and what cannot be simulated is named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from chance import at_most

from harness.metrics import metrics_for
from harness.metrics.family import example_metric
from harness.statistics import AuditCheck, AuditedClaim, AuditedStrategy, Rate, audit_report
from harness.statistics.audit.world import World, make_world

RIGHT = example_metric("right", "higher", "fraction", lambda e, p: None, "test")
ERRORS = example_metric("errors", "lower", "fraction", lambda e, p: None, "test")
METRICS = {m.name: m for m in metrics_for(["classification"], ("a", "b", "c"))}
MACRO_F1 = METRICS["macro_f1"]


def right_answers(shares: tuple[float, ...], n: int = 120, seed: int = 0) -> np.ndarray:
    """Right or wrong answers of several strategies to the same questions, (n, k, 1)."""
    rng = np.random.default_rng(seed)
    ease = rng.random((n, 1))
    return (ease + rng.normal(0, 0.15, (n, len(shares))) < np.array(shares)).astype(float)[:, :, None]


def labelled(shares: tuple[float, ...], n: int = 150, seed: int = 0) -> np.ndarray:
    """Statistics of a classifier with three labels, (n, k, 9)."""
    rng = np.random.default_rng(seed)
    gold, stack = rng.integers(3, size=n), np.zeros((n, len(shares), 9))
    for k, share in enumerate(shares):
        predicted = np.where(rng.random(n) < share, gold, rng.integers(3, size=n))
        stack[np.arange(n), k, 6 + gold] = 1
        stack[np.arange(n), k, 3 + predicted] = 1
        stack[np.arange(n), k, predicted] = predicted == gold
    return stack


def strategies(stack: np.ndarray, names: tuple[str, ...] = ("base", "lora", "full")) -> list[AuditedStrategy]:
    return [AuditedStrategy(name, stack[:, [k]], float(k)) for k, name in enumerate(names[: stack.shape[1]])]


def world_of(stack: np.ndarray, metric: object = RIGHT, cluster: np.ndarray | None = None) -> World:
    return make_world(metric, stack, tuple(range(1, stack.shape[1])), cluster)  # type: ignore[arg-type]


@pytest.mark.parametrize(("metric", "stack"), [(RIGHT, right_answers((0.6, 0.8))), (ERRORS, right_answers((0.3, 0.2)))])
@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("target", [0.0, -0.05, 0.02])
def test_tilted_world_has_the_truth_that_was_asked_for(metric: object, stack: np.ndarray, grouped: bool, target: float) -> None:
    world = world_of(stack, metric, np.arange(120) // 3 if grouped else None)
    tilted = world.tilted_to_difference(0, 1, target)
    assert tilted is not None
    first, second = tilted.truth()
    assert world.sign * (first - second) == pytest.approx(target, abs=1e-9)
    assert tilted.chances.sum() == pytest.approx(1) and (tilted.chances > 0).all()
    assert (tilted.stack == world.stack).all()


def test_corpus_score_can_be_tilted() -> None:
    tilted = world_of(labelled((0.7, 0.8)), MACRO_F1).tilted_to_difference(0, 1, -0.03)
    assert tilted is not None
    first, second = tilted.truth()
    assert first - second == pytest.approx(-0.03, abs=1e-9)


@pytest.mark.parametrize("grouped", [False, True])
def test_samples_have_the_truth_of_their_world_on_average(grouped: bool) -> None:
    cluster = np.arange(120) // 3 if grouped else None
    tilted = world_of(right_answers((0.6, 0.8)), RIGHT, cluster).tilted_to_difference(0, 1, -0.05)
    assert tilted is not None
    rng, differences = np.random.default_rng(3), []
    for _ in range(1500):
        sample = tilted.draw(rng)
        assert len(sample.positions) == len(sample.groups) == 120
        assert len(set(sample.groups)) == (40 if grouped else 1)
        first, second = tilted.sides(sample.positions)
        differences.append(float(first.mean() - second.mean()))
    assert np.mean(differences) == pytest.approx(-0.05, abs=4 * np.std(differences) / np.sqrt(1500))


def test_observed_world_has_the_observed_scores() -> None:
    stack = labelled((0.7, 0.8))
    from harness.statistics import observed_scores

    assert world_of(stack, MACRO_F1).truth() == pytest.approx(observed_scores(MACRO_F1, stack))


def test_world_that_hangs_on_a_few_examples_is_refused() -> None:
    stack = right_answers((0.1, 0.9))
    assert world_of(stack).tilted_to_difference(0, 1, 0.0) is None
    same = np.repeat(right_answers((0.8,)), 2, axis=1)
    assert world_of(same).tilted_to_difference(0, 1, -0.05) is None


@pytest.mark.parametrize(("metric", "shares"), [(RIGHT, (0.75, 0.8)), (RIGHT, (0.1, 0.9)), (ERRORS, (0.3, 0.28))])
def test_rare_failures_lose_what_was_asked_for(metric: object, shares: tuple[float, ...]) -> None:
    observed = world_of(right_answers(shares), metric)
    world = observed.with_failures(1, 0, 0.03)
    assert world is not None
    failing, best = world.sign * world.truth()
    assert best - failing == pytest.approx(0.03)
    assert world.drawn == 120
    worst = 0.0 if world.sign > 0 else 1.0
    assert (world.stack[120:, 0] == worst).all()
    assert (world.stack[:120, 0] == observed.stack[:, 1 if shares[0] == 0.1 else 0]).all()
    assert observed.with_failures(1, 0, 0.99) is None
    assert world_of(labelled((0.7, 0.8)), MACRO_F1).with_failures(1, 0, 0.03) is None


@pytest.mark.parametrize(("metric", "stack"), [(RIGHT, right_answers((0.2, 0.9))), (MACRO_F1, labelled((0.2, 0.9)))])
def test_mixed_copy_loses_what_was_asked_for(metric: object, stack: np.ndarray) -> None:
    world = world_of(stack, metric).with_mixed_copy(1, 0, 0.03)
    assert world is not None
    copy, best = world.truth()
    assert best - copy == pytest.approx(0.03, abs=1e-6)
    assert world_of(stack, metric).with_mixed_copy(0, 1, 0.03) is None


def test_far_worse_strategy_can_be_audited() -> None:
    audit = audit_report(strategies(right_answers((0.1, 0.9))), metric=RIGHT, margin=0.05, groups=[None] * 120, simulations=3)
    assert audit is not None
    (choice,) = (check for check in audit.checks if check.kind == "wrong_choice")
    assert choice.truth == pytest.approx(-0.051)
    assert [(each.kind, each.reason) for each in audit.skipped] == [("false_difference", "out_of_reach")]


def test_intervals_of_well_behaved_data_cover_and_few_claims_are_wrong() -> None:
    audit = audit_report(strategies(right_answers((0.5, 0.75, 0.8))), metric=RIGHT, margin=0.05, groups=[None] * 120, simulations=60)
    assert audit is not None and audit.simulations == 60 and audit.best == "full"
    kinds = {check.kind for check in audit.checks}
    expected = {"score_interval", "difference_interval", "wrong_direction", "false_difference", "wrong_choice", "hidden_failures"}
    assert kinds == expected
    assert not audit.broken
    assert sum(rate.count for rate in audit.choices.values()) == 60
    coverage = next(check for check in audit.checks if check.kind == "score_interval" and check.strategies == ("full",))
    assert coverage.truth == pytest.approx(right_answers((0.5, 0.75, 0.8))[:, 2].mean())
    assert coverage.rate.share > 0.88


def test_audit_sees_an_interval_that_does_not_cover() -> None:
    """Two of 60 examples have all the errors: the interval of their number covers far too rarely, which its design does not show."""
    values = np.zeros((60, 1, 1))
    values[:2] = 1.0
    values[0] = 30.0
    count = replace(RIGHT, name="count", unit="words", direction="lower")
    audit = audit_report([AuditedStrategy("base", values, 1.0)], metric=count, margin=0.1, groups=[None] * 60, simulations=150)
    assert audit is not None
    (check,) = (check for check in audit.checks if check.kind == "score_interval")
    assert check.rate.share < 0.8
    assert check.outcome == "not_kept"


def test_same_seed_gives_the_same_audit() -> None:
    made = strategies(right_answers((0.7, 0.8), n=60))
    one, same, other = (audit_report(made, metric=RIGHT, margin=0.05, groups=[None] * 60, simulations=15, seed=seed) for seed in (1, 1, 2))
    assert one == same and one != other


def test_one_strategy_has_an_interval_and_no_choice() -> None:
    audit = audit_report(strategies(right_answers((0.7,))), metric=RIGHT, margin=0.05, groups=[None] * 120, simulations=5)
    assert audit is not None
    assert {check.kind for check in audit.checks} == {"score_interval"}
    assert [(each.kind, each.reason) for each in audit.skipped] == [("difference_interval", "one_strategy")]
    assert audit.choices == {} and audit.good_choices is None and audit.best_named is None


def test_score_without_direction_has_no_choice() -> None:
    words = replace(RIGHT, direction="none")
    audit = audit_report(strategies(right_answers((0.7, 0.8))), metric=words, margin=0.05, groups=[None] * 120, simulations=5)
    assert audit is not None
    assert {check.kind for check in audit.checks} == {"score_interval", "difference_interval"}
    assert [each.reason for each in audit.skipped] == ["no_direction"]


def test_nothing_to_simulate_gives_nothing() -> None:
    assert audit_report([], metric=RIGHT, margin=0.05, groups=[]) is None
    assert audit_report(strategies(right_answers((0.7, 0.8), n=1)), metric=RIGHT, margin=0.05, groups=[None]) is None
    with pytest.raises(ValueError, match="at least one"):
        audit_report([], metric=RIGHT, margin=0.05, groups=[], simulations=0)


def test_guardrail_at_its_limit_is_rarely_called_kept() -> None:
    stack = right_answers((0.7, 0.8), n=200)
    wrong = 1 - stack[:, [1]]
    limit = AuditedClaim(("false_guardrail",), ERRORS, wrong, float(wrong.mean()) + 0.03, 0.025, is_floor=False)
    audit = audit_report(strategies(stack), metric=RIGHT, margin=0.05, groups=[None] * 200, simulations=100, claims=lambda best: [limit])
    assert audit is not None
    (check,) = (check for check in audit.checks if check.kind == "false_guardrail")
    assert (check.score, check.strategies, check.truth) == ("errors", ("lora",), limit.threshold)
    assert check.rate.share <= 0.05


def test_claims_that_compare_are_rarely_made_at_their_border() -> None:
    """Not worse than base by 0.05, where the loss is 0.05; a share of its errors; better than what equals it."""
    stack = right_answers((0.75, 0.8), n=200)
    base, lora = stack[:, [0]], stack[:, [1]]
    rules = [
        AuditedClaim(("wrong_pass", "wrong_fail"), RIGHT, lora, -0.05, 0.05, reference=base, reference_name="base"),
        AuditedClaim(("false_guardrail",), ERRORS, 1 - lora, 0.0, 0.025, reference=1 - base, reference_name="base", factor=1.1),
        AuditedClaim(("false_usable",), RIGHT, lora, 0.0, 0.05, reference=base, reference_name="trivial"),
    ]
    audit = audit_report(strategies(stack), metric=RIGHT, margin=0.05, groups=[None] * 200, simulations=40, claims=lambda best: rules)
    assert audit is not None
    checks = {check.kind: check for check in audit.checks}
    assert checks["wrong_pass"].strategies == ("base", "lora") and checks["wrong_pass"].truth == -0.05
    assert checks["false_usable"].strategies == ("trivial", "lora")
    for kind in ("wrong_pass", "wrong_fail", "false_guardrail", "false_usable"):
        assert at_most(0.05, checks[kind].rate.share, 40), kind


def test_a_claim_out_of_reach_is_named() -> None:
    stack = right_answers((0.2, 0.9), n=120)
    rule = AuditedClaim(("wrong_pass", "wrong_fail"), RIGHT, stack[:, [1]], -0.05, 0.05, reference=stack[:, [0]], reference_name="base")
    audit = audit_report(strategies(stack), metric=RIGHT, margin=0.05, groups=[None] * 120, simulations=2, claims=lambda best: [rule])
    assert audit is not None
    skipped = {(each.kind, each.reason) for each in audit.skipped}
    assert {("wrong_pass", "out_of_reach"), ("wrong_fail", "out_of_reach")} <= skipped


def test_interruption_keeps_what_is_done() -> None:
    def stop(done: int, total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    made, settings = strategies(right_answers((0.7, 0.8))), {"metric": RIGHT, "margin": 0.05, "groups": [None] * 120}
    audit = audit_report(made, simulations=50, progress=stop, **settings)  # type: ignore[arg-type]
    assert audit is not None and audit.requested == 50
    assert audit.simulations == sum(rate.count for rate in audit.choices.values()) == 4


@pytest.mark.parametrize(
    ("kind", "hits", "times", "unmarked", "outcome"),
    [
        ("score_interval", 190, 200, 0, "kept"),
        ("score_interval", 160, 200, 40, "not_kept"),
        ("score_interval", 160, 200, 10, "low_confidence"),
        ("score_interval", 19, 20, 0, "unclear"),
        ("wrong_choice", 12, 200, 0, "kept"),
        ("wrong_choice", 40, 200, 30, "not_kept"),
        ("wrong_choice", 0, 20, 0, "unclear"),
    ],
)
def test_outcome_allows_for_the_error_of_the_simulations(kind: str, hits: int, times: int, unmarked: int, outcome: str) -> None:
    limit = 0.95 if kind == "score_interval" else 0.05
    check = AuditCheck(kind, ("lora",), 0.0, Rate(hits, times), limit, Rate(0, times), Rate(unmarked, times), "right")  # type: ignore[arg-type]
    assert check.outcome == outcome
