"""The synthetic clinic as a whole: reproducible records, disjoint splits and variety.

Each kind has its own test file.
"""

from __future__ import annotations

import json
import re
import string
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import get_args

import pytest
from clinic_reader import drugs_in, misstated, unstated

from harness.data import load_splits
from harness.data.clinic import visits
from harness.data.clinic.drugs import DRUGS
from harness.data.clinic.person_names import FIRST_NAMES, LAST_NAMES
from harness.data.clinic.phrases import discharge_phrases, triage_phrases
from harness.data.clinic.phrases.question_note_phrases import NOTE
from harness.data.clinic.phrases.question_phrases import QUESTIONS
from harness.data.clinic.phrases.visit_dialogue import DIALOGUE
from harness.data.clinic.phrases.visit_notes import NOTES
from harness.data.clinic.phrases.visit_prose import PROSE
from harness.data.clinic.phrases.visit_styles import STYLES
from harness.data.clinic.symptoms import ALLERGENS, CONDITIONS, DENIED, SYMPTOMS
from harness.types import Kind

KINDS = get_args(Kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [10, 19, 500])
def test_sizes_and_determinism(make_task, kind, size):
    one, two = (load_splits(make_task(kind=kind, source="clinic", size=size, seed=3), folder=Path()) for _ in range(2))
    tenth, fifth = size // 10, size // 5
    assert one.report.sizes == {"train": size - tenth - fifth, "validation": tenth, "test": fifth}
    assert one.digest == two.digest
    assert one.digest != load_splits(make_task(kind=kind, source="clinic", size=size, seed=4), folder=Path()).digest
    assert one.report.origin == {"source": "clinic", "version": "10", "size": str(size), "seed": "3"}


@pytest.mark.parametrize(
    ("kind", "digest"),
    [
        ("summarization", "ad4454a8b844dd76c8ad87dd7f2569d2a897bbfe3d2cb7d31d48c8fe09b40f40"),
        ("classification", "d3f047985a7f3f158b95b1b069d0771887f7340bcdbaa77b7cdb5eb5cca74991"),
        ("qa", "0cf8562b0d083626b09bafa5426f5ba77d88254e8188970fc5a3972bcb816267"),
        ("generation", "5ea8ddd2cd1567b6ca4b4b16d7bee0091de41c76682202e4818b2a28182cfbf2"),
    ],
)
def test_records_are_stable_across_versions(make_task, kind, digest):
    splits = load_splits(make_task(kind=kind, source="clinic", size=50, seed=7), folder=Path())
    assert splits.digest == digest, "raise clinic.VERSION when the records change"


@pytest.mark.parametrize("size", [500, 3000])
def test_nothing_is_removed(make_task, size):
    for kind in KINDS:
        report = load_splits(make_task(kind=kind, source="clinic", size=size), folder=Path()).report
        assert report.removed_from_train == report.removed_from_validation == report.shared_groups_removed == 0
        assert not report.warnings


def test_ignored_split_is_reported(make_task):
    task = make_task(source="clinic", split={"train": 0.5, "validation": 0.25, "test": 0.25})
    assert any("has its own splits" in line for line in load_splits(task, folder=Path()).report.warnings)


@pytest.mark.parametrize("kind", KINDS)
def test_groups_and_names_occur_in_one_split_only(clinic, kind):
    parts_of_names = lambda e: e.meta["name"].split()  # noqa: E731
    for parts in (lambda e: [e.group], lambda e: [e.id], lambda e: [e.meta["name"]], parts_of_names):
        homes = {s: {part for split, e in clinic(kind) if split == s for part in parts(e)} for s in ("train", "validation", "test")}
        assert not homes["train"] & homes["test"]
        assert not homes["validation"] & homes["test"]
        assert not homes["train"] & homes["validation"]
    patients = Counter(e.group for _, e in clinic(kind))
    assert set(patients.values()) == {1, 2, 3}
    assert len({(e.group, e.meta["name"], e.meta["age"]) for _, e in clinic(kind)}) == len(patients), "a patient keeps name and age"


def test_all_kinds_are_made_from_the_same_cases(clinic):
    facts = ("name", "age", "symptom", "drug", "dose", "allergies", "alert_kind")
    one, *others = ([tuple(e.meta[fact] for fact in facts) for _, e in clinic(kind)] for kind in ("summarization", "qa", "generation"))
    assert all(one == other for other in others)
    assert [case[:2] for case in one] == [(e.meta["name"], e.meta["age"]) for _, e in clinic("classification")]


def test_lists_are_long_and_without_repeats():
    for words, at_least in ((FIRST_NAMES, 300), (LAST_NAMES, 300), ([d.name for d in DRUGS], 120), (SYMPTOMS, 120), (CONDITIONS, 40)):
        assert len(set(words)) == len(words) >= at_least
    for words in (DENIED, ALLERGENS):
        assert len(set(words)) == len(words) >= 25
    assert all(len(set(drug.doses)) == len(drug.doses) >= 2 and drug.frequencies and drug.route and drug.group for drug in DRUGS)
    assert not any("." in dose for drug in DRUGS for dose in drug.doses), "'5 mg' would occur inside '2.5 mg'"


