"""Exact match and F1 equal SQuAD's published scripts, including unanswerable questions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from places import SHARED

from harness.metrics import join, metrics_for
from harness.metrics.similarity.squad_scores import normalized_words, squad_exact, squad_f1
from harness.statistics import compute_scores
from harness.types import Example, Prediction

ORACLE = SHARED / "oracles" / "squad"
needs_oracle = pytest.mark.skipif(not ORACLE.is_dir(), reason="needs ../shared/oracles/squad")


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def examples_of(path: Path) -> list[Example]:
    questions = [qa for article in read(path)["data"] for paragraph in article["paragraphs"] for qa in paragraph["qas"]]
    return [Example(qa["id"], {"question": qa["question"]}, tuple(a["text"] for a in qa["answers"])) for qa in questions]


@needs_oracle
@pytest.mark.parametrize("case", ["gold", "first5", "noisy", "missing_half", "toy"])
def test_equal_to_the_published_script(case: str) -> None:
    examples = examples_of(ORACLE / "toy_data.json" if case == "toy" else SHARED / "data" / "xquad" / "xquad.en.json")
    answers = read(ORACLE / f"pred_{case}.json")
    predictions = [Prediction(id_, "Answer: " + text, extracted=text) for id_, text in answers.items()]
    scores = compute_scores(metrics_for(["squad"], []), examples, predictions)
    expected = read(ORACLE / "expected.json")["expected"][case]
    assert {name: 100 * (score.value or 0.0) for name, score in scores.items()} == pytest.approx(expected, abs=1e-9)
    assert {score.n for score in scores.values()} == {len(examples)}, "a missing prediction is wrong and not dropped"


@needs_oracle
def test_equal_to_the_published_script_item_by_item() -> None:
    answers, expected = read(ORACLE / "pred_toy.json"), read(ORACLE / "expected.json")["toy_per_item"]
    found = {
        e.id: {"em": squad_exact(answers[e.id], e.targets), "f1": squad_f1(answers[e.id], e.targets)}
        for e in examples_of(ORACLE / "toy_data.json")
    }
    assert found.keys() == expected.keys()
    for id_, scores in found.items():
        assert scores == pytest.approx(expected[id_], abs=1e-9), id_


@pytest.mark.parametrize(
    ("answer", "targets", "exact", "f1"),
    [
        ("The Denver Broncos won", ("Denver Broncos", "Broncos"), 0, 0.8),
        ("denver  broncos!", ("Denver Broncos",), 1, 1),
        ("broncos denver", ("Denver Broncos",), 0, 1),  # F1 knows no order
        ("dog dog", ("dog",), 0, 2 / 3),  # but it counts
        ("3,000", ("3000",), 1, 1),
        ("ten-year", ("ten year",), 0, 0),  # a hyphen joins
        ("anthem", ("them",), 0, 0),  # "an" is a word, not a beginning
        ("“café”", ("café",), 0, 0),  # only ASCII punctuation goes
        ("Café", ("café",), 1, 1),
        ("cafe", ("café",), 0, 0),
        ("1000 mg\ttwice\nthe day", ("1000 mg twice day",), 1, 1),
        ("疼痛", ("疼痛",), 1, 1),
        ("", ("yes",), 0, 0),
        ("The", ("a",), 1, 0),  # v1.1: nothing equals nothing, and they share no word
        ("the", ("a", "cat"), 1, 0),
        # v2.0: no references, so the right answer is none
        ("", (), 1, 1),
        (" the ... ", (), 1, 1),
        ("yes", (), 0, 0),
        ("w " * 20000, ("w",), 0, 2 / 20001),
    ],
)
def test_unusual_answers(answer: str, targets: tuple[str, ...], exact: float, f1: float) -> None:
    assert squad_exact(answer, targets) == exact
    assert squad_f1(answer, targets) == pytest.approx(f1, abs=1e-12)


@given(st.text(max_size=40), st.lists(st.text(max_size=40), max_size=3))
def test_scores_stay_within_bounds(answer: str, targets: list[str]) -> None:
    exact, f1 = squad_exact(answer, targets), squad_f1(answer, targets)
    assert exact in (0.0, 1.0)
    assert 0 <= f1 <= 1
    assert not (exact and normalized_words(answer)) or f1 == 1
    assert squad_exact(answer, [*targets, answer]) == 1


QUESTIONS = [Example("has", {}, ("Rome",)), Example("none", {}, ()), Example("absent", {}, ())]
ANSWERS = [Prediction("has", "It is in Rome.", extracted="in Rome"), Prediction("none", "unanswerable", extracted="")]


def test_the_extracted_answer_is_scored_not_the_whole_output() -> None:
    scores = compute_scores(metrics_for(["squad"], []), QUESTIONS[:2], ANSWERS)
    assert scores["f1"].value == pytest.approx((2 / 3 + 1) / 2)
    assert scores["exact_match"].value == 0.5


def test_missing_prediction_is_wrong_even_if_no_answer_is_right() -> None:
    scores = compute_scores(metrics_for(["squad", "answerability"], []), QUESTIONS, ANSWERS)
    assert (scores["exact_match"].value, scores["exact_match"].n) == (pytest.approx(1 / 3), 3)
    assert (scores["no_answer_f1"].value, scores["no_answer_f1"].n) == (0.5, 2)
    assert join(QUESTIONS, ANSWERS)[2][1].answer == ""
    silent = [*ANSWERS, Prediction("absent", "")]
    assert compute_scores(metrics_for(["answerability"], []), QUESTIONS, silent)["no_answer_f1"].value == 1.0, (
        "to write nothing is an answer"
    )


def test_answerability_separates_the_questions() -> None:
    scores = compute_scores(metrics_for(["answerability"], []), QUESTIONS, ANSWERS)
    assert (scores["has_answer_f1"].value, scores["has_answer_f1"].n, scores["has_answer_f1"].dropped) == (pytest.approx(2 / 3), 1, 2)
    with_answers_only = compute_scores(metrics_for(["answerability"], []), QUESTIONS[:1], ANSWERS[:1])
    assert with_answers_only["no_answer_f1"].value is None


def test_signature_names_the_rules() -> None:
    for metric in metrics_for(["squad", "answerability"], []):
        assert metric.signature.startswith(f"{metric.name}|squad:v1.1|no-refs:v2.0|")
        assert (metric.direction, metric.unit, metric.level) == ("higher", "fraction", "example")
