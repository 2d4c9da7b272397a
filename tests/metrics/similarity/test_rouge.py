"""ROUGE equals Google's rouge-score, number for number."""

from __future__ import annotations

import csv
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from places import SHARED
from rouge_score.rouge_scorer import RougeScorer

from harness.metrics import metrics_for
from harness.metrics.similarity.rouge import Rouge, rouge_scores
from harness.types import Example, Prediction

MTS = SHARED / "data" / "mts-dialog" / "MTS-Dialog-ValidationSet.csv"
TEXT = """the a patient patients doctor pain painful running run ran denies denied history
12 mg 12mg it's e.g. naïve Ärztin 疼痛 — ... ß İ"""
WORDS = TEXT.split()
ORACLE = RougeScorer(list(Rouge._fields), use_stemmer=True)


def expected(output: str, targets: tuple[str, ...]) -> list[float]:
    scores = ORACLE.score_multi(list(targets), output)
    return [scores[name].fmeasure for name in Rouge._fields]


def assert_equal(output: str, targets: tuple[str, ...]) -> None:
    assert list(rouge_scores(output, targets)) == pytest.approx(expected(output, targets), abs=1e-9), (output, targets)


def sentence(rng: random.Random, most: int, newlines: float) -> str:
    words = rng.choices(WORDS, k=rng.randint(0, most))
    return "".join(word + ("\n" if rng.random() < newlines else " ") for word in words)


@pytest.mark.parametrize("newlines", [0.0, 0.15, 0.5])
def test_random_texts(newlines: float) -> None:
    rng = random.Random(newlines)
    for _ in range(1200):
        targets = tuple(sentence(rng, 25, newlines) for _ in range(rng.choice([1, 1, 1, 2, 3])))
        assert_equal(sentence(rng, 25, newlines), targets)


AWKWARD = [
    "",
    " ",
    "\n",
    "\n\n\n",
    "...",
    "?!\n—",
    "one",
    "ONE",
    "one two\n",
    "\none two",
    "a\r\nb",
    "two\tone",
    "疼痛",
    "ΣΑΣ one Σ",
    "İstanbul",
    "x" * 300,
]


@pytest.mark.parametrize("output", AWKWARD)
def test_unusual_texts(output: str) -> None:
    for target in AWKWARD:
        assert_equal(output, (target,))
        assert_equal(output, (target, "one two three"))


def test_long_texts() -> None:
    rng = random.Random(5)
    output, target = (" ".join(rng.choices(WORDS, k=1000)) for _ in range(2))
    assert_equal(output, (target,))


@given(st.text(alphabet="ab c\n.é", max_size=40), st.lists(st.text(alphabet="ab c\n.é", max_size=40), min_size=1, max_size=3))
@settings(max_examples=400, deadline=None)
def test_any_text(output: str, targets: list[str]) -> None:
    assert_equal(output, tuple(targets))


@given(st.text(max_size=60), st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_unicode(output: str, target: str) -> None:
    assert_equal(output, (target,))


@given(st.text(alphabet="abc \n", max_size=40), st.text(alphabet="abc \n", max_size=40))
@settings(deadline=None)
def test_scores_stay_within_bounds(output: str, target: str) -> None:
    scores = rouge_scores(output, (target,))
    assert all(0 <= score <= 1 for score in scores)
    assert scores.rougeL <= scores.rouge1 + 1e-12


@pytest.mark.skipif(not MTS.exists(), reason="needs ../shared/data/mts-dialog")
def test_clinical_notes() -> None:
    with MTS.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 100
    for row in rows:
        first_sentences = "\n".join(line.split(".")[0] for line in row["dialogue"].splitlines()[:6])
        assert_equal(first_sentences, (row["section_text"],))
        assert_equal(first_sentences.replace("\n", " "), (row["section_text"], row["section_text"].replace(". ", ".\n")))


def test_the_worked_example() -> None:
    assert rouge_scores("the patient has pain", ("The patient's pain is new.",)) == pytest.approx((0.6, 0.25, 0.6, 0.6))


def test_metrics_of_one_example() -> None:
    metrics = metrics_for(["rouge"], [])
    assert [m.name for m in metrics] == ["rouge1", "rouge2", "rougeL", "rougeLsum"]
    example = Example("1", {}, ("No chest pain.", "Denies chest pain.\nHas a cough."))
    prediction = Prediction("1", "Denies chest pain. Has cough.")
    assert [m.per_example(example, prediction) for m in metrics] == [
        (pytest.approx(value, abs=1e-9),) for value in expected(prediction.output, example.targets)
    ]


def test_score_does_not_apply_without_words_in_the_references() -> None:
    for metric in metrics_for(["rouge"], []):
        assert metric.per_example(Example("1", {}, ("some words",)), Prediction("1", "")) == (0.0,)
        assert metric.per_example(Example("1", {}, ("some words", "—")), Prediction("1", "?")) == (0.0,)
        assert metric.per_example(Example("1", {}, ("—", "疼痛")), Prediction("1", "pain")) is None
        assert metric.per_example(Example("1", {}, ()), Prediction("1", "pain")) is None


def test_signature_says_how_the_number_is_computed() -> None:
    signature = metrics_for(["rouge"], [])[0].signature
    assert signature.startswith("rouge1|f1|stem:yes|tok:rouge-score|lcs:rapidfuzz|refs:best|")
    assert "|v:0.1.2" in signature
    assert signature.endswith("|bench:1")
