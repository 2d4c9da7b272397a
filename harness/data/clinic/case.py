"""One case: everything that is true of a patient's visit, drawn before a word of it is written. All four kinds are made from it.

A case has one danger at most. Near misses of dangers are drawn for every case and not only for those without one, so that they
betray little.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

from harness.data.clinic.drugs import Drug
from harness.data.clinic.shares import cast, symptom
from harness.data.clinic.symptoms import ALLERGENS, CONDITIONS, DENIED, KIN, SEVERITIES
from harness.types import SplitName

AlertKind = Literal["none", "allergy", "interaction", "vital"]
ALERTS: tuple[AlertKind, ...] = ("none", "none", "none", "allergy", "interaction", "vital")
UNITS = ("hours", "days", "days", "days", "weeks", "weeks", "months")


@dataclass(frozen=True, slots=True)
class Vital:
    """A reading, such as 38.9 degrees of temperature, with the range that the record states for it: both "" where it states none."""

    name: str
    unit: str
    reading: str
    low: str
    high: str
    side: Literal["", "high", "low"]  # outside the range, and where

    @property
    def measured(self) -> str:
        """ "38.9 degrees" """
        return f"{self.reading} {self.unit}"

    @property
    def judged(self) -> str:
        """ "38.9 degrees, too high" """
        return self.measured + (f", too {self.side}" if self.side else "")


@dataclass(frozen=True, slots=True)
class Case:
    """A visit. Whatever is "" or empty, the record does not speak of."""

    name: str
    age: int
    symptom: str
    counted: bool  # takes "a"
    severity: str
    duration: str
    denied: tuple[str, ...]
    history: str
    drug: str  # prescribed, as are the next four
    dose: str
    frequency: str
    route: str
    course: str
    current: tuple[tuple[str, str], ...]  # (drug, dose) taken already
    allergies: tuple[str, ...]
    cleared: str  # a drug whose allergy was ruled out
    kin: str
    kin_drug: str  # a drug that a relative is allergic to
    kin_reading: str  # what a relative measured, outside the range
    vital: Vital | None  # with a range
    other_vital: Vital | None  # without one
    clash: str  # never to be combined with the prescribed drug
    stopped: str  # a drug given up long ago
    years: int
    wrong_dose: str  # said first and corrected to `dose`
    wrong_drug: str  # said first and corrected to `drug`
    wrong_current: str  # said first and corrected to the first dose in `current`
    wrong_duration: str  # said first and corrected to `duration`
    follow_up: str
    alert: AlertKind


# name, unit, lower and upper ends of ranges, round as people state them; in tenths of a degree for the temperature
_SCALES = {
    "temperature": ("degrees", (355, 360), (375, 380, 385)),
    "systolic pressure": ("mmHg", (90, 100, 110), (130, 140, 150, 160)),
    "pulse": ("per minute", (50, 60), (90, 100, 110, 120)),
    "blood oxygen": ("percent", (90, 92, 94), (100,)),
}
VITALS = tuple(_SCALES)


def draw_case(rng: random.Random, split: SplitName, name: str, age: int) -> Case:
    """What is true of one visit of this patient."""
    alert = rng.choice(ALERTS)
    drug, *others = cast(rng, split)
    dose = rng.choice(drug.doses)
    complaint, counted = symptom(rng, split)
    current = _current(rng, others, dose, alert)
    spare = [other.name for other in others if all(other.name != taken for taken, _ in current)]
    allergies = _allergies(rng, spare, drug.name, alert)
    cleared = _cleared(rng, spare, drug.name, alert)
    kin_drug = "" if rng.random() < 0.9 else drug.name if alert == "none" else spare.pop() if spare else ""
    clash, stopped = _clash(rng, spare, current, alert)
    measured = alert == "vital" or rng.random() < 0.4
    vital = _vital(rng, rng.choice(VITALS), alert == "vital") if measured else None
    other_vital = _other_vital(rng, vital) if rng.random() < 0.2 else None
    mistake = rng.choices(("", "dose", "drug", "current", "duration"), (84, 8, 2, 4, 2))[0]
    duration = _duration(rng)
    return Case(
        name=name,
        age=age,
        symptom=complaint,
        counted=counted,
        severity=rng.choice(SEVERITIES),
        duration=duration,
        denied=tuple(rng.sample(DENIED, rng.choice((1, 1, 2)))),
        history=rng.choice(CONDITIONS),
        drug=drug.name,
        dose=dose,
        frequency=rng.choice(drug.frequencies),
        route=drug.route,
        course=f"{rng.choice((3, 5, 7, 10, 14, 21))} days",
        current=current,
        allergies=allergies,
        cleared=cleared,
        kin=rng.choice(KIN),
        kin_drug=kin_drug,
        kin_reading=_kin_reading(rng, vital),
        vital=vital,
        other_vital=other_vital,
        clash=clash,
        stopped=stopped,
        years=rng.randint(2, 9),
        wrong_dose=_another(rng, drug.doses, dose, current) if mistake == "dose" else "",
        wrong_drug=spare.pop() if mistake == "drug" and spare else "",
        wrong_current=_wrong_current(rng, others, dose, current) if mistake == "current" and current else "",
        wrong_duration=_wrong_duration(rng, duration) if mistake == "duration" else "",
        follow_up=f"{rng.choice((2, 4, 6, 8, 12, 20, 30))} days",
        alert=alert,
    )


def _duration(rng: random.Random) -> str:
    return f"{rng.randint(2, 11)} {rng.choice(UNITS)}"


def _wrong_duration(rng: random.Random, duration: str) -> str:
    number, _, unit = duration.partition(" ")
    return f"{int(number) + rng.choice((1, 2, 3))} {unit}"


def _current(rng: random.Random, others: list[Drug], dose: str, alert: AlertKind) -> tuple[tuple[str, str], ...]:
    """None to three, most often one, each in a dose that no other drug of the record has."""
    wanted = rng.choice((1, 1, 1, 1, 2, 2, 3) if alert == "interaction" else (0, 0, 1, 1, 1, 1, 1, 1, 2, 3))
    current: list[tuple[str, str]] = []
    taken = {dose}
    for other in others:
        if len(current) == wanted:
            break
        free = [each for each in other.doses if each not in taken]
        if free:
            current.append((other.name, rng.choice(free)))
            taken.add(current[-1][1])
    return tuple(current)


def _allergies(rng: random.Random, spare: list[str], drug: str, alert: AlertKind) -> tuple[str, ...]:
    """The prescribed drug where that is the alert; else no allergy, or one or two to other drugs and things."""
    found = [drug] if alert == "allergy" else []
    if not found and rng.random() < 0.4 and spare:
        found.append(spare.pop())
    if rng.random() < 0.35:
        found.append(rng.choice(ALLERGENS))
    rng.shuffle(found)
    return tuple(found)


def _cleared(rng: random.Random, spare: list[str], drug: str, alert: AlertKind) -> str:
    """A drug whose allergy was ruled out; where the prescribed drug may be taken, it is most often that one."""
    if rng.random() > 0.2:
        return ""
    return drug if alert != "allergy" and rng.random() < 0.7 else spare.pop() if spare else ""


def _clash(rng: random.Random, spare: list[str], current: tuple[tuple[str, str], ...], alert: AlertKind) -> tuple[str, str]:
    """The drug that may not be combined with the prescribed one, and a drug that was stopped: now and then the same."""
    if alert == "interaction":
        return rng.choice(current)[0], spare.pop() if spare and rng.random() < 0.25 else ""
    fate = rng.random()
    if fate < 0.1 and spare:
        given_up = spare.pop()
        return given_up, given_up
    if fate < 0.2 and spare:
        return spare.pop(), ""
    return "", spare.pop() if spare and fate > 0.9 else ""


def _show(name: str, value: int) -> str:
    return f"{value / 10:.1f}" if name == "temperature" else str(value)


def _vital(rng: random.Random, name: str, outside: bool) -> Vital:
    """Outside its range by little or much; else just inside it, or well inside."""
    unit, lows, highs = _SCALES[name]
    low, high = rng.choice(lows), rng.choice(highs)
    side: Literal["", "high", "low"] = ""
    if outside:
        side = "low" if name == "blood oxygen" or rng.random() < 0.35 else "high"
        by = rng.randint(1, 12 if name == "temperature" else 6 if name == "blood oxygen" else 25)
        value = low - by if side == "low" else high + by
    else:
        inside = rng.choice((1, 2, 5, rng.randint(1, (high - low) // 2), (high - low) // 2))
        value = min(high - 1, low + inside) if name == "blood oxygen" or rng.random() < 0.35 else high - inside
    return Vital(name, unit, _show(name, value), _show(name, low), _show(name, high), side)


def _other_vital(rng: random.Random, vital: Vital | None) -> Vital:
    name = rng.choice([each for each in VITALS if vital is None or each != vital.name])
    unit, lows, highs = _SCALES[name]
    return Vital(name, unit, _show(name, rng.randint(max(lows), min(highs) - 1)), "", "", "")


def _kin_reading(rng: random.Random, vital: Vital | None) -> str:
    if vital is None or rng.random() < 0.75:
        return ""
    value = int(vital.high.replace(".", "")) + rng.randint(2, 9)
    if vital.name == "blood oxygen":
        value = int(vital.low) - rng.randint(2, 9)
    shown = _show(vital.name, value)
    return shown if shown != vital.reading else _show(vital.name, value + 1 if vital.name != "blood oxygen" else value - 1)


def _another(rng: random.Random, doses: tuple[str, ...], right: str, current: tuple[tuple[str, str], ...]) -> str:
    """A dose that could have been meant and that no drug of the record has, or "" """
    free = [dose for dose in doses if dose != right and all(dose != taken for _, taken in current)]
    return rng.choice(free) if free else ""


def _wrong_current(rng: random.Random, others: list[Drug], dose: str, current: tuple[tuple[str, str], ...]) -> str:
    first = next(other for other in others if other.name == current[0][0])
    return _another(rng, tuple(each for each in first.doses if each != dose), current[0][1], current)
