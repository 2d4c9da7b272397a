"""The synthetic clinic: what is on record follows from the text, and test shows what train does not."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from harness.data import load_splits
from harness.data.clinic import records
from harness.data.clinic_phrases import TRIAGE, VISIT


@pytest.fixture(scope="module")
def visits():
    return list(records("summarization", size=3000, seed=7))


@pytest.fixture(scope="module")
def messages():
    return list(records("classification", size=3000, seed=7))


@pytest.mark.parametrize("kind", ["summarization", "classification"])
@pytest.mark.parametrize("size", [10, 19, 700])
def test_sizes_and_determinism(make_task, kind, size):
    one, two = (load_splits(make_task(kind=kind, source="clinic", size=size, seed=3), folder=Path()) for _ in range(2))
    tenth = size // 10
    assert one.report.sizes == {"train": size - 2 * tenth, "validation": tenth, "test": tenth}
    assert one.digest == two.digest
    assert one.digest != load_splits(make_task(kind=kind, source="clinic", size=size, seed=4), folder=Path()).digest
    assert one.report.origin == {"source": "clinic", "version": "0", "size": str(size), "seed": "3"}


def test_rows_do_not_change_between_versions_unnoticed(make_task):
    splits = load_splits(make_task(source="clinic", size=50, seed=7), folder=Path())
    assert splits.digest == "752ca28c1b909e78b14f02650c7ccbd321ce0b3b520ee1a7c8550ae72147c319", (
        "raise clinic.VERSION when the records change"
    )


def test_nothing_is_removed_and_all_triage_classes_are_there(make_task):
    for kind in ("summarization", "classification"):
        report = load_splits(make_task(kind=kind, source="clinic"), folder=Path()).report
        assert report.removed_from_train == report.removed_from_validation == report.shared_groups_removed == 0
        assert not report.warnings
    assert len(load_splits(make_task(kind="classification", source="clinic"), folder=Path()).test[0].choices) == 6


def test_a_custom_split_is_not_ignored_silently(make_task):
    task = make_task(source="clinic", split={"train": 0.5, "validation": 0.25, "test": 0.25})
    assert any("split already" in line for line in load_splits(task, folder=Path()).report.warnings)


def test_groups_and_names_are_of_one_split(visits, messages):
    for rows in (visits, messages):
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
    for seen, unseen in [*VISIT.values(), *((t.seen.easy + t.seen.hard, t.unseen.easy + t.unseen.hard) for t in TRIAGE.values())]:
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


def test_no_braces_are_left(visits, messages):
    assert not [e for _, e in (*visits, *messages) if set("{}") & set(e.inputs["input"])]
