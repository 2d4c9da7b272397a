"""Every sentence and table about reviews, in typical situations. The snapshot is there to be read and reviewed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from harness.reporting.wording import combined_wording, plan_wording, review_sentences, review_tables
from harness.review import EarlierRatings, Findings, RatingPlan, RatingsNeeded
from harness.review.findings import (
    Agreement,
    Change,
    Combined,
    Disagreements,
    ErrorRate,
    Kappa,
    MetricAgreement,
    OrderEffect,
    Preference,
    RankedPair,
    RankedStrategy,
    RaterSummary,
    RatingTime,
    ScaleScore,
    StrategyRanking,
)
from harness.statistics import Reduction
from harness.types import Score


def rater(name: str, **more: Any) -> RaterSummary:
    summary = RaterSummary(name, 66, 66, 6, 5, 58, 31, 0.40, 0.67, 0.694, 41.5)
    return replace(summary, **more)


def preference(value: float, low: float, high: float, sign_test_p: float | None, **more: Any) -> Preference:
    rate = Score(value, low, high, 60, "t, n=60")
    return replace(Preference("lora", "base", rate, 78, 24, 14, 4, 43, 11, sign_test_p), **more)


def agreement(alpha: float | None) -> dict[str, Any]:
    nominal = Agreement("nominal", 60, alpha, 0.51, 0.82, {("anna", "ben"): Kappa(0.68, 60, 0.52, 0.81)}, 0.67)
    return {"preference": {"nominal": nominal, "ordinal": replace(nominal, level="ordinal", fleiss=None)}}


def correlation(value: float, low: float, high: float) -> Score:
    return Score(value, low, high, 54, "partial Spearman")


AGREEMENT = MetricAgreement(
    "rougeL", correlation(0.62, 0.45, 0.75), correlation(0.55, 0.36, 0.70), correlation(0.71, 0.57, 0.82), 54, 52, True
)
PAIRWISE = Findings(
    packet="p1234567",
    task="visits",
    mode="pairwise",
    created="2026-03-02T10:00:00+00:00",
    sampling="random",
    representative=True,
    population=400,
    sampled_examples=60,
    rated_examples=60,
    items=120,
    rated_items=120,
    replaced_ratings=1,
    baseline="base",
    preferences=(preference(0.76, 0.66, 0.84, 0.0001),),
    error_rates=(),
    scale_scores=(),
    rating_times=(),
    agreement=agreement(0.84),
    raters=(rater("anna"), rater("ben", decided=0, repeated=0, median_seconds=None)),
    metric_agreement=(AGREEMENT,),
    corrections=7,
    comments=1,
)
ERRORS = replace(
    PAIRWISE,
    mode="errors",
    preferences=(),
    error_rates=(
        ErrorRate("base", Score(0.4, 0.28, 0.53, 60, "exact"), Score(0.7, 0.57, 0.81, 60, "exact"), {"wrong dose": 0.25}, None, None),
        ErrorRate(
            "lora",
            Score(0.1, 0.04, 0.21, 60, "exact"),
            Score(0.35, 0.23, 0.48, 60, "exact"),
            {"left out": 0.05},
            Change(-0.3, -0.42, -0.18, 0.0002, 60, "paired", reliable=True),
            Reduction(0.75, 0.5, 0.9, 0.4, 0.1, "fraction", 60, "bootstrap", reliable=False, reason="fewer than 100 examples"),
        ),
    ),
    rating_times=(RatingTime("base", 240.0, 120, None, None, None), RatingTime("lora", 95.0, 120, 0.41, 0.35, 0.48)),
    agreement={"severity": agreement(0.7)["preference"]},
    metric_agreement=(replace(AGREEMENT, given_length=correlation(0.16, -0.02, 0.33), within_input=None, agrees=False),),
)
SCALES = replace(
    PAIRWISE,
    mode="scales",
    preferences=(),
    scale_scores=(
        ScaleScore("base", "editing", ("rewrite", "much", "some", "little", "nothing"), Score(2.1, 1.8, 2.4, 60, "t"), None),
        ScaleScore(
            "lora",
            "editing",
            ("rewrite", "much", "some", "little", "nothing"),
            Score(4.25, 4.0, 4.5, 60, "t"),
            Change(2.15, 1.75, 2.55, 0.00001, 60, "paired", reliable=True),
        ),
    ),
    agreement={"editing": agreement(0.31)["preference"]},
    metric_agreement=(),
)
NO_INTERVAL = replace(preference(1.0, 0, 0, None), win_rate=Score(1.0, None, None, 1, "no interval", reliable=False, reason="1 example"))
LOW_CONFIDENCE = replace(
    preference(0.9, 0.6, 0.98, 0.02), win_rate=Score(0.9, 0.6, 0.98, 8, "t, n=8", reliable=False, reason="fewer than 30 examples")
)
UNRATED = replace(
    PAIRWISE,
    rated_items=0,
    rated_examples=0,
    preferences=(),
    agreement={},
    metric_agreement=(),
    corrections=0,
    comments=0,
    replaced_ratings=0,
    raters=(rater("anna", rated=0, repeated=0, decided=0, median_seconds=None),),
)
ONE_SIDED = rater("anna", left_wins=52, left_low=0.79, left_high=0.96, left_p=1e-9)
TIED = preference(0.52, 0.41, 0.63, 0.8, strategy="qlora", against="lora")
HELPED = Combined("", Score(0.71, 0.63, 0.79, 60, "PPI++, t, n=60"), ("rougeL",), 0.46, 400, 112.4)
WITH_A_SCORE = replace(PAIRWISE, preferences=(replace(PAIRWISE.preferences[0], combined=HELPED),))


def ranking(lows: tuple[float, ...], *, reliable: bool = True) -> StrategyRanking:
    """lora, qlora and base, whose pairs have these lower ends."""
    pairs = [("lora", "base"), ("lora", "qlora"), ("qlora", "base")]
    return StrategyRanking(
        tuple(
            RankedStrategy(name, Score(value, value - 0.08, value + 0.07, 180, "Bradley–Terry", reliable=reliable))
            for name, value in (("lora", 0.69), ("qlora", 0.52), ("base", 0.29))
        ),
        tuple(
            RankedPair(*pair, Score(low + 0.11, low, low + 0.2, 180, "Bradley–Terry", reliable=reliable))
            for pair, low in zip(pairs, lows, strict=True)
        ),
    )


DISPUTED = Disagreements(120, 9, 0, 9, False, 0, 1, (), False)
SETTLED = replace(DISPUTED, adjudicated=9, waiting=0, counts=True, changed=4, adjudicators=("chief", "deputy"))
UPHELD = (
    rater("anna", disputed=9, upheld=5, upheld_low=0.21, upheld_high=0.86),
    rater("ben", disputed=9, upheld=4, upheld_low=0.14, upheld_high=0.79),
)
PASSED = {"checks": 10, "checks_passed": 10, "checks_low": 0.69, "checks_high": 1.0}
FAILED = {"checks": 10, "checks_passed": 2, "checks_low": 0.03, "checks_high": 0.56}
SITUATIONS = {
    "clear preference": PAIRWISE,
    "too close to call": replace(PAIRWISE, preferences=(preference(0.45, 0.33, 0.57, 0.47),)),
    "several pairs, one decided": replace(PAIRWISE, preferences=(*PAIRWISE.preferences, TIED)),
    "no interval": replace(PAIRWISE, preferences=(NO_INTERVAL,)),
    "low confidence": replace(PAIRWISE, preferences=(LOW_CONFIDENCE,)),
    "nothing rated": UNRATED,
    "partly rated, one side preferred": replace(PAIRWISE, rated_items=119, raters=(ONE_SIDED, rater("ben"))),
    "weighted sample": replace(PAIRWISE, sampling="low-score", preferences=(preference(0.76, 0.66, 0.84, None),)),
    "hardest examples": replace(PAIRWISE, sampling="hardest", representative=False),
    "whole test set": replace(PAIRWISE, population=60),
    "with a score": WITH_A_SCORE,
    "no score helps": replace(PAIRWISE, preferences=(replace(PAIRWISE.preferences[0], combined=Combined("no_gain")),)),
    "too few ratings for a score": replace(PAIRWISE, preferences=(replace(PAIRWISE.preferences[0], combined=Combined("few_ratings")),)),
    "every example rated": replace(PAIRWISE, preferences=(replace(PAIRWISE.preferences[0], combined=Combined("all_rated")),)),
    "ranking, one preferred to all": replace(PAIRWISE, ranking=ranking((0.61, 0.57, 0.66))),
    "ranking, one preferred to some": replace(PAIRWISE, ranking=ranking((0.61, 0.48, 0.66))),
    "ranking, too close to call": replace(PAIRWISE, ranking=ranking((0.41, 0.38, 0.36), reliable=False)),
    "errors": ERRORS,
    "errors, raters disagree": replace(ERRORS, disagreements=DISPUTED),
    "errors, partly adjudicated": replace(ERRORS, disagreements=replace(DISPUTED, adjudicated=8, waiting=1, adjudicators=("chief",))),
    "errors, adjudicated": replace(ERRORS, disagreements=SETTLED, raters=UPHELD),
    "preferences, adjudicated with the answers in view": replace(PAIRWISE, disagreements=replace(SETTLED, saw_ratings=True, changed=1)),
    "scales, raters disagree": replace(SCALES, disagreements=replace(DISPUTED, disputed=1)),
    "learning and fatigue": replace(
        PAIRWISE,
        order_effects=(
            OrderEffect("anna", "time", 0.63, 0.55, 0.72, 60, is_clear=True),
            OrderEffect("ben", "time", 1.41, 1.22, 1.63, 60, is_clear=True),
            OrderEffect("ben", "agreement", -0.22, -0.35, -0.09, 60, is_clear=True),
            OrderEffect("anna", "agreement", 0.3, None, None, 60, is_clear=True),
            OrderEffect("ben", "strictness", -0.15, -0.22, -0.08, 60, is_clear=True),
            OrderEffect("anna", "strictness", 0.02, -0.08, 0.1, 60),
        ),
    ),
    "failed checks": replace(PAIRWISE, raters=(rater("anna", **PASSED), rater("ben", **FAILED))),
    "an excluded rater": replace(
        PAIRWISE,
        raters=(rater("anna", **PASSED), rater("ben", **FAILED, excluded="missed 8 of 10 checks")),
        with_all_raters=replace(PAIRWISE, preferences=(preference(0.58, 0.45, 0.70, 0.24),)),
    ),
    "errors, with a score": replace(
        ERRORS,
        error_rates=tuple(
            replace(each, any_combined=replace(HELPED, estimate=Score(0.66, 0.55, 0.76, 60, "PPI++"), effective=worth, scores=names))
            for each, worth, names in zip(ERRORS.error_rates, (71.0, 88.0), (("rougeL",), ("unsupported_rate", "rougeL")), strict=True)
        ),
    ),
    "scales, with a score": replace(
        SCALES,
        scale_scores=(
            replace(SCALES.scale_scores[0], combined=replace(HELPED, estimate=Score(2.2, 2.0, 2.4, 60, "PPI++"))),
            replace(
                SCALES.scale_scores[1],
                combined=Combined("no_gain"),
                change_combined=replace(HELPED, estimate=Score(-0.05, -0.3, 0.2, 24, "PPI++", reliable=False)),
            ),
        ),
    ),
    "scales": SCALES,
    "no agreement measured": replace(PAIRWISE, agreement=agreement(None)),
}


def test_sentences_of_a_review(snapshot: SnapshotAssertion) -> None:
    lines = []
    for situation, findings in SITUATIONS.items():
        help_ = combined_wording.describe_help(findings)
        sentences = (
            review_sentences.procedure(findings),
            *review_sentences.caveats(findings),
            *review_sentences.about_raters(findings),
            *([help_] if help_ else []),
        )
        sentences = (*sentences, review_sentences.contents(findings))
        lines += [f"## {situation}", review_sentences.headline(findings), *(f"- {sentence}" for sentence in sentences), ""]
    assert "\n".join(lines) == snapshot


@pytest.mark.parametrize(
    "situation",
    [
        "clear preference",
        "errors",
        "scales",
        "low confidence",
        "no interval",
        "with a score",
        "errors, with a score",
        "scales, with a score",
    ],
)
def test_tables_of_a_review(situation: str, snapshot: SnapshotAssertion) -> None:
    lines = []
    for table in (*review_tables.list_results(SITUATIONS[situation]), *review_tables.list_details(SITUATIONS[situation])):
        lines += [f"## {table.title}", " | ".join(table.columns), *(" | ".join(row) for row in table.rows), table.under, ""]
    assert "\n".join(lines) == snapshot


NEEDED = (RatingsNeeded(0.6, None, (161, 119)), RatingsNeeded(0.65, 82, (66, 48)))
FACTORS = {"disagreement": 1.34, "low-score": 1.3}
PLAN = RatingPlan("visits", "pairwise", ("base", "lora"), 190, NEEDED, (0.25, 0.5), None, FACTORS, "random", NEEDED[1], 82)
PILOT = replace(
    PLAN, explained=(0.46,), earlier=EarlierRatings("p1234567", 60, 30, ("rougeL",), 0.46), needed=(RatingsNeeded(0.65, 82, (52,)),), n=52,
)  # fmt: skip
CEILING = RatingsNeeded(0.05, 465, without_errors=72)
PLANS = {
    "before there are ratings": PLAN,
    "after a pilot": PILOT,
    "enough ratings": replace(PILOT, n=30),
    "a larger packet": replace(PILOT, n=61, factors={"disagreement": 0.8, "low-score": 1.1}, sample="disagreement"),
    "no score helps": replace(PILOT, explained=(), earlier=EarlierRatings("p1234567", 60, 30, (), 0.0), needed=(RatingsNeeded(0.65, 82),)),
    "too few examples": replace(PLAN, question=RatingsNeeded(0.52, None, (None, None)), n=190),
    "all are rated, and they are too few": replace(
        PILOT,
        examples=60,
        explained=(),
        earlier=EarlierRatings("p1234567", 60, 60, (), 0.0),
        needed=(RatingsNeeded(0.52, None),),
        question=RatingsNeeded(0.52, None),
        n=60,
    ),
    "scales": replace(PLAN, mode="scales", needed=(RatingsNeeded(0.5, 34, (28, 20)),), question=RatingsNeeded(0.5, 34, (28, 20)), n=34),
    "errors": RatingPlan("visits", "errors", ("lora",), 190, (CEILING,), (), None, {}, "random", CEILING, 190),
}


def test_plans_of_ratings(snapshot: SnapshotAssertion) -> None:
    lines = []
    for situation, plan in PLANS.items():
        table = plan_wording.build_plan_table(plan)
        rows = [" | ".join(row) for row in (table.columns, *table.rows)]
        lines += [
            f"## {situation}",
            plan_wording.describe_question(plan),
            *rows,
            table.under,
            *plan_wording.describe_plan(plan, "latest"),
            "",
        ]
    assert "\n".join(lines) == snapshot


def test_notice_of_harvested_examples(snapshot: SnapshotAssertion) -> None:
    assert "\n".join(review_sentences.retired(count) for count in (1, 12)) == snapshot