def test_every_fact_has_many_sentences_and_test_has_its_own():
    prose = {slot: [PROSE[slot]] if slot in PROSE else [style[slot] for style in STYLES.values()] for slot in DIALOGUE}
    slots = {slot: [DIALOGUE[slot], NOTES[slot], *prose[slot]] for slot in DIALOGUE}
    for slot, pairs in slots.items():
        seen, unseen = ([sentence.lower() for pair in pairs for sentence in pair[i]] for i in (0, 1))
        assert not set(seen) & set(unseen)
        assert len(set(seen)) == len(seen) >= 18, slot
        assert len(set(unseen)) == len(unseen) >= 6, slot
        assert len(seen) + len(unseen) >= 24, slot


def test_test_has_its_own_frames_labels_and_corrections():
    messages = triage_phrases.OPENERS, triage_phrases.FILLERS, triage_phrases.CLOSERS
    questions = [(q.seen, q.unseen) for q in QUESTIONS.values()]
    for seen, unseen in (
        *NOTE.values(),
        *messages,
        visits.SPOKEN_CORRECTIONS,
        visits.WRITTEN_CORRECTIONS,
        *discharge_phrases.LABELS.values(),
        *questions,
    ):
        assert len(set(seen) | set(unseen)) == len(seen) + len(unseen)
    assert min(len(frames[0]) for frames in messages) >= 16
    assert min(len(frames[1]) for frames in messages) >= 6


def test_no_sentence_begins_with_a_copied_value():
    """It would be capitalized in the text but not in the output."""
    copied = {
        "symptom",
        "severity",
        "complaint",
        "problem",
        "denied",
        "history",
        "meds",
        "allergies",
        "cleared",
        "kin_drug",
        "vital",
        "other_vital",
    }
    copied |= {"stopped", "clash", "drug", "drug_said", "frequency"}
    for lexicon in (DIALOGUE, NOTE, NOTES, PROSE, *STYLES.values()):
        for sentence in (sentence for pair in lexicon.values() for sentences in pair for sentence in sentences):
            before = ""
            for text, field, _, _ in string.Formatter().parse(sentence):
                before += text
                assert field not in copied or (before and not before.endswith((". ", "? "))), sentence
                before += "x"


@pytest.mark.parametrize("kind", ["summarization", "qa", "generation"])
def test_test_has_its_own_drugs_symptoms_and_pairs_of_drugs(clinic, kind):
    pairs, drugs, symptoms = ({"train": set(), "validation": set(), "test": set()} for _ in range(3))
    for split, example in clinic(kind):
        named = set(drugs_in(" ".join(example.inputs.values())))
        drugs[split] |= named
        pairs[split] |= set(combinations(sorted(named), 2))
        symptoms[split].add(example.meta["symptom"])
    assert len(pairs["test"]) > (300 if kind == "qa" else 500), "the notes of questions name few drugs"
    assert not pairs["test"] & (pairs["train"] | pairs["validation"])
    for shown, everything in ((drugs, DRUGS), (symptoms, SYMPTOMS)):
        own = shown["test"] - shown["train"] - shown["validation"]
        assert 0.15 < len(own) / len(everything) < 0.25
        assert len(shown["train"]) > 0.75 * len(everything)


@pytest.mark.parametrize("kind", KINDS)
def test_every_reference_states_its_facts_and_nothing_forbidden(clinic, kind):
    for _, example in clinic(kind):
        meta = json.loads(json.dumps(example.meta))
        assert meta == example.meta, "plain values"
        for target in example.targets:
            if kind == "classification":
                assert not unstated(target, meta)
            elif kind == "qa":  # one answer out of several
                assert all(target in fact["any"] for fact in meta["facts"])
                assert not misstated(target, meta), (target, meta)
            else:
                assert not unstated(target, meta), (target, unstated(target, meta))
                assert not misstated(target, meta), (target, misstated(target, meta))
        for fact in meta["facts"]:
            assert set(fact) == {"what", "any", "critical"} and all(fact["any"])
        for each in meta["forbidden"]:
            assert set(each) == {"what", "text", "unless_negated", "allowed"} and each["text"]
            assert each["what"] in ("alert", "drug", "dose", "negation")


@pytest.mark.parametrize("kind", KINDS)
def test_no_placeholder_remains(clinic, kind):
    for _, example in clinic(kind):
        text = "\n".join([*example.inputs.values(), *example.targets])
        assert not set("{}\0") & set(text)
        assert not re.search(r"  | ,| \.|\.\.|: \n| a a |[\[\]]|\b(a|an) (a|an) |\ba [aeio]", text), text
