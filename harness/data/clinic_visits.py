"""A visit of the shipped synthetic clinic: what is true of it, the conversation that says so, and its summary."""

from __future__ import annotations

import random
from typing import Any

from harness.data.clinic_phrases import VISIT
from harness.data.clinic_words import AILMENTS, DENIED, DRUGS, FREQUENCIES, OTHER_ALLERGENS, PAINS, SEVERITIES

Facts = dict[str, Any]


def visit_facts(rng: random.Random, patient: Facts) -> Facts:
    """What is true of a visit. Half of the visits have no alert, a quarter each has one of the two."""
    alert = rng.choice(("none", "none", "allergy", "fever"))
    drug, *others = rng.sample(list(DRUGS), 3)
    allergies = [*rng.sample(others, rng.choice((0, 0, 1))), *rng.sample(OTHER_ALLERGENS, rng.choice((0, 0, 1)))]
    if alert == "allergy":
        allergies.append(drug)
    rng.shuffle(allergies)
    limit = rng.choice((380, 382, 385, 388, 390))
    temperature = limit + (rng.randint(1, 14) if alert == "fever" else -rng.choice((0, 0, 1, 2, 5, 8, 12)))
    measured = alert == "fever" or rng.random() < 0.6
    # ruled out for good: half of these visits prescribe just that drug, without any alert
    suspect = rng.choice((drug, others[1])) if alert != "allergy" else others[1]
    cleared = suspect if rng.random() < 0.3 and suspect not in allergies else ""
    degrees, bound = f"{temperature / 10:.1f}", f"{limit / 10:.1f}"
    alerts = {"none": "none", "allergy": f"{drug} is on the allergy list", "fever": f"fever of {degrees} above {bound}"}
    dose, frequency = f"{rng.choice(DRUGS[drug])} mg", rng.choice(FREQUENCIES)
    return {
        **patient,
        "complaint": complaint(rng),
        "duration": f"{rng.randint(2, 9)} {rng.choice(('hours', 'days', 'days', 'weeks', 'months'))}",
        "drug": drug,
        "dose": dose,
        "frequency": frequency,
        "medication": f"{drug} {dose} {frequency}",
        "allergies": ", ".join(allergies) or "none",
        "cleared": cleared,
        "temperature": degrees if measured else "",
        "limit": bound if measured else "",
        "alert": alerts[alert],
        "alert_kind": alert,
    }


def complaint(rng: random.Random) -> str:
    """What brings somebody to the clinic."""
    return f"{rng.choice(SEVERITIES)} {rng.choice(PAINS)}" if rng.random() < 0.6 else rng.choice(AILMENTS)


def dialogue(rng: random.Random, facts: Facts, *, unseen: bool) -> str:
    """The conversation of doctor and patient. It holds every fact but the alert; what is "none" or empty, it says of nothing."""
    slots = ["opening", "complaint", "denial"]
    slots += ["temperature"] * bool(facts["temperature"])
    slots += ["allergy" if facts["allergies"] != "none" else "no allergy"]
    slots += ["cleared"] * bool(facts["cleared"])
    slots += ["prescription", "closing"]
    fillers: Facts = {**facts, "temperature": f"{facts['temperature']} °C", "limit": f"{facts['limit']} °C"}
    fillers["denied"], fillers["denied_too"] = rng.sample(DENIED, 2)
    fillers["stopped"] = rng.choice([drug for drug in DRUGS if drug not in facts["medication"]])
    turns = [rng.choice(VISIT[slot][unseen]) for slot in slots]
    for digression in rng.sample(VISIT["digression"][unseen], 3 if not facts["temperature"] else rng.randint(0, 2)):
        if len(" ".join(turns).split()) < 82:
            turns.insert(rng.randint(2, len(turns) - 1), digression)
    return "\n".join(turns).format(**fillers)


def summary(facts: Facts) -> str:
    """What goes on record."""
    return (
        f"Patient: {facts['name']}, {facts['age']}. Complaint: {facts['complaint']} for {facts['duration']}. "
        f"Medication: {facts['medication']}. Allergy: {facts['allergies']}. Alert: {facts['alert']}."
    )
