"""Messages: the stated rules recover the class in every frame."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from clinic_reader import triage

from harness.data import load_splits
from harness.data.clinic import generate_records
from harness.data.clinic.phrases.triage_phrases import CUES, DANGERS, OPENERS, STRONG, WEAK
from harness.data.clinic.triage import CLASSES, SHARES


@pytest.fixture
def messages(clinic):
    return [example for _, example in clinic("classification")]


def test_eight_classes_of_which_the_largest_is_six_times_the_smallest(messages):
    labels = Counter(e.targets[0] for e in messages)
    assert set(labels) == set(CLASSES) and len(CLASSES) == 8
    assert all(e.choices == CLASSES and e.meta["label"] == e.targets[0] for e in messages)
    assert 4.5 < max(labels.values()) / min(labels.values()) < 8
    assert max(SHARES.values()) == 6 * min(SHARES.values()) and sum(SHARES.values()) == 100


def test_every_split_of_the_shipped_size_has_every_class(make_task):
    splits = load_splits(make_task(kind="classification", source="clinic", size=1500, seed=7), folder=Path())
    assert all({e.targets[0] for e in part} == set(CLASSES) for part in (splits.train, splits.test))


def test_the_class_follows_from_the_text_by_the_rules(messages):
    for example in messages:
        assert triage(example.inputs["input"]) == example.targets[0], example


def test_a_third_is_hard_in_every_class(messages):
    for label in CLASSES:
        of_label = [e.meta["hard"] for e in messages if e.targets[0] == label]
        assert 0.25 < sum(of_label) / len(of_label) < 0.48, label
    assert 0.32 < sum(e.meta["hard"] for e in messages) / len(messages) < 0.4


def test_danger_words_also_occur_in_harmless_messages(messages):
    """Otherwise the word alone would decide."""
    danger = [e.targets[0] for e in messages if any(d.removeprefix("a ") in e.inputs["input"].lower() for d in DANGERS)]
    labels = Counter(danger)
    assert set(labels) == set(CLASSES)
    assert 0.35 < labels["emergency"] / len(danger) < 0.6
    many = (e for _, e in generate_records("classification", size=20_000, seed=7))  # a rare thing: a tenth of the urgent ones
    strong = Counter(e.targets[0] for e in many if any(f" {word} " in e.inputs["input"] for word in STRONG))
    assert strong["routine"] + strong["self-care"] > 0.1 * strong["urgent"]


def test_train_contains_every_deciding_word(clinic):
    shown = " ".join(e.inputs["input"].lower() for split, e in clinic("classification") if split == "train")
    for word in (*DANGERS, *STRONG, *WEAK):
        assert shown.count(word) > 10


def test_every_class_has_many_sentences():
    """Each combination of a frame and a cue is a sentence."""
    assert all(len(cues) * len(OPENERS[False]) >= 150 and len(cues) * len(OPENERS[True]) >= 60 for cues in CUES.values())


def test_lengths_and_repetition(messages):
    words = [len(e.inputs["input"].split()) for e in messages]
    assert 8 <= min(words) <= max(words) <= 70
    assert len({e.inputs["input"] for e in messages}) == len(messages)


def test_only_urgent_messages_have_a_fact(messages):
    for example in messages:
        waits = example.targets[0] not in ("emergency", "urgent")
        expected = [] if waits else [{"what": "triage", "any": ["emergency", "urgent"], "critical": True}]
        assert example.meta["facts"] == expected
        assert example.meta["forbidden"] == []
