"""Visits and their summaries: every alert follows from the text, and visits without an alert come close to one."""

from __future__ import annotations

import re
from collections import Counter
from statistics import median

import pytest
from clinic_reader import (
    DRUG,
    FORBIDS,
    NEGATIONS,
    OTHERS,
    RULED_OUT,
    alerts,
    allergies,
    drugs_in,
    forbidden_pairs,
    misstated,
    reading,
    stated_range,
    statements,
    taken,
    unstated,
)

from harness.data.clinic.phrases.visit_dialogue import DIALOGUE
from harness.data.clinic.phrases.visit_lead_ins import LEAD_INS
from harness.data.clinic.phrases.visit_notes import NOTES
from harness.data.clinic.phrases.visit_prose import PROSE


@pytest.fixture
def visits(clinic):
    return [example for _, example in clinic("summarization")]


SUMMARY = re.compile(
    r"Name: (?P<name>[^,]+), (?P<age>\d+)\nComplaint: (?P<complaint>.+) for (?P<duration>\d+ \w+)\nDenies: (?P<denied>.+)\n"
    r"Allergies: (?P<allergy>.+)\nAvoid with: (?P<clash>.+)\nTakes: (?P<current>.+)\nVital signs: (?P<vital>.+)\n"
    r"Prescribed: (?P<drug>\w+) (?P<dose>\d+ \w+) (?P<frequency>.+)\nAlert check: (?P<check>.+)"
)


def marks(said):
    """What a summary marks as an alert: "lisinopril (allergy!)", "warfarin (interaction!)", "pulse too high"."""
    readings = re.findall(r"^(.+?) [\d.]+ [a-z A-Z]+, (too \w+),", said["vital"])
    return re.findall(r"\w+ \((?:allergy|interaction)!\)", said["check"]) + [" ".join(each) for each in readings]


def test_lengths(visits):
    words = [len(e.inputs["input"].split()) for e in visits]
    assert 80 <= min(words) <= max(words) <= 200
    assert 100 <= median(words) <= 120
    assert max(len(e.targets[0].split()) for e in visits) <= 64


def test_half_of_the_visits_have_no_alert(visits):
    kinds = Counter(e.meta["alert_kind"] for e in visits)
    assert 0.45 < kinds["none"] / len(visits) < 0.55
    assert set(kinds) == {"none", "allergy", "interaction", "vital"}
    assert min(kinds.values()) > 0.13 * len(visits)
    of_vitals = Counter(mark for e in visits for mark in marks(SUMMARY.fullmatch(e.targets[0])) if "too" in mark)
    both_ways = {f"{vital} too {side}" for vital in ("temperature", "systolic pressure", "pulse") for side in ("high", "low")}
    assert set(of_vitals) == {"blood oxygen too low"} | both_ways


def test_every_alert_and_no_other_follows_from_the_text(visits):
    for example in visits:
        said = SUMMARY.fullmatch(example.targets[0])
        assert marks(said) == alerts(example.inputs["input"], example.meta["drug"]), example


def test_everything_in_the_summary_is_in_the_text(visits):
    for example in visits:
        text, said = example.inputs["input"], SUMMARY.fullmatch(example.targets[0])
        severity, symptom = said["complaint"].split(" ", 1)
        expected = [severity, symptom, *said.group("name", "age", "duration", "denied", "drug", "dose", "frequency")]
        expected += [re.sub(r" \((allergy|interaction)\)", "", said[part]) for part in ("allergy", "clash") if said[part] != "none"]
        expected += [] if said["vital"] == "none" else re.findall(r"\d+\.?\d*", said["vital"])
        assert all(fact in text for fact in expected), (expected, text)
        named = set(drugs_in(said["current"]))
        assert taken(text) - {said["drug"]} == named
        assert set(drugs_in(said["allergy"])) == allergies(text)
        assert drugs_in(said["check"]) == [said["drug"], *drugs_in(said["current"])], "every drug is checked, the new one first"


def test_visits_without_an_alert_come_close_to_one(visits):
    quiet = [e for e in visits if e.meta["alert_kind"] == "none"]
    near = Counter()
    for example in quiet:
        meta, text = example.meta, example.inputs["input"]
        pair = [pair for pair in forbidden_pairs(text) if meta["drug"] in pair]
        inside = stated_range(text)
        found = {
            "inside a range": bool(inside),
            "just inside it": bool(inside) and min(abs(reading(text, inside[0]) - bound) for bound in inside[1:]) <= 1,
            "another drug": bool(allergies(text)),
            "ruled out": meta["cleared"] == meta["drug"],
            "allergy of a relative": meta["kin_drug"] == meta["drug"],
            "value of a relative": bool(meta["kin_reading"]),
            "stopped": bool(pair) and meta["stopped"] in pair[0],
            "not taken": bool(pair) and meta["stopped"] not in pair[0],
        }
        near.update(kind for kind, true in found.items() if true)
        near["any"] += any(found.values())
    assert near["any"] > 0.6 * len(quiet)
    assert min(near[kind] for kind in near) > 0.015 * len(quiet), near
    assert len(near) == 9


