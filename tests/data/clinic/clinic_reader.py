"""Reads the clinic's texts independently of their generator: which alert follows from a visit, which triage class from a message, and
whether an output states its facts. It knows cues and the names of drugs, but no sentences.
"""

from __future__ import annotations

import re
from typing import Any

from harness.data.clinic.drugs import DRUGS
from harness.data.clinic.phrases.triage_phrases import DANGERS
from harness.data.clinic.symptoms import KIN

DRUG = re.compile(rf"\b({'|'.join(drug.name for drug in DRUGS)})\b", re.IGNORECASE)
RANGE = re.compile(r"(\d+(?:\.\d)?) to (\d+(?:\.\d)?)")
UNITS = {"temperature": "degrees", "systolic pressure": "mmHg", "pulse": "bpm", "blood oxygen": "percent"}
OTHERS = rf"\b(?:{'|'.join(KIN)})\b"
FORBIDS = r"\b(not|never)\b|n't\b"
RULED_OUT = "ruled out|negative|mistake|in error"
NEGATIONS = re.compile(r"\b(no|not|denies|without|never|ruled out)\b", re.IGNORECASE)


def drugs_in(text: str) -> list[str]:
    return [name.lower() for name in DRUG.findall(text)]


def statements(text: str) -> list[str]:
    """The sentences of a note or the lines of a dialogue; a question and its answer form one statement."""
    lines = text.replace("?\n", "? ").split("\n")
    return lines if len(lines) > 1 else re.split(r"(?<=[.?!]) ", text)


def allergies(text: str) -> set[str]:
    """The drugs that the patient is allergic to according to the text."""
    kept = [s for s in statements(text) if re.search("allerg|react", s, re.I) and not re.search(f"{RULED_OUT}|{OTHERS}", s, re.I)]
    return {drug for s in kept for drug in drugs_in(s)}


def forbidden_pairs(text: str) -> list[frozenset[str]]:
    """Pairs of drugs that the text says must not be combined."""
    found = [frozenset(drugs_in(s)) for s in statements(text) if re.search(FORBIDS, s, re.I)]
    return [pair for pair in found if len(pair) == 2]


def taken(text: str) -> set[str]:
    """Drugs mentioned with a dose: those that the patient takes or will take."""
    return {name.lower() for name in re.findall(rf"{DRUG.pattern} (?=\d+(?! years))", text, re.I)}


def reading(text: str, vital: str) -> float | None:
    found = re.search(rf"(\d+(?:\.\d)?) {UNITS[vital]}", text)
    return float(found[1]) if found else None


def stated_range(text: str) -> tuple[str, float, float] | None:
    """The vital sign that a range is stated for: the one in the same statement, else the last one mentioned before."""
    said = statements(text)
    for i, statement in enumerate(said):
        if bounds := RANGE.search(statement):
            for place in (statement, *reversed(said[:i])):
                for name in UNITS:
                    if re.search(name, place, re.I):
                        return name, float(bounds[1]), float(bounds[2])
    return None


def alerts(text: str, drug: str) -> list[str]:
    """Every alert that follows from the text for this prescribed drug, as the summary marks it."""
    found = []
    if drug in allergies(text):
        found.append(f"{drug} (allergy!)")
    for pair in forbidden_pairs(text):
        if drug in pair and (other := next(iter(pair - {drug}))) in taken(text):
            found.append(f"{other} (interaction!)")
    if stated := stated_range(text):
        name, low, high = stated
        value = reading(text, name)
        assert value is not None, text
        if not low <= value <= high:
            found.append(f"{name} too {'high' if value > high else 'low'}")
    return found


def triage(text: str) -> str:
    """The class of a message by the rules stated in `harness.data.clinic.triage`."""
    sentences = re.split(r"(?<=[.?!]) ", text)
    for sentence in sentences:
        danger = any(danger.removeprefix("a ") in sentence.lower() for danger in DANGERS)
        if danger and not re.search(
            rf"\b(no|not|never|years?|spring|once)\b|n't\b|{OTHERS}", re.sub("years old|won't go away", "", sentence.lower())
        ):
            return "emergency"
    if re.search(
        r"since I started|I get .* from|every time I take|gives me (?!no)|after my first|agree with me|causing my|since you added",
        text,
        re.I,
    ):
        return "side-effect"
    for sentence in sentences:
        lasting = re.search(r"\d+ (hours|days|weeks|months)", sentence)
        severity = re.search(r"\b(severe|terrible|awful|unbearable|mild|slight|minor|manageable)\b", sentence.lower())
        if lasting and severity:
            if severity[1] in ("severe", "terrible", "awful", "unbearable"):
                return "urgent"
            return "routine" if lasting[1] in ("weeks", "months") else "self-care"
    asked = {
        "refill": "running out|a refill|I need more|to refill|almost gone|to renew|has run out",
        "appointment": "(book|move|cancel|next|switch) (my |an )?appointment|annual physical|another date|see the doctor",
        "billing": "question about my bill|charged|copy of the invoice|looks wrong|in installments|old address|receipt|billed",
    }
    found = [label for label, cues in asked.items() if re.search(cues, text, re.I)]
    assert len(found) == 1, (found, text)
    return found[0]


def places(text: str, output: str) -> list[int]:
    """Where the text occurs in the output as whole words, in any case."""
    return [found.start() for found in re.finditer(rf"(?<!\w){re.escape(text)}(?!\w)", output, re.IGNORECASE)]


def unstated(output: str, meta: dict[str, Any]) -> list[dict[str, Any]]:
    """The facts that the output does not state."""
    return [fact for fact in meta["facts"] if not any(places(text, output) for text in fact["any"])]


def misstated(output: str, meta: dict[str, Any]) -> list[dict[str, Any]]:
    """The forbidden statements that the output contains, less those that are negated in their sentence or allowed that often."""
    found = []
    for each in meta["forbidden"]:
        befores = [re.split(r"[.;] |\n", output[:at])[-1] for at in places(each["text"], output)]
        if sum(not (each["unless_negated"] and NEGATIONS.search(before)) for before in befores) > each["allowed"]:
            found.append(each)
    return found
