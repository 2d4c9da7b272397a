"""What must be in a right output and what must not: the ground truth that outputs are scored with.

A fact is {"what", "any", "critical"}: one of the strings in `any` must stand in the output as whole words, in any case. What is forbidden
is {"what", "text", "unless_negated", "allowed"}: the text must not stand in the output, or only behind a negation, or only so many times.

Critical is what a clinician would count as an error: the name, the prescribed drug and its dose, an allergy, the alert.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.data.clinic.case import Case

Fact = dict[str, Any]
CRITICAL = frozenset({"name", "drug", "dose", "allergy", "alert"})
NO_ALLERGY = ("allergies: none", "no known allergies", "no known allergy", "no allergies", "no allergy")
ALLERGY_ALERT, INTERACTION_ALERT = "(allergy!)", "(clash!)"
VITAL_ALERTS = "too high", "too low"


def fact(what: str, *any_of: str, critical: bool | None = None) -> Fact:
    """Something that a right output states."""
    return {"what": what, "any": list(any_of), "critical": what in CRITICAL if critical is None else critical}


def forbidden(what: str, text: str, *, unless_negated: bool = False, allowed: int = 0) -> Fact:
    """Something that a right output does not state (more often than `allowed`)."""
    return {"what": what, "text": text, "unless_negated": unless_negated, "allowed": allowed}


def flat(case: Case) -> Fact:
    """The case in plain values, for `meta`."""
    vital, other = case.vital, case.other_vital
    return {
        "name": case.name,
        "age": case.age,
        "symptom": case.symptom,
        "severity": case.severity,
        "duration": case.duration,
        "denied": list(case.denied),
        "history": case.history,
        "drug": case.drug,
        "dose": case.dose,
        "frequency": case.frequency,
        "current": [f"{drug} {dose}" for drug, dose in case.current],
        "allergies": list(case.allergies),
        "cleared": case.cleared,
        "kin_drug": case.kin_drug,
        "kin_reading": case.kin_reading,
        "stopped": case.stopped,
        "clash": case.clash,
        "vital": vital.name if vital else "",
        "reading": vital.reading if vital else "",
        "range": [vital.low, vital.high] if vital else [],
        "other_vital": f"{other.name} {other.reading}" if other else "",
        "alert_kind": case.alert,
    }


def summary_facts(case: Case) -> list[Fact]:
    """All that the summary has to say."""
    return [
        fact("name", case.name),
        fact("age", str(case.age)),
        fact("symptom", case.symptom),
        fact("severity", case.severity),
        fact("duration", case.duration),
        *(fact("denied", denied) for denied in case.denied),
        *(fact("current", f"{drug} {dose}", f"{dose} {drug}", f"{dose} of {drug}") for drug, dose in case.current),
        *allergy_facts(case, *NO_ALLERGY),
        fact("drug", case.drug),
        fact("dose", case.dose),
        fact("frequency", case.frequency),
        *([fact("vital", f"{case.vital.name} {case.vital.measured}")] if case.vital else []),
        *([fact("range", f"{case.vital.low} to {case.vital.high}")] if case.vital else []),
        *([fact("clash", case.clash)] if case.clash else []),
        *alert_facts(case),
    ]


def allergy_facts(case: Case, *none: str) -> list[Fact]:
    """Each allergy by itself; where there is none, the words that say so, if any have to."""
    found = [fact("allergy", allergy) for allergy in case.allergies]
    return found if found or not none else [fact("allergy", *none)]


def alert_facts(case: Case) -> list[Fact]:
    """The words that tell this alert from every other. That there is none is said by marking nothing."""
    if case.alert == "allergy":
        return [fact("alert", f"{case.drug} {ALLERGY_ALERT}")]
    if case.alert == "interaction":
        return [fact("alert", f"{case.clash} {INTERACTION_ALERT}")]
    if case.alert == "vital" and case.vital:
        return [fact("alert", case.vital.judged)]
    return []


def summary_forbidden(case: Case) -> list[Fact]:
    """Alerts of another kind, or a second one; drugs that are not the patient's, a corrected dose; what was denied, unless negated."""
    own = [text for known in alert_facts(case) for text in known["any"]]
    marks = (ALLERGY_ALERT, INTERACTION_ALERT, *VITAL_ALERTS)
    alerts = [forbidden("alert", mark, allowed=sum(alert.endswith(mark) for alert in own)) for mark in marks]
    return [*alerts, *wrong_drugs(case, right=(case.clash,)), *wrong_doses(case), *negations(case)]


def wrong_drugs(case: Case, right: Iterable[str] = ()) -> list[Fact]:
    """The drugs that the text names and that the patient neither takes, nor will take, nor is allergic to."""
    known = {case.drug, *(drug for drug, _ in case.current), *case.allergies, *right}
    named = dict.fromkeys((case.cleared, case.kin_drug, case.stopped, case.clash, case.wrong_drug))
    return [forbidden("drug", drug) for drug in named if drug and drug not in known]


def wrong_doses(case: Case) -> list[Fact]:
    """What was said first and then corrected."""
    return [forbidden("dose", dose) for dose in (case.wrong_dose, case.wrong_current) if dose]


def negations(case: Case) -> list[Fact]:
    """What the patient does not have."""
    return [forbidden("negation", denied, unless_negated=True) for denied in case.denied]
