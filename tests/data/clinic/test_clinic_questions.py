"""Questions about a visit: answers are substrings of it, and whether there is one depends on the visit."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from clinic_reader import RULED_OUT, UNITS, forbidden_pairs, misstated, stated_range

from harness.data.clinic.phrases.question_phrases import QUESTIONS


@pytest.fixture
def questions(clinic):
    return [example for _, example in clinic("qa")]


WHAT_A_VISIT_MAY_LACK = {"current", "allergy", "cleared", "clash", "stopped", "range", "vital"}


def vital_asked(example):
    return next(vital for vital in UNITS if vital in example.inputs["question"])


def test_answer_is_a_substring_of_the_visit(questions):
    for example in questions:
        assert all(target in example.inputs["context"] for target in example.targets), example
        assert len(set(example.targets)) == len(example.targets)
        assert example.meta["unanswerable"] == (not example.targets) == (not example.meta["facts"])
        assert [target for fact in example.meta["facts"] for target in fact["any"]] == list(example.targets)
    assert any(len(e.targets) > 1 for e in questions), "several spans can be correct"


def test_a_fifth_has_no_answer_and_the_question_does_not_reveal_which(clinic):
    for split in ("train", "validation", "test"):
        rows = [e for s, e in clinic("qa") if s == split]
        assert 0.15 < sum(not e.targets for e in rows) / len(rows) < 0.27
    answered = {}
    for _, example in clinic("qa"):
        answered.setdefault(example.meta["asked"], Counter())[bool(example.targets)] += 1
    assert {asked for asked, counts in answered.items() if counts[False]} == WHAT_A_VISIT_MAY_LACK
    for asked in WHAT_A_VISIT_MAY_LACK - {"current"}:
        assert 0.15 < answered[asked][False] / answered[asked].total() < 0.8, asked


def test_question_without_an_answer_asks_for_something_not_in_the_visit(questions):
    for example in questions:
        asked, context, meta = example.meta["asked"], example.inputs["context"], example.meta
        if asked == "vital":
            assert bool(example.targets) == (UNITS[vital_asked(example)] in context)
        elif asked == "range":
            stated = stated_range(context)
            assert bool(example.targets) == (bool(stated) and stated[0] == vital_asked(example)), example
        elif asked == "allergy":
            assert bool(example.targets) == bool(meta["allergies"])
        elif asked == "cleared":
            assert bool(example.targets) == bool(re.search(RULED_OUT, context, re.IGNORECASE))
        elif asked == "stopped":
            assert bool(example.targets) == bool(re.search(r"(?<!\d)\d years", context))
        elif asked == "clash":
            assert bool(example.targets) == any(meta["drug"] in pair for pair in forbidden_pairs(context))
        elif asked == "current":
            assert bool(example.targets) == bool(meta["current"])
        else:
            assert example.targets


def test_every_fact_is_asked_for_in_several_wordings_and_test_has_its_own(clinic):
    asked = {split: {(e.meta["asked"], e.inputs["question"]) for s, e in clinic("qa") if s == split} for split in ("train", "test")}
    assert not {wording for _, wording in asked["train"]} & {wording for _, wording in asked["test"]}
    for rows in asked.values():
        wordings = Counter(fact for fact, _ in rows)
        assert wordings.keys() == QUESTIONS.keys()
        assert min(wordings.values()) >= 2
    everything = [wording for q in QUESTIONS.values() for wording in (*q.seen, *q.unseen)]
    assert len(set(everything)) == len(everything), "a question asks for one thing"
    assert sum(len(q.seen) for q in QUESTIONS.values()) >= 80


def test_harmful_topics_are_critical(questions):
    critical = {e.meta["asked"]: fact["critical"] for e in questions for fact in e.meta["facts"]}
    harmless = {"age", "symptom", "severity", "duration", "denied", "history", "frequency"}
    assert {asked for asked, is_critical in critical.items() if not is_critical} == harmless


def test_corrected_dose_is_forbidden(questions):
    corrected = [e for e in questions if e.meta["asked"] == "dose" and any(f["what"] == "dose" for f in e.meta["forbidden"])]
    assert len(corrected) > 10
    for example in corrected:
        wrong = next(f["text"] for f in example.meta["forbidden"] if f["what"] == "dose")
        assert misstated(wrong, example.meta) and not misstated(example.targets[0], example.meta)
