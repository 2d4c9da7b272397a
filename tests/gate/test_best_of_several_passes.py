"""The best of the strategies of a run, chosen by its result on the test set, passes wrongly as rarely as a single candidate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from chance import at_most, enough
from report_factory import Made, MadeTask, make_run, summarization

from harness.reporting.wording.gate.gate_sentences import verdict_sentences
from harness.types import Rule
from tests.gate.conftest import judged, only
from tests.gate.test_rules_at_their_border import judged_alone

RIGHT = 0.7  # of the answers of every candidate
MARGIN = 0.04
BORDERS = {"floor": Rule(rule="floor", score="a", value=RIGHT), "not_worse": Rule(rule="not_worse", score="a", margin=MARGIN)}


def draw_answers(rng: np.random.Generator, size: int, candidates: int) -> tuple[np.ndarray, np.ndarray]:
    """Right and wrong answers of the best of several equal candidates, and of a baseline that is better by the margin."""
    difficulty = rng.normal(size=size)
    luck = np.sqrt(0.5) * (difficulty + rng.normal(size=(candidates + 1, size)))
    answers = (luck[:-1] > -0.5244).astype(float)  # P(Z > −0.5244) = 0.7
    return answers[answers.mean(axis=1).argmax()], (luck[-1] > -0.6433).astype(float)  # 0.74


def share_of_passes(kind: str, size: int, candidates: int, times: int, counted: int) -> float:
    """How often the best of several candidates passes a rule that all of them break by a hair, judged as one of `counted`."""
    rng, passed = np.random.default_rng(size + candidates), 0
    for _ in range(times):
        best, baseline = draw_answers(rng, size, candidates)
        (verdict,) = judged_alone({"a": best}, [BORDERS[kind]], {"a": baseline}, candidates=counted)
        passed += verdict.outcome == "PASS"
    return passed / times


def test_best_of_seven_at_the_border_passes_as_rarely_as_alpha() -> None:
    assert at_most(0.05, share_of_passes("floor", 200, 7, 100, counted=7), 100)
    assert not at_most(0.05, share_of_passes("floor", 200, 7, 100, counted=1), 100), "which α for one candidate would not hold"


@pytest.mark.soak
@pytest.mark.parametrize("kind", BORDERS)
@pytest.mark.parametrize("candidates", [3, 7])
@pytest.mark.parametrize("size", [100, 400])
def test_best_of_several_over_sizes(size: int, candidates: int, kind: str) -> None:
    times = enough(0.05)
    assert at_most(0.05, share_of_passes(kind, size, candidates, times, counted=candidates), times)


@pytest.mark.soak
def test_candidates_that_break_different_rules_pass_together_as_rarely_as_alpha() -> None:
    """Of six candidates, three break a floor on one score, three on another: a level for one score would be too generous."""
    rng, times, passed = np.random.default_rng(1), enough(0.05), 0
    rules = [Rule(rule="floor", score=name, value=0.7) for name in "ab"]
    for _ in range(times):
        shared = rng.normal(size=(2, 200))
        answers = [
            {
                name: (0.95**0.5 * shared[i] + 0.05**0.5 * rng.normal(size=200) > (-0.5244 if weak == name else -2.0)).astype(float)
                for i, name in enumerate("ab")
            }
            for weak in "aaabbb"
        ]
        passed += any(all(v.outcome == "PASS" for v in judged_alone(each, rules, candidates=6)) for each in answers)
    assert at_most(0.05, passed / times, times)


def test_level_is_divided_among_the_candidates_of_the_run(tmp_path: Path) -> None:
    """The baseline of the same run is no candidate; one of another run leaves all of them."""
    cells = [Made("base", 0.3), *(Made(name, 0.9, 1, train_seconds=9) for name in ("lora", "qlora", "full"))]
    run = make_run(tmp_path / "runs" / "four", [summarization(cells, rows=100)])
    other = make_run(tmp_path / "runs" / "other", [summarization([Made("fewshot", 0.3)], rows=100)])
    rules = {"rules": [{"rule": "not_worse", "score": "rougeL", "margin": 0.05}]}
    verdict = judged(run, tmp_path, policy=rules)
    against_other = judged(run, tmp_path, policy=rules, baseline=f"{other.path}:fewshot")
    assert verdict.alpha == pytest.approx(0.05 / 3) and against_other.alpha == pytest.approx(0.05 / 4)
    assert only(against_other, "not worse").low < only(verdict, "not worse").low
    sentence = "the candidate may be the best of 3, all but the baseline. So each rule is judged at α/3"
    assert any(sentence in text for text in verdict_sentences(verdict))


def test_single_candidate_is_judged_at_alpha(tmp_path: Path) -> None:
    run = make_run(tmp_path / "runs" / "two", [summarization([Made("base", 0.3), Made("lora", 0.9, 1, train_seconds=9)], rows=100)])
    assert judged(run, tmp_path, policy={"rules": [{"rule": "not_worse", "score": "rougeL", "margin": 0.05}]}).alpha == 0.05


def classifier(tmp_path: Path, answers: list[str], labels: list[str]) -> MadeTask:
    """A task whose tuned model gives these answers, and whose untuned one is always wrong."""
    place = lambda e: int(e.id.removeprefix("row-"))  # noqa: E731
    wrong = {"yes": "no", "no": "yes"}
    cells = [
        Made("base", answer=lambda e, r: wrong[labels[place(e)]]),
        Made("lora", seed=1, answer=lambda e, r: answers[place(e)], train_seconds=9, curve=False),
    ]
    return MadeTask(
        "spam", "classification", cells, labels=("yes", "no"), primary="accuracy", rows=len(labels), targets=lambda i: labels[i]
    )


@pytest.mark.parametrize(
    ("right", "outcome"), [pytest.param(90, "INCONCLUSIVE", id="as good"), pytest.param(50, "FAIL", id="worse"), (100, "PASS")]
)
def test_candidate_that_does_not_beat_the_trivial_baseline_does_not_pass(tmp_path: Path, right: int, outcome: str) -> None:
    """It is far better than the baseline that it is compared with, and always answering "no" is right for 90 of 100 examples."""
    labels = ["yes"] * 10 + ["no"] * 90
    answers = [label if i >= 100 - right else {"yes": "no", "no": "yes"}[label] for i, label in enumerate(labels)]
    run = make_run(tmp_path / "runs" / "spam", [classifier(tmp_path, answers, labels)])
    verdict = judged(run, tmp_path, policy={"rules": [{"rule": "better", "score": "accuracy", "by": 0.01}]})
    assert verdict.outcome == outcome
    assert only(verdict, "better than the baseline").outcome == "PASS"
    listed = [rule for rule in verdict.rules if rule.rule.kind == "beats_trivial"]
    assert [rule.outcome for rule in listed] == ([] if outcome == "PASS" else [outcome])
    if listed:
        assert listed[0].measured == pytest.approx((right - 90) / 100)
