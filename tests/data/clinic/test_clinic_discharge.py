"""Discharge instructions: they state the content of the form in different words, and never to take a drug that must wait."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from clinic_reader import RANGE, drugs_in, misstated, places

from harness.data.clinic.phrases.discharge_phrases import ALERT_CUES, LABELS, SENTENCES, TAKEN


@pytest.fixture
def discharges(clinic):
    return [example for _, example in clinic("generation")]


def fields(example):
    """The form by field, under any labels."""
    field_of = {label: field for field, pair in LABELS.items() for labels in pair for label in labels}
    lines = [line.split(": ", 1) for line in example.inputs["input"].splitlines()]
    return {field_of[label]: value for label, value in lines}


def must_wait(form):
    """Why the new drug must wait, according to the form alone."""
    new = form["new"].split()[0]
    if new in drugs_in(form.get("allergies", "")):
        return "allergy"
    first, other = form["clash"].split(" with ") if "clash" in form else (new, "")
    assert first == new
    return "interaction" if other in drugs_in(form.get("current", "")) else ""


def outside(form):
    """The side on which the vital sign is outside its range: high, low or ''."""
    if "vital" not in form:
        return ""
    value = float(re.search(r"[\d.]+", form["vital"])[0])
    low, high = map(float, RANGE.search(form["vital"]).groups())
    return "high" if value > high else "low" if value < low else ""


HOLDS = re.compile("Do not (?:take|start|fill)|Please do not use|We planned|Stay off|Hold")


def test_each_label_names_one_field():
    labels = [label for pair in LABELS.values() for labels in pair for label in labels]
    assert len(set(labels)) == len(labels)


def test_every_text_states_every_field(discharges):
    for example in discharges:
        form = fields(example)
        drug, dose, frequency = re.match(r"(\w+) (\d+ \w+) (.+?) (?:by |as |on |under )", form["new"]).groups()
        said = [form["name"], form["reason"], f"{drug} {dose}", frequency, form["follow-up"].removeprefix("in ")]
        said += [form[field] for field in ("allergies", "current", "denied") if field in form]
        said += [] if must_wait(form) else [form["course"].removeprefix("for ")]
        said += [re.search(r"[\d.]+", form["vital"])[0], f"too {outside(form)}"] if outside(form) else []
        assert all(fact in text for text in example.targets for fact in said), example


def test_text_states_nothing_else(discharges):
    """Every drug and number of the text is in the form, and every warning follows from the form."""
    for example in discharges:
        form, text_of_form = fields(example), example.inputs["input"]
        for text in example.targets:
            assert set(drugs_in(text)) <= set(drugs_in(text_of_form))
            assert set(re.findall(r"\d+(?:\.\d+)?", text)) <= set(re.findall(r"\d+(?:\.\d+)?", text_of_form))
            warned = {alert for alert, cues in ALERT_CUES.items() if any(cue in text for cue in cues)}
            assert warned == {alert for alert in (must_wait(form), outside(form)) if alert}


def test_drug_on_hold_is_never_to_be_taken(discharges):
    waiting = Counter()
    for example in discharges:
        why, drug = must_wait(fields(example)), example.meta["drug"]
        waiting[why] += 1
        told = re.compile("|".join(f"(?<!not ){taken.format(drug=drug)}" for taken in TAKEN), re.IGNORECASE)
        for text in example.targets:
            assert bool(HOLDS.search(text)) == bool(why)
            assert not (why and told.search(text)), text
            if why:
                kept = next(sentence for sentence in re.split(r"(?<=\.) ", text) if HOLDS.search(sentence))
                took = kept + f" Take {drug} as you like."
                assert misstated(took, example.meta) and not misstated(kept, example.meta)
        assert why == (example.meta["alert_kind"] if example.meta["alert_kind"] in ("allergy", "interaction") else "")
    assert min(waiting["allergy"], waiting["interaction"]) > 0.13 * len(discharges)


def test_near_misses(discharges):
    free = [fields(e) for e in discharges if e.meta["alert_kind"] == "none"]
    assert sum(bool(drugs_in(form.get("allergies", ""))) for form in free) > 0.2 * len(free)
    assert sum("clash" in form for form in free) > 0.12 * len(free)
    assert sum("vital" in form for form in free) > 0.2 * len(free)


def test_texts_of_a_form_are_in_different_words(discharges):
    assert {len(e.targets) for e in discharges} == {2, 3, 4}
    for slot, sentences in SENTENCES.items():
        assert len(set(sentences)) == len(sentences) >= (10 if slot in ("opening", "take") else 6)
    for example in discharges:
        said = [re.split(r"(?<=\.) ", text) for text in example.targets]
        assert len({sentence for text in said for sentence in text}) == sum(map(len, said))


def test_every_sentence_of_an_alert_has_its_own_cue():
    for slot, sentences in SENTENCES.items():
        for sentence in sentences:
            cues = {alert for alert, phrases in ALERT_CUES.items() for phrase in phrases if places(phrase, sentence)}
            assert cues == ({slot.removesuffix(" hold")} if slot.endswith(" hold") else set())
    assert all("too {side}" in sentence for sentence in SENTENCES["vital"])


def test_lengths(discharges):
    assert max(len(e.inputs["input"].split()) for e in discharges) <= 100
    assert max(len(text.split()) for e in discharges for text in e.targets) <= 110
