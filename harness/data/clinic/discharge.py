"""Discharge instructions: a case as a form of a line a field, and two to four texts that say it, each in its own words.

    name: Mara Oduya               Dear Mara Oduya, you were seen for a severe headache. Do not take lisinopril 10 mg once daily,
    symptom: a severe headache     because it clashes with ramipril. Go on with ramipril 5 mg. Come back in 6 days.
    new drug: lisinopril 10 mg …
    takes: ramipril 5 mg
    never together: lisinopril with ramipril
    return: in 6 days

The form states no alert: that the new drug must wait follows from the allergies, or from what is never together and is taken; that a vital
is too high or low follows from its range. A drug that must wait is never told to be taken; those that the patient takes already go on.
"""

from __future__ import annotations

import random

from harness.data.clinic.case import Case
from harness.data.clinic.discharge_phrases import ALERT_CUES, LABELS, SENTENCES, TAKEN
from harness.data.clinic.truth import Fact, allergy_facts, fact, forbidden, negations, wrong_drugs
from harness.data.clinic.visits import current, listed

HOLDS = ("allergy", "interaction")


def form(rng: random.Random, case: Case, *, unseen: bool) -> str:
    """The fields, a line each: the name first, the rest in any order, under labels that test words in its own way."""
    values = {
        "reason": _complaint(case),
        "new": f"{case.drug} {case.dose} {case.frequency} {case.route}",
        "current": current(case),
        "course": f"for {case.course}",
        "allergies": listed(case.allergies),
        "clash": f"{case.drug} with {case.clash}" if case.clash else "",
        "vital": f"{case.vital.name} {case.vital.measured}, range {case.vital.low} to {case.vital.high}" if case.vital else "",
        "denied": listed(case.denied, "or"),
        "follow-up": f"in {case.follow_up}",
    }
    fields = [(field, value) for field, value in values.items() if value]
    rng.shuffle(fields)
    return "\n".join(f"{rng.choice(LABELS[field][unseen])}: {value}" for field, value in (("name", case.name), *fields))


def texts(rng: random.Random, case: Case) -> tuple[str, ...]:
    """Two to four texts that say the same, no two with a sentence in common."""
    number = rng.choice((2, 3, 3, 4))
    fields = {
        "name": case.name,
        "complaint": _complaint(case),
        "drug": case.drug,
        "dose": case.dose,
        "frequency": case.frequency,
        "course": case.course,
        "clash": case.clash,
        "meds": current(case),
        "allergies": listed(case.allergies),
        "denied": listed(case.denied, "or"),
        "follow_up": case.follow_up,
    }
    if case.vital:
        fields |= {"vital": case.vital.name, "reading": case.vital.measured, "side": case.vital.side}
    columns = [rng.sample(SENTENCES[slot], number) for slot in _slots(case)]
    return tuple(" ".join(sentences).format_map(fields) for sentences in zip(*columns, strict=True))


def _slots(case: Case) -> list[str]:
    slots = ["opening", f"{case.alert} hold" if case.alert in HOLDS else "take"]
    slots += ["current"] * bool(case.current) + ["allergies"] * bool(case.allergies)
    return [*slots, *(["vital"] if case.alert == "vital" else []), "denied", "follow-up"]


def _complaint(case: Case) -> str:
    return f"{'a ' * case.counted}{case.severity} {case.symptom}"


def _alert(case: Case) -> str:
    return case.vital.side if case.alert == "vital" and case.vital else case.alert


def discharge_facts(case: Case) -> list[Fact]:
    """All that the instructions have to say. That there is no alert is said by telling to take the drug."""
    alert = _alert(case)
    found = [
        fact("name", case.name),
        fact("symptom", case.symptom),
        fact("drug", case.drug),
        fact("dose", case.dose),
        fact("frequency", case.frequency),
        *(fact("current", f"{drug} {dose}", f"{dose} {drug}", f"{dose} of {drug}") for drug, dose in case.current),
        *allergy_facts(case),
        *(fact("denied", denied) for denied in case.denied),
        fact("follow-up", case.follow_up),
    ]
    if case.alert not in HOLDS:
        found.append(fact("duration", case.course))
    if alert != "none":
        found.append(fact("alert", *ALERT_CUES[alert]))
    return found


def discharge_forbidden(case: Case) -> list[Fact]:
    """Alerts of another kind; to take a drug that must wait; drugs that are not the patient's; what was denied, unless negated."""
    alerts = [forbidden("alert", cue) for alert, cues in ALERT_CUES.items() if alert != _alert(case) for cue in cues]
    if case.alert in HOLDS:
        alerts += [forbidden("alert", taken.format(drug=case.drug), unless_negated=True) for taken in TAKEN]
    return [*alerts, *(each for each in wrong_drugs(case) if each["text"] == case.clash), *negations(case)]
