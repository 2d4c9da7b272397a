"""What a correct output states and what it must not state: the ground truth that the metric `facts` scores outputs with.

A fact is {"what", "any", "critical"}: one of the strings in `any` must occur in the output as whole words, in any case. A forbidden
statement is {"what", "text", "unless_negated", "allowed"}: the text must not occur in the output, or only after a negation, or at most
`allowed` times.

Critical facts are those whose absence a clinician would count as an error: the name, the prescribed drug and its dose, an allergy, the
alert.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from harness.data.clinic.case import Case

Fact: TypeAlias = dict[str, Any]
CRITICAL = frozenset({"name", "drug", "dose", "allergy", "alert"})
NO_ALLERGY = ("allergies: none", "no known allergies", "no known allergy", "no allergies", "no allergy")
ALLERGY_ALERT, INTERACTION_ALERT = "(allergy!)", "(interaction!)"
VITAL_ALERTS = "too high", "too low"


def fact(what: str, *any_of: str, critical: bool | None = None) -> Fact:
    """A fact that a correct output states, in any of these wordings."""
    return {"what": what, "any": list(any_of), "critical": what in CRITICAL if critical is None else critical}


def forbidden(what: str, text: str, *, unless_negated: bool = False, allowed: int = 0) -> Fact:
    """A text that must not occur in an output more than `allowed` times."""
    return {"what": what, "text": text, "unless_negated": unless_negated, "allowed": allowed}


def case_meta(case: Case) -> dict[str, Any]:
    """The case as plain values, for `Example.meta`."""
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
    """Everything that the summary must state."""
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
        *([fact("vital", f"{case.vital.name} {case.vital.with_unit}")] if case.vital else []),
        *([fact("range", f"{case.vital.low} to {case.vital.high}")] if case.vital else []),
        *([fact("clash", case.clash)] if case.clash else []),
        *alert_facts(case),
    ]


def allergy_facts(case: Case, *none: str) -> list[Fact]:
    """One fact per allergy.

    Args:
        none: wordings for "no allergies", which an output must then state; without any, it need not.
    """
    facts = [fact("allergy", allergy) for allergy in case.allergies]
    return facts if facts or not none else [fact("allergy", *none)]


def alert_facts(case: Case) -> list[Fact]:
    """The words that distinguish this alert from all others. Without an alert, an output marks nothing."""
    if case.alert == "allergy":
        return [fact("alert", f"{case.drug} {ALLERGY_ALERT}")]
    if case.alert == "interaction":
        return [fact("alert", f"{case.clash} {INTERACTION_ALERT}")]
    if case.alert == "vital" and case.vital:
        return [fact("alert", case.vital.with_verdict)]
    return []


def summary_forbidden(case: Case) -> list[Fact]:
    """Alerts that are not the case's, drugs that are not the patient's, corrected doses, and denied symptoms unless negated."""
    alert_texts = [text for alert in alert_facts(case) for text in alert["any"]]
    marks = (ALLERGY_ALERT, INTERACTION_ALERT, *VITAL_ALERTS)
    alerts = [forbidden("alert", mark, allowed=sum(text.endswith(mark) for text in alert_texts)) for mark in marks]
    return [*alerts, *wrong_drugs(case, allowed=(case.clash,)), *wrong_doses(case), *denied_symptoms(case)]


def wrong_drugs(case: Case, allowed: Iterable[str] = ()) -> list[Fact]:
    """The drugs that the text names but that the patient neither takes, nor will take, nor is allergic to.

    Args:
        allowed: names that the output may state nevertheless.
    """
    known = {case.drug, *(drug for drug, _ in case.current), *case.allergies, *allowed}
    mentioned = dict.fromkeys((case.cleared, case.kin_drug, case.stopped, case.clash, case.wrong_drug))
    return [forbidden("drug", drug) for drug in mentioned if drug and drug not in known]


def wrong_doses(case: Case) -> list[Fact]:
    """Doses that were stated first and then corrected."""
    return [forbidden("dose", dose) for dose in (case.wrong_dose, case.wrong_current) if dose]


def denied_symptoms(case: Case) -> list[Fact]:
    """Symptoms that the patient does not have."""
    return [forbidden("negation", denied, unless_negated=True) for denied in case.denied]
