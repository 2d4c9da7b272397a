"""Messages to the clinic and their triage class.

The first rule that applies decides. Only the writer's present state counts; what is negated, long ago or about another person does not.

    emergency    a danger sign (`DANGERS`)
    side-effect  a symptom that the writer attributes to a drug
    urgent       a symptom that is severe, terrible, awful or unbearable, for any duration
    routine      a symptom that is mild, slight, minor or manageable, for weeks or months
    self-care    the same, for hours or days
    refill       the writer asks for more of a drug in use
    appointment  the writer asks for, moves or cancels an appointment
    billing      a bill, a receipt, the insurance

    "Hello, this is Mara Oduya. I've had a mild headache for 3 days. There's no crushing chest pain. Thanks."  →  self-care

A message consists of a frame (opener, filler, closer) and a cue. Hard messages add a clause with words of another class that do not count,
or one that contrasts or corrects the severity or duration.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from harness.data.clinic.case import Case, describe_symptom
from harness.data.clinic.ground_truth import Fact, fact
from harness.data.clinic.phrases import triage_phrases as phrases
from harness.data.clinic.split_pools import draw_symptom
from harness.data.clinic.symptoms import KIN
from harness.types import SplitName

# the share of each class in percent of all messages
SHARES = {"routine": 24, "self-care": 19, "refill": 14, "urgent": 13, "appointment": 10, "emergency": 9, "side-effect": 7, "billing": 4}
CLASSES = tuple(sorted(SHARES))
HARD_SHARE = 0.36
_LABELS, _WEIGHTS = list(SHARES), list(SHARES.values())
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
_SYMPTOM_CLASSES = ("urgent", "routine", "self-care")


def write_message(rng: random.Random, case: Case, split: SplitName) -> tuple[str, str, bool]:
    """Write a message of the case's patient.

    Returns:
        The message, its class, and whether it is hard.
    """
    label = rng.choices(_LABELS, _WEIGHTS)[0]
    hard = rng.random() < HARD_SHARE
    unseen = split == "test"
    values = _fill_placeholders(rng, case, label, split)
    cue = rng.choice(phrases.CUES["symptom" if label in _SYMPTOM_CLASSES else label])
    aside, may_lead = _draw_clause(rng, label, values) if hard else ("", False)
    opener, filler, closer = (rng.choice(frames[unseen]) for frames in (phrases.OPENERS, phrases.FILLERS, phrases.CLOSERS))
    rest = [filler] if rng.random() < 0.6 else []
    if may_lead and rng.random() < 0.5:
        cue, aside = aside, cue
    if aside:
        rest.insert(rng.randint(0, len(rest)), f"{aside}.")
    frame = (opener, f"{cue}.") if opener.endswith(".") else (f"{opener} {cue}.",)
    text = "\0".join((*frame, *rest, closer)).format_map(values)
    return " ".join([part[:1].upper() + part[1:] for part in text.split("\0")]), label, hard


def _fill_placeholders(rng: random.Random, case: Case, label: str, split: SplitName) -> dict[str, Any]:
    """The values of the placeholders. Severity and duration follow from the class if they decide it."""
    severity = rng.choice(
        phrases.STRONG if label == "urgent" else phrases.WEAK if label in ("routine", "self-care") else (*phrases.STRONG, *phrases.WEAK)
    )
    unit = rng.choice(phrases.LONG if label == "routine" else phrases.BRIEF if label == "self-care" else (*phrases.BRIEF, *phrases.LONG))
    danger = rng.choice(phrases.DANGERS)
    strong = severity if severity in phrases.STRONG else rng.choice(phrases.STRONG)
    other_symptom, other_counted = draw_symptom(rng, split)
    return {
        "name": case.name,
        "age": case.age,
        "complaint": describe_symptom(severity, case.symptom, case.counted),
        "symptom": case.symptom,
        "duration": f"{rng.randint(2, 11)} {unit}",
        "unit": unit,
        "strong": strong,
        "weak": severity if severity in phrases.WEAK else rng.choice(phrases.WEAK),
        "brief": rng.choice(phrases.BRIEF),
        "long": rng.choice(phrases.LONG),
        "danger": danger,
        "danger_bare": danger.removeprefix("a "),
        "other_symptom": other_symptom,
        "other_complaint": describe_symptom(strong, other_symptom, other_counted),
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


def _draw_clause(rng: random.Random, label: str, values: Mapping[str, Any]) -> tuple[str, bool]:
    """The clause that makes a message hard.

    Returns:
        Words of another class that do not count, or a contrast or correction that does; and whether it may come before the cue.
    """
    dangers, settled = (phrases.NEGATED_DANGER, phrases.DANGER_OF_KIN, phrases.DANGER_LONG_AGO), _draw_settled(rng, label)
    if label == "emergency":
        danger = rng.choice([danger for danger in phrases.DANGERS if danger != values["danger"]])
        other = rng.choice(rng.choice(dangers)).replace("{danger}", danger).replace("{danger_bare}", danger.removeprefix("a "))
        return rng.choice((other, other, settled)), True
    has_symptom = label in _SYMPTOM_CLASSES
    if has_symptom and rng.random() < 0.45:
        duration = {"self-care": phrases.NOT_LONG, "routine": phrases.NOT_BRIEF}.get(label, phrases.NOT_WEAK)
        severity = phrases.NOT_WEAK if label == "urgent" else phrases.NOT_STRONG
        return rng.choice(severity if rng.random() < 0.6 else duration), False
    return rng.choice(rng.choice(dangers)) if rng.random() < (0.65 if has_symptom else 0.4) else settled, True


def _draw_settled(rng: random.Random, label: str) -> str:
    """A clause about a request of another class that is already settled."""
    same_topic = "symptom" if label in (*_SYMPTOM_CLASSES, "side-effect") else label
    return rng.choice(phrases.SETTLED[rng.choice([each for each in phrases.SETTLED if each not in (same_topic, label)])])


def triage_facts(label: str) -> list[Fact]:
    """An emergency or urgent message must be recognized as one of the two."""
    return [fact("triage", "emergency", "urgent", critical=True)] if label in ("emergency", "urgent") else []
