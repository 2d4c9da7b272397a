"""Critical errors and entity recall on examples whose facts are known."""

from __future__ import annotations

import pytest

from harness.metrics import check_family
from harness.metrics.facts import FACTS, critical_count, critical_error, critical_errors, entity_recall, has_facts
from harness.metrics.join import MissingPrediction
from harness.types import Example, Prediction

VISIT_FACTS = [
    {"what": "name", "any": ["Mara Oduya"], "critical": True},
    {"what": "age", "any": ["54"], "critical": False},
    {"what": "drug", "any": ["lisinopril"], "critical": True},
    {"what": "dose", "any": ["20 mg", "20 milligrams"], "critical": True},
]
FORBIDDEN = [
    {"what": "drug", "text": "warfarin", "unless_negated": False},
    {"what": "negation", "text": "chest pain", "unless_negated": True},
]
VISIT = Example("v", {"input": "…"}, ("…",), meta={"facts": VISIT_FACTS, "forbidden": FORBIDDEN})
QUESTION = Example("q", {"question": "…"}, (), meta={"facts": [], "forbidden": [], "unanswerable": True})
RIGHT = "Mara Oduya, 54. Denies chest pain. Prescribed lisinopril 20 mg."


@pytest.mark.parametrize(
    ("output", "errors", "recall"),
    [
        (RIGHT, (), 1.0),
        ("mara  oduya,\n54: LISINOPRIL 20  mg daily", (), 1.0),
        ("Mara Oduya, 54, lisinopril 20 milligrams", (), 1.0),
        (RIGHT.replace("20 mg", "120 mg"), ("dose missing",), 0.75),
        (RIGHT.replace("20 mg", "2.20 mg"), ("dose missing",), 0.75),
        (RIGHT.replace("20 mg", "20 mgs"), ("dose missing",), 0.75),
        (RIGHT.replace("54", "55"), (), 0.75),
        (RIGHT.replace("Oduya", "Odu"), ("name missing",), 0.75),
        (RIGHT + " Takes warfarin.", ("drug invented",), 1.0),
        (RIGHT + " No warfarin.", ("drug invented",), 1.0),
        (RIGHT.replace("Denies", "Reports"), ("negation invented",), 1.0),
        (RIGHT.replace("Denies chest pain", "Denies nausea but has chest pain"), ("negation invented",), 1.0),
        (RIGHT.replace("Denies chest pain", "No nausea. Chest pain"), ("negation invented",), 1.0),
        (RIGHT.replace("Denies chest pain", "There isn't any chest pain"), (), 1.0),
        (RIGHT.replace("Denies", "Without nausea, fever or"), (), 1.0),
        ("", ("name missing", "drug missing", "dose missing"), 0.0),
        ("lisinopril " * 50_000, ("name missing", "dose missing"), 0.25),
    ],
)
def test_missing_and_invented_facts(output, errors, recall):
    assert critical_errors(VISIT, output) == errors
    assert critical_error(VISIT, Prediction("v", output)) == float(bool(errors))
    assert entity_recall(VISIT, Prediction("v", output)) == recall


def test_answer_to_an_unanswerable_question():
    assert critical_error(QUESTION, Prediction("q", "Answer: 20 mg", extracted="20 mg")) == 1
    assert critical_error(QUESTION, Prediction("q", "unanswerable", extracted="")) == 0
    assert critical_error(QUESTION, MissingPrediction("q", "")) == 1, "a missing prediction is never right"
    assert entity_recall(QUESTION, Prediction("q", "")) is None


def test_second_mark_is_invented_when_one_is_right():
    allergic = {"what": "alert", "any": ["lisinopril (allergy!)"], "critical": True}
    once = {"what": "alert", "text": "(allergy!)", "unless_negated": False, "allowed": 1}
    visit = Example("v", {"input": "…"}, ("…",), meta={"facts": [allergic], "forbidden": [once]})
    assert critical_errors(visit, "lisinopril (allergy!), losartan") == ()
    assert critical_errors(visit, "lisinopril (allergy!), losartan (allergy!)") == ("alert invented",)
    assert critical_errors(visit, "lisinopril, losartan (allergy!)") == ("alert missing",), "a mark at the wrong drug is one error"
    assert critical_count(visit, Prediction("v", "lisinopril, losartan (allergy!), verapamil (allergy!)")) == 1


@pytest.mark.parametrize(
    "meta",
    [
        {},
        {"facts": []},
        {"facts": "none"},
        {"facts": [3]},
        {"facts": {"a": 1}},
        {"facts": [{"what": "x"}]},
        {"forbidden": [{"text": 3, "what": "x"}]},
        {"forbidden": [{"text": "x", "what": "x", "allowed": "once"}]},
    ],
)
def test_unrelated_column_named_facts_is_ignored(meta):
    example = Example("e", {"input": "…"}, ("…",), meta=meta)
    assert not has_facts(example)
    assert critical_error(example, Prediction("e", "x")) is None
    assert entity_recall(example, Prediction("e", "x")) is None


@pytest.mark.parametrize(
    ("output", "count"),
    [
        (RIGHT, 0),
        (RIGHT.replace("20 mg", "40 mg"), 1),
        (RIGHT.replace("lisinopril", "warfarin"), 1),  # a wrong drug is one error, not one missing and one invented
        (RIGHT + " Takes warfarin. No, WARFARIN again.", 1),
        (RIGHT.replace("Denies", "Reports").replace("Mara Oduya", "Somebody"), 2),
        ("", 3),
    ],
)
def test_each_error_counts_once(output, count):
    assert critical_count(VISIT, Prediction("v", output)) == count
    assert critical_error(VISIT, Prediction("v", output)) == bool(count)


def test_missing_prediction_counts_at_least_one_error():
    only_forbidden = Example("f", {"input": "…"}, ("…",), meta={"forbidden": FORBIDDEN})
    assert (critical_count(only_forbidden, Prediction("f", "")), critical_count(only_forbidden, MissingPrediction("f", ""))) == (0, 1)
    assert (critical_count(QUESTION, Prediction("q", "20 mg")), critical_count(QUESTION, Prediction("q", " "))) == (1, 0)
    assert critical_count(Example("p", {"input": "…"}, ("…",)), Prediction("p", "x")) is None
    two = Example("t", {}, ("…",), meta={"facts": [{"what": "allergy", "any": [name], "critical": True} for name in ("latex", "soy")]})
    assert [critical_count(two, Prediction("t", output)) for output in ("latex and soy", "soy", "none")] == [0, 1, 2]


def test_facts_fulfil_the_contract():
    plain = Example("p", {"input": "…"}, ("…",))
    outputs = {"v": RIGHT, "q": "20 mg", "p": "x"}
    check_family(FACTS, [VISIT, QUESTION, plain], [Prediction(name, output) for name, output in outputs.items()])
