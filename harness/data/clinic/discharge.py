"""Discharge instructions: a case as a form with one line per field, and two to four texts with the same content in different words.

    name: Mara Oduya                    Dear Mara Oduya, you were seen today for a severe headache. Do not take lisinopril 10 mg
    symptom: a severe headache          once daily, because it interacts with ramipril. Keep taking ramipril 5 mg. Come back in
    new medication: lisinopril 10 mg …  6 days.
    takes: ramipril 5 mg
    never together: lisinopril with ramipril
    return: in 6 days

The form states no alert. That the new drug must wait follows from the allergies, or from a forbidden combination with a drug that the
patient takes; that a vital sign is too high or too low follows from its range. The texts never say to take a drug that must wait; drugs
that the patient already takes continue.
"""

from __future__ import annotations

import random

from harness.data.clinic.case import Case
from harness.data.clinic.ground_truth import Fact, allergy_facts, denied_symptoms, fact, forbidden, wrong_drugs
from harness.data.clinic.phrases import discharge_phrases
from harness.data.clinic.visits import current_drugs, enumerate_in_words

HOLD_ALERTS = ("allergy", "interaction")  # the new drug must wait


def write_form(rng: random.Random, case: Case, *, unseen: bool) -> str:
    """Write the form: one field per line, the name first and the others in random order.

    Args:
        unseen: whether to use the labels of test.
    """
    values = {
        "reason": case.complaint,
        "new": f"{case.drug} {case.dose} {case.frequency} {case.route}",
        "current": current_drugs(case),
        "course": f"for {case.course}",
        "allergies": enumerate_in_words(case.allergies),
        "clash": f"{case.drug} with {case.clash}" if case.clash else "",
        "vital": f"{case.vital.name} {case.vital.with_unit}, range {case.vital.low} to {case.vital.high}" if case.vital else "",
        "denied": enumerate_in_words(case.denied, "or"),
        "follow-up": f"in {case.follow_up}",
    }
    fields = [(field, value) for field, value in values.items() if value]
    rng.shuffle(fields)
    return "\n".join(f"{rng.choice(discharge_phrases.LABELS[field][unseen])}: {value}" for field, value in (("name", case.name), *fields))


def write_instructions(rng: random.Random, case: Case) -> tuple[str, ...]:
    """Write two to four equivalent texts that share no sentence."""
    count = rng.choice((2, 3, 3, 4))
    fields = {
        "name": case.name,
        "complaint": case.complaint,
        "drug": case.drug,
        "dose": case.dose,
        "frequency": case.frequency,
        "course": case.course,
        "clash": case.clash,
        "meds": current_drugs(case),
        "allergies": enumerate_in_words(case.allergies),
        "denied": enumerate_in_words(case.denied, "or"),
        "follow_up": case.follow_up,
    }
    if case.vital:
        fields |= {"vital": case.vital.name, "reading": case.vital.with_unit, "side": case.vital.side}
    by_slot = [rng.sample(discharge_phrases.SENTENCES[slot], count) for slot in _choose_slots(case)]
    return tuple(" ".join(sentences).format_map(fields) for sentences in zip(*by_slot, strict=True))


def _choose_slots(case: Case) -> list[str]:
    slots = ["opening", f"{case.alert} hold" if case.alert in HOLD_ALERTS else "take"]
    slots += ["current"] * bool(case.current) + ["allergies"] * bool(case.allergies)
    return [*slots, *(["vital"] if case.alert == "vital" else []), "denied", "follow-up"]


def _alert_name(case: Case) -> str:
    """The alert as a key of `ALERT_CUES`, or "none"."""
    return case.vital.side if case.alert == "vital" and case.vital else case.alert


def discharge_facts(case: Case) -> list[Fact]:
    """Everything that the instructions must state. Without an alert, they say to take the drug."""
    alert = _alert_name(case)
    facts = [
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
    if case.alert not in HOLD_ALERTS:
        facts.append(fact("duration", case.course))
    if alert != "none":
        facts.append(fact("alert", *discharge_phrases.ALERT_CUES[alert]))
    return facts


def discharge_forbidden(case: Case) -> list[Fact]:
    """Alerts of other kinds, taking a drug that must wait, drugs that are not the patient's, and denied symptoms unless negated."""
    cues_by_alert = discharge_phrases.ALERT_CUES
    alerts = [forbidden("alert", cue) for alert, cues in cues_by_alert.items() if alert != _alert_name(case) for cue in cues]
    if case.alert in HOLD_ALERTS:
        alerts += [forbidden("alert", taken.format(drug=case.drug), unless_negated=True) for taken in discharge_phrases.TAKEN]
    return [*alerts, *(each for each in wrong_drugs(case) if each["text"] == case.clash), *denied_symptoms(case)]
