"""A case: all facts of a patient's visit, drawn before any text is written. All four kinds are made from it.

A case has at most one alert. Near misses are drawn for every case, not only for those without an alert, so that they reveal little.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

from harness.data.clinic.drugs import Drug
from harness.data.clinic.split_pools import draw_drugs, draw_symptom
from harness.data.clinic.symptoms import ALLERGENS, CONDITIONS, DENIED, KIN, SEVERITIES
from harness.types import SplitName

AlertKind = Literal["none", "allergy", "interaction", "vital"]
ALERTS: tuple[AlertKind, ...] = ("none", "none", "none", "allergy", "interaction", "vital")
UNITS = ("hours", "days", "days", "days", "weeks", "weeks", "months")


@dataclass(frozen=True, slots=True)
class Vital:
    """A measured vital sign, such as a temperature of 38.9 degrees, with the range that the record states.

    Attributes:
        low, high: the range; both "" if the record states none.
        side: on which side of the range the reading is outside; "" if it is not.
    """

    name: str
    unit: str
    reading: str
    low: str
    high: str
    side: Literal["", "high", "low"]

    @property
    def with_unit(self) -> str:
        """The reading with its unit: "38.9 degrees"."""
        return f"{self.reading} {self.unit}"

    @property
    def with_verdict(self) -> str:
        """The reading with its unit and, if it is outside the range, the side: "38.9 degrees, too high"."""
        return self.with_unit + (f", too {self.side}" if self.side else "")


@dataclass(frozen=True, slots=True)
class Case:
    """All facts of a visit. The record does not mention fields that are "" or empty."""

    name: str
    age: int
    symptom: str
    counted: bool  # whether the symptom takes an article
    severity: str
    duration: str
    denied: tuple[str, ...]
    history: str
    drug: str  # the prescription: drug to course
    dose: str
    frequency: str
    route: str
    course: str
    current: tuple[tuple[str, str], ...]  # (drug, dose) that the patient already takes
    allergies: tuple[str, ...]
    cleared: str  # a drug whose allergy was ruled out
    kin: str
    kin_drug: str  # a drug that a relative is allergic to
    kin_reading: str  # a relative's reading, outside the range
    vital: Vital | None  # with a range
    other_vital: Vital | None  # without a range
    clash: str  # a drug never to be combined with the prescribed one
    stopped: str  # a drug that the patient stopped long ago
    years: int  # since then
    wrong_dose: str  # a slip of the tongue, corrected to `dose`
    wrong_drug: str  # a slip, corrected to `drug`
    wrong_current: str  # a slip, corrected to the first dose in `current`
    wrong_duration: str  # a slip, corrected to `duration`
    follow_up: str
    alert: AlertKind

    @property
    def complaint(self) -> str:
        """The symptom with its severity: "a severe headache", "mild back pain"."""
        return describe_symptom(self.severity, self.symptom, self.counted)


def describe_symptom(severity: str, symptom: str, counted: bool) -> str:
    """A symptom with its severity, and with an article if it is counted: "an awful headache", "mild back pain"."""
    article = ("an " if severity[0] in "aeiou" else "a ") if counted else ""
    return f"{article}{severity} {symptom}"


# unit, lower and upper bounds of stated ranges, in round numbers; the temperature in tenths of a degree
_SCALES = {
    "temperature": ("degrees", (355, 360), (375, 380, 385)),
    "systolic pressure": ("mmHg", (90, 100, 110), (130, 140, 150, 160)),
    "pulse": ("bpm", (50, 60), (90, 100, 110, 120)),
    "blood oxygen": ("percent", (90, 92, 94), (100,)),
}
VITALS = tuple(_SCALES)


def draw_case(rng: random.Random, split: SplitName, name: str, age: int) -> Case:
    """Draw the facts of one visit of this patient."""
    alert = rng.choice(ALERTS)
    drug, *others = draw_drugs(rng, split)
    dose = rng.choice(drug.doses)
    symptom, counted = draw_symptom(rng, split)
    current = _draw_current(rng, others, dose, alert)
    spare = [other.name for other in others if all(other.name != taken for taken, _ in current)]
    allergies = _draw_allergies(rng, spare, drug.name, alert)
    cleared = _draw_cleared(rng, spare, drug.name, alert)
    kin_drug = "" if rng.random() < 0.9 else drug.name if alert == "none" else spare.pop() if spare else ""
    clash, stopped = _draw_clash(rng, spare, current, alert)
    has_vital = alert == "vital" or rng.random() < 0.4
    vital = _draw_vital(rng, rng.choice(VITALS), alert == "vital") if has_vital else None
    other_vital = _draw_other_vital(rng, vital) if rng.random() < 0.2 else None
    slip = rng.choices(("", "dose", "drug", "current", "duration"), (84, 8, 2, 4, 2))[0]
    duration = _draw_duration(rng)
    return Case(
        name=name,
        age=age,
        symptom=symptom,
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
        kin_reading=_draw_kin_reading(rng, vital),
        vital=vital,
        other_vital=other_vital,
        clash=clash,
        stopped=stopped,
        years=rng.randint(2, 9),
        wrong_dose=_draw_wrong_dose(rng, drug.doses, dose, current) if slip == "dose" else "",
        wrong_drug=spare.pop() if slip == "drug" and spare else "",
        wrong_current=_draw_wrong_current(rng, others, dose, current) if slip == "current" and current else "",
        wrong_duration=_draw_wrong_duration(rng, duration) if slip == "duration" else "",
        follow_up=f"{rng.choice((2, 4, 6, 8, 12, 20, 30))} days",
        alert=alert,
    )


def _draw_duration(rng: random.Random) -> str:
    return f"{rng.randint(2, 11)} {rng.choice(UNITS)}"


def _draw_wrong_duration(rng: random.Random, duration: str) -> str:
    number, _, unit = duration.partition(" ")
    return f"{int(number) + rng.choice((1, 2, 3))} {unit}"


def _draw_current(rng: random.Random, others: list[Drug], dose: str, alert: AlertKind) -> tuple[tuple[str, str], ...]:
    """Zero to three drugs with doses, most often one. No two drugs of a record have the same dose."""
    count = rng.choice((1, 1, 1, 1, 2, 2, 3) if alert == "interaction" else (0, 0, 1, 1, 1, 1, 1, 1, 2, 3))
    current: list[tuple[str, str]] = []
    used = {dose}
    for other in others:
        if len(current) == count:
            break
        free = [each for each in other.doses if each not in used]
        if free:
            current.append((other.name, rng.choice(free)))
            used.add(current[-1][1])
    return tuple(current)


def _draw_allergies(rng: random.Random, spare: list[str], drug: str, alert: AlertKind) -> tuple[str, ...]:
    """Zero to two allergies, including the prescribed drug if that is the alert."""
    allergies = [drug] if alert == "allergy" else []
    if not allergies and rng.random() < 0.4 and spare:
        allergies.append(spare.pop())
    if rng.random() < 0.35:
        allergies.append(rng.choice(ALLERGENS))
    rng.shuffle(allergies)
    return tuple(allergies)


def _draw_cleared(rng: random.Random, spare: list[str], drug: str, alert: AlertKind) -> str:
    """A drug whose allergy was ruled out, or "". Unless it is an allergy, this is most often the prescribed drug."""
    if rng.random() > 0.2:
        return ""
    return drug if alert != "allergy" and rng.random() < 0.7 else spare.pop() if spare else ""


def _draw_clash(rng: random.Random, spare: list[str], current: tuple[tuple[str, str], ...], alert: AlertKind) -> tuple[str, str]:
    """The drug that must not be combined with the prescribed one, and a drug that was stopped; sometimes the same."""
    if alert == "interaction":
        return rng.choice(current)[0], spare.pop() if spare and rng.random() < 0.25 else ""
    chance = rng.random()
    if chance < 0.1 and spare:
        stopped = spare.pop()
        return stopped, stopped
    if chance < 0.2 and spare:
        return spare.pop(), ""
    return "", spare.pop() if spare and chance > 0.9 else ""


def _format_reading(name: str, value: int) -> str:
    """A reading as text; temperatures are in tenths of a degree."""
    return f"{value / 10:.1f}" if name == "temperature" else str(value)


def _draw_vital(rng: random.Random, name: str, outside: bool) -> Vital:
    """A vital sign outside its range, by little or much; or inside it, just or well."""
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
    return Vital(name, unit, _format_reading(name, value), _format_reading(name, low), _format_reading(name, high), side)


def _draw_other_vital(rng: random.Random, vital: Vital | None) -> Vital:
    name = rng.choice([each for each in VITALS if vital is None or each != vital.name])
    unit, lows, highs = _SCALES[name]
    return Vital(name, unit, _format_reading(name, rng.randint(max(lows), min(highs) - 1)), "", "", "")


def _draw_kin_reading(rng: random.Random, vital: Vital | None) -> str:
    if vital is None or rng.random() < 0.75:
        return ""
    value = int(vital.high.replace(".", "")) + rng.randint(2, 9)
    if vital.name == "blood oxygen":
        value = int(vital.low) - rng.randint(2, 9)
    reading = _format_reading(vital.name, value)
    return reading if reading != vital.reading else _format_reading(vital.name, value + 1 if vital.name != "blood oxygen" else value - 1)


def _draw_wrong_dose(rng: random.Random, doses: tuple[str, ...], right: str, current: tuple[tuple[str, str], ...]) -> str:
    """A plausible dose that no drug of the record has, or "" if there is none."""
    free = [dose for dose in doses if dose != right and all(dose != taken for _, taken in current)]
    return rng.choice(free) if free else ""


def _draw_wrong_current(rng: random.Random, others: list[Drug], dose: str, current: tuple[tuple[str, str], ...]) -> str:
    first = next(other for other in others if other.name == current[0][0])
    return _draw_wrong_dose(rng, tuple(each for each in first.doses if each != dose), current[0][1], current)
