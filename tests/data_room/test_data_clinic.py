"""The synthetic clinic: what is on record follows from the text, and test shows what train does not."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

from harness.data import load_splits
from harness.data.clinic import records
from harness.data.clinic_discharge import SENTENCES
from harness.data.clinic_phrases import TRIAGE, VISIT
from harness.data.clinic_questions import QUESTIONS
from harness.data.clinic_words import DRUGS
from harness.types import Kind

KINDS = get_args(Kind)


@pytest.fixture(scope="module")
def visits():
    return list(records("summarization", size=3000, seed=7))


@pytest.fixture(scope="module")
def messages():
    return list(records("classification", size=3000, seed=7))


@pytest.fixture(scope="module")
def questions():
    return list(records("qa", size=3000, seed=7))


@pytest.fixture(scope="module")
def discharges():
    return list(records("generation", size=3000, seed=7))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [10, 19, 700])
def test_sizes_and_determinism(make_task, kind, size):
    one, two = (load_splits(make_task(kind=kind, source="clinic", size=size, seed=3), folder=Path()) for _ in range(2))
    tenth = size // 10
    assert one.report.sizes == {"train": size - 2 * tenth, "validation": tenth, "test": tenth}
    assert one.digest == two.digest
    assert one.digest != load_splits(make_task(kind=kind, source="clinic", size=size, seed=4), folder=Path()).digest
    assert one.report.origin == {"source": "clinic", "version": "1", "size": str(size), "seed": "3"}


@pytest.mark.parametrize(
    ("kind", "digest"),
    [
        ("summarization", "eb7d67e235d4931ef49b58b6b4b8c9388fd3d6e7855781a1a94c16176bf619d1"),
        ("classification", "133d1f5bea228a27d9918cbc75357697863b4d3e3e2401966fc22fb2053e3950"),
        ("qa", "8c6bf924958b5e538b24c8c651a8c6d8465a25f41e7602800c67af6d0b88ac4f"),
        ("generation", "e815bf6db08f3908686c4772cd51fde5e285931bff001d92c6ebf9b12c5e974d"),
    ],
)
def test_rows_do_not_change_between_versions_unnoticed(make_task, kind, digest):
    splits = load_splits(make_task(kind=kind, source="clinic", size=50, seed=7), folder=Path())
    assert splits.digest == digest, "raise clinic.VERSION when the records change"


def test_nothing_is_removed_and_all_triage_classes_are_there(make_task):
    for kind in KINDS:
        report = load_splits(make_task(kind=kind, source="clinic"), folder=Path()).report
        assert report.removed_from_train == report.removed_from_validation == report.shared_groups_removed == 0
        assert not report.warnings
    assert len(load_splits(make_task(kind="classification", source="clinic"), folder=Path()).test[0].choices) == 6


def test_a_custom_split_is_not_ignored_silently(make_task):
    task = make_task(source="clinic", split={"train": 0.5, "validation": 0.25, "test": 0.25})
    assert any("split already" in line for line in load_splits(task, folder=Path()).report.warnings)


def test_groups_and_names_are_of_one_split(visits, messages, questions, discharges):
    for rows in (visits, messages, questions, discharges):
        for fact in ("group", "name", "id"):
            homes = {
                s: {getattr(e, fact, None) or e.meta["name"] for split, e in rows if split == s} for s in ("train", "validation", "test")
            }
            assert not homes["train"] & homes["test"]
            assert not homes["validation"] & homes["test"]
            assert not homes["train"] & homes["validation"]
        per_patient = Counter(e.group for _, e in rows)
        assert set(per_patient.values()) == {1, 2, 3}


def test_sentences_of_test_are_its_own():
    pairs = [*VISIT.values(), *((t.seen.easy + t.seen.hard, t.unseen.easy + t.unseen.hard) for t in TRIAGE.values())]
    for seen, unseen in [*pairs, *((q.seen, q.unseen) for q in QUESTIONS.values())]:
        assert not set(seen) & set(unseen)


def test_visits_are_of_moderate_length(visits):
    words = [len(e.inputs["input"].split()) for _, e in visits]
    assert min(words) >= 60
    assert max(words) <= 130
    assert sum(n <= 110 for n in words) > 0.9 * len(words)


def test_half_of_the_visits_have_no_alert(visits):
    kinds = Counter(e.meta["alert_kind"] for _, e in visits)
    assert 0.45 < kinds["none"] / len(visits) < 0.55
    assert min(kinds["allergy"], kinds["fever"]) > 0.2 * len(visits)


def test_everything_in_the_summary_follows_from_the_text(visits):
    for _, example in visits:
        text = example.inputs["input"]
        summary = re.fullmatch(
            r"Patient: (.+), (\d+)\. Complaint: (.+) for (.+)\. Medication: (.+) (\d+ mg .+)\. Allergy: (.+)\. Alert: (.+)\.",
            example.targets[0],
        )
        assert summary
        name, age, complaint, duration, drug, dose, allergy, alert = summary.groups()
        for fact in (name, age, complaint, duration, f"{drug} {dose}", *(() if allergy == "none" else (allergy,))):
            assert fact in text
        readings = sorted(float(n) for n in re.findall(r"(\d\d\.\d) °C", text))
        fever = bool(readings) and example.meta["temperature"] > example.meta["limit"]
        expected = f"{drug} is on the allergy list" if drug in allergy.split(", ") else "none"
        if fever:
            expected = f"fever of {readings[1]} above {readings[0]}"
        assert alert == expected


def test_visits_without_an_alert_come_near_one(visits):
    quiet = [e for _, e in visits if e.meta["alert_kind"] == "none"]
    assert any(e.meta["temperature"] and e.meta["temperature"] == e.meta["limit"] for e in quiet)
    assert any(e.meta["cleared"] and e.meta["cleared"] in e.meta["medication"] for e in quiet)
    assert any(e.meta["allergies"] != "none" for e in quiet)


def test_messages_are_imbalanced_and_a_third_is_hard(messages):
    labels = Counter(e.targets[0] for _, e in messages)
    assert len(labels) == 6
    assert labels["routine"] > 4 * labels["emergency"] > 0
    assert 0.3 < sum(e.meta["hard"] for _, e in messages) / len(messages) < 0.4


def test_an_answer_is_a_part_of_the_visit(questions):
    for _, example in questions:
        assert all(target in example.inputs["context"] for target in example.targets), example
        assert len(set(example.targets)) == len(example.targets)
    assert any(len(e.targets) > 1 for _, e in questions), "several spans may be right"


def test_a_fifth_of_the_questions_has_no_answer_and_the_question_does_not_tell_which(questions):
    for split in ("train", "validation", "test"):
        rows = [e for s, e in questions if s == split]
        assert 0.17 < sum(not e.targets for e in rows) / len(rows) < 0.28
    by_question = {}
    for _, example in questions:
        by_question.setdefault(example.inputs["question"], Counter())[bool(example.targets)] += 1
    doubtful = [counts for counts in by_question.values() if counts[False]]
    assert len(doubtful) == sum(len(q.seen) + len(q.unseen) for name, q in QUESTIONS.items() if name in WHAT_A_VISIT_MAY_LACK)
    assert all(counts[True] for counts in doubtful)


WHAT_A_VISIT_MAY_LACK = {"allergies", "temperature", "limit", "cleared"}


def test_a_question_without_an_answer_asks_for_what_the_visit_does_not_say(questions):
    for _, example in questions:
        asked, context = example.meta["asked"], example.inputs["context"]
        if asked in ("temperature", "limit"):
            assert bool(example.targets) == ("°C" in context)
        elif asked == "allergies":
            assert bool(example.targets) != bool(re.search("None that I know of|No, to nothing|I tolerate everything", context))
        elif asked == "cleared":
            assert bool(example.targets) == bool(re.search("suspected|used to avoid|turned out to be wrong", context))
        else:
            assert example.targets


def test_every_fact_is_asked_for_in_several_wordings_and_test_has_its_own(questions):
    asked = {split: {(e.meta["asked"], e.inputs["question"]) for s, e in questions if s == split} for split in ("train", "test")}
    assert not {wording for _, wording in asked["train"]} & {wording for _, wording in asked["test"]}
    for rows in asked.values():
        wordings = Counter(fact for fact, _ in rows)
        assert wordings.keys() == QUESTIONS.keys()
        assert min(wordings.values()) >= 2
    everything = [wording for q in QUESTIONS.values() for wording in (*q.seen, *q.unseen)]
    assert len(set(everything)) == len(everything), "a question asks for one thing"


def fields_of(example):
    return dict(line.split(": ", 1) for line in example.inputs["input"].splitlines())


def test_every_discharge_text_says_every_field(discharges):
    for _, example in discharges:
        fields = fields_of(example)
        drug, dose, frequency = re.fullmatch(r"(\w+) (\d+ mg) (.+)", fields["medication"]).groups()
        said = [fields["name"], fields["complaint"], drug, dose, frequency, fields["follow-up"].removeprefix("in ")]
        said += [fields[name] for name in ("course", "allergies") if name in fields]
        said += re.findall(r"\d\d\.\d", fields["alert"])
        for text in example.targets:
            assert all(fact in text for fact in said), (said, text)


def test_a_discharge_text_says_nothing_else(discharges):
    """Every drug and number in it is in the fields; what it warns of is what the fields warn of."""
    for _, example in discharges:
        fields = example.inputs["input"]
        for text in example.targets:
            assert {drug for drug in DRUGS if drug in text} <= {drug for drug in DRUGS if drug in fields}
            assert set(re.findall(r"\d+(?:\.\d+)?", text)) <= set(re.findall(r"\d+(?:\.\d+)?", fields))
            assert ("°C" in text) == ("fever" in fields)
            assert ("llerg" in text or "tolerate" in text or "away from" in text) == ("allergies: " in fields)


def test_a_drug_on_the_allergy_list_is_never_told_to_be_taken(discharges):
    on_hold = [e for _, e in discharges if "is on the allergy list" in e.inputs["input"]]
    assert len(on_hold) > 0.2 * len(discharges)
    holds = re.compile("Do not take|leave the|Wait with|do not start|Keep off")
    for _, example in discharges:
        held = "is on the allergy list" in example.inputs["input"]
        fields = fields_of(example)
        assert held == (fields["medication"].split()[0] in fields.get("allergies", "").split(", "))
        assert held != ("course" in fields)
        assert all(bool(holds.search(text)) == held for text in example.targets)


def test_discharge_texts_of_a_visit_are_in_different_words(discharges):
    assert {len(e.targets) for _, e in discharges} == {2, 3, 4}
    for slot in SENTENCES.values():
        assert len(set(slot)) == len(slot) >= 4
    for _, example in discharges:
        assert len(set(example.targets)) == len(example.targets)
        endings = [text.rstrip(".").rsplit(". ", 1)[-1] for text in example.targets]
        assert len(set(endings)) == len(endings)


def test_no_braces_are_left(visits, messages, questions, discharges):
    for _, example in (*visits, *messages, *questions, *discharges):
        assert not set("{}") & set("".join([*example.inputs.values(), *example.targets]))