def test_near_misses_also_occur_with_alerts(visits):
    alarming = [e for e in visits if e.meta["alert_kind"] != "none"]
    for kind in ("cleared", "kin_drug", "stopped", "clash", "range", "kin_reading"):
        assert sum(bool(e.meta[kind]) for e in alarming) > 0.015 * len(alarming), kind


def test_slips_are_corrected_in_the_text_only(visits):
    """No summary contains a dose that was corrected."""
    corrected = [e for e in visits if any(f["what"] == "dose" for f in e.meta["forbidden"])]
    assert 0.05 < len(corrected) / len(visits) < 0.2
    for example in corrected:
        wrong = next(f["text"] for f in example.meta["forbidden"] if f["what"] == "dose")
        assert re.search(rf"\b{wrong.split()[0]}\b( {wrong.split()[1]})?, ", example.inputs["input"])


def test_share_of_dialogues(visits):
    lines = Counter("Doctor: " in e.inputs["input"] for e in visits)
    assert 0.3 < lines[True] / len(visits) < 0.5


def test_facts_catch_what_a_clinician_would_count(visits):
    """A summary with one change lacks a fact or contains something forbidden."""
    for example in visits[:300]:
        said, meta = example.targets[0], example.meta
        name, drug, dose = meta["name"], meta["drug"], meta["dose"]
        for wrong in (said.replace(name, "Somebody Else"), said.replace(drug, "nothing"), said.replace(f" {dose}", "")):
            assert any(fact["critical"] for fact in unstated(wrong, meta)), wrong
        if meta["alert_kind"] != "none":
            lost = re.sub("!|, too (high|low)", "", said)
            assert any(f["what"] == "alert" for f in unstated(lost, meta))
        for mark in ("(allergy!)", "(interaction!)", "too high", "too low"):
            assert any(f["what"] == "alert" for f in misstated(f"{said}, {drug} {mark}", meta)), (mark, said)  # also beside a right one
        assert any(f["what"] == "negation" for f in misstated(said.replace("Denies", "Reports"), meta))


def test_alerts_are_not_in_the_words_of_the_pre_training_corpus(clinic):
    """Otherwise the shipped model would know part of the answer before it is tuned."""
    for kind in ("summarization", "generation"):
        for _, example in clinic(kind):
            assert not re.search("is on the list|above the limit|is too much", " ".join([*example.inputs.values(), *example.targets]))


@pytest.mark.parametrize(
    ("slot", "cue", "value"),
    [
        ("cleared", RULED_OUT, "{cleared}"),
        ("kin allergy", "{kin}", "{kin_drug}"),
        ("kin vital", "{kin}", "{kin_reading}"),
        ("stopped", "stopped|gave up|used to|no longer|former|not taken|ended", "{stopped}"),
        ("interaction", FORBIDS, "{clash}"),
        ("interaction", "{drug}", "{clash}"),
        ("vital", "{vital}", "{reading}"),
        ("other vital", "{other_vital}", "{other_reading}"),
        ("allergy", "allerg|react", "{allergies}"),
    ],
)
def test_cue_precedes_its_value(slot, cue, value):
    """A causal model has read nothing else when it reaches the value."""
    for sentences in (*DIALOGUE[slot], *NOTES[slot], *PROSE[slot]):
        for sentence in sentences:
            assert re.search(cue, sentence[: sentence.index(value)], re.IGNORECASE), sentence


def test_visits_state_facts_in_different_words(visits):
    """There are dozens of lead-ins, and test has its own. None contains a word that an alert depends on."""
    for seen, unseen in LEAD_INS.values():
        assert len(set(seen)) == len(seen) >= 40 and len(set(unseen)) == len(unseen) >= 12
        assert not set(seen) & set(unseen)
        for lead in (*seen, *unseen):
            assert not re.search(rf"allerg|react|years|{RULED_OUT}|{OTHERS}", lead) and not NEGATIONS.search(lead), lead
    said = [s for e in visits for s in statements(e.inputs["input"]) if re.search("allerg", s, re.IGNORECASE)]
    ways = {re.sub(r"\d+", "", DRUG.sub("it", s)) for s in said}
    assert len(ways) > 0.45 * len(said), "0.27 without lead-ins"
