"""Messages to the clinic and their triage class.

The rules, of which the first that fits decides. What counts is the writer, now: what is negated, long ago or somebody else's does not.

    emergency    a danger sign (`DANGERS`)
    side-effect  a symptom that the writer puts down to a drug
    urgent       a symptom that is severe, terrible, violent or unbearable, however long
    routine      a symptom that is mild, slight, bearable or faint, for weeks or months
    self-care    the same for hours or days
    refill       more of a drug in use is asked for
    appointment  a date is asked for, moved or cancelled
    billing      a bill, a receipt, the insurance

    "Hello, this is Mara Oduya: I have had a mild headache for 3 days. There is no crushing chest pain. Thanks."  →  self-care

A message is a frame (opener, filler, closer), a cue, and, where it is hard, a clause with words of another class that do not count,
or one that contrasts or corrects the severity or duration.
"""

from __future__ import annotations

import random

from harness.data.clinic.case import Case
from harness.data.clinic.shares import symptom
from harness.data.clinic.symptoms import KIN
from harness.data.clinic.triage_phrases import (
    BRIEF,
    CLOSERS,
    CUES,
    DANGER_LONG_AGO,
    DANGER_OF_KIN,
    DANGERS,
    FILLERS,
    LONG,
    NEGATED_DANGER,
    NOT_BRIEF,
    NOT_LONG,
    NOT_STRONG,
    NOT_WEAK,
    OPENERS,
    SETTLED,
    STRONG,
    WEAK,
)
from harness.data.clinic.truth import Fact, fact
from harness.types import SplitName

# class → its share of all messages in percent
SHARES = {"routine": 24, "self-care": 19, "refill": 14, "urgent": 13, "appointment": 10, "emergency": 9, "side-effect": 7, "billing": 4}
CLASSES = tuple(sorted(SHARES))
HARD = 0.36
_LABELS, _WEIGHTS = list(SHARES), list(SHARES.values())
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
_SYMPTOM_CLASSES = ("urgent", "routine", "self-care")


def message(rng: random.Random, case: Case, split: SplitName) -> tuple[str, str, bool]:
    """A message of the case's patient, its class, and whether it is hard."""
    label = rng.choices(_LABELS, _WEIGHTS)[0]
    hard = rng.random() < HARD
    unseen = split == "test"
    fields = _fields(rng, case, label, split)
    cue = rng.choice(CUES["symptom" if label in _SYMPTOM_CLASSES else label])
    aside, leads = _clause(rng, label, fields) if hard else ("", False)
    opener, filler, closer = (rng.choice(frames[unseen]) for frames in (OPENERS, FILLERS, CLOSERS))
    rest = [filler] if rng.random() < 0.6 else []
    if leads and rng.random() < 0.5:
        cue, aside = aside, cue  # what does not count is said first
    if aside:
        rest.insert(rng.randint(0, len(rest)), f"{aside}.")
    text = "\0".join((f"{opener} {cue}.", *rest, closer)).format_map(fields)
    return " ".join([part[:1].upper() + part[1:] for part in text.split("\0")]), label, hard


def _fields(rng: random.Random, case: Case, label: str, split: SplitName) -> Fact:
    """What the placeholders stand for. Severity and duration follow from the class, where they decide it."""
    severity = rng.choice(STRONG if label == "urgent" else WEAK if label in ("routine", "self-care") else (*STRONG, *WEAK))
    unit = rng.choice(LONG if label == "routine" else BRIEF if label == "self-care" else (*BRIEF, *LONG))
    danger = rng.choice(DANGERS)
    article = ("an " if severity[0] in "aeiou" else "a ") if case.counted else ""
    return {
        "name": case.name,
        "age": case.age,
        "complaint": f"{article}{severity} {case.symptom}",
        "symptom": case.symptom,
        "duration": f"{rng.randint(2, 11)} {unit}",
        "unit": unit,
        "strong": severity if severity in STRONG else rng.choice(STRONG),
        "weak": severity if severity in WEAK else rng.choice(WEAK),
        "brief": rng.choice(BRIEF),
        "long": rng.choice(LONG),
        "danger": danger,
        "danger_bare": danger.removeprefix("a "),
        "other_symptom": symptom(rng, split)[0],
        "drug": case.drug,
        "dose": case.dose,
        "other_drug": case.current[0][0] if case.current else case.drug,
        "kin": rng.choice(KIN),
        "minutes": rng.randint(5, 50),
        "years": rng.randint(3, 20),
        "days": rng.randint(2, 14),
        "weekday": rng.choice(_WEEKDAYS),
        "amount": rng.randint(12, 240),
    }


def _clause(rng: random.Random, label: str, fields: Fact) -> tuple[str, bool]:
    """Words of another class that do not count, or a severity or duration that does; and whether they can come before the cue."""
    dangers, settled = (NEGATED_DANGER, DANGER_OF_KIN, DANGER_LONG_AGO), _settled(rng, label)
    if label == "emergency":
        told = rng.choice([danger for danger in DANGERS if danger != fields["danger"]])
        other = rng.choice(rng.choice(dangers)).replace("{danger}", told).replace("{danger_bare}", told.removeprefix("a "))
        return rng.choice((other, other, settled)), True
    symptomatic = label in _SYMPTOM_CLASSES
    if symptomatic and rng.random() < 0.45:
        duration = {"self-care": NOT_LONG, "routine": NOT_BRIEF}.get(label, NOT_WEAK)
        severity = NOT_WEAK if label == "urgent" else NOT_STRONG
        return rng.choice(severity if rng.random() < 0.6 else duration), False
    return rng.choice(rng.choice(dangers)) if rng.random() < (0.65 if symptomatic else 0.4) else settled, True


def _settled(rng: random.Random, label: str) -> str:
    own = "symptom" if label in (*_SYMPTOM_CLASSES, "side-effect") else label
    return rng.choice(SETTLED[rng.choice([each for each in SETTLED if each not in (own, label)])])


def triage_facts(label: str) -> list[Fact]:
    """A message that may not wait has to be recognised as one."""
    return [fact("triage", "emergency", "urgent", critical=True)] if label in ("emergency", "urgent") else []
