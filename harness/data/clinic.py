"""The shipped synthetic clinic: fictional records for trying the program, written by us and made by a seed.

    summarization   a visit:   "Doctor: Good morning, Mara Oduya. …"  →  "Patient: Mara Oduya, 54. Complaint: severe headache for 3 days.
                               Medication: lisinopril 10 mg daily. Allergy: penicillin. Alert: none."
    classification  a message: "Hello, this is Mara Oduya. My tablets run out on Friday …"  →  "medication"

The alert follows from the visit alone: the prescribed drug is on the allergy list, or the temperature is *above* the limit that the doctor
states (which differs from visit to visit), else none. Visits without an alert come near one: another drug is on the list, an allergy was
ruled out, the temperature is just at the limit, a relative's fever is mentioned.

The triage rules: emergency: danger to life now. urgent: to be seen today. routine: to be seen, but it can wait. self-care: goes
away by itself. medication: a question about a drug in use. administrative: papers, bills, dates. `meta["hard"]` marks messages with
words of another class.

The test split has names and sentences that train and validation never show; train and validation share sentences, but no names. What
a record was made from is in `meta`. The group is the patient, who has one to three records, all in one split.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from harness.data.clinic_phrases import CLOSERS, OPENERS, TRIAGE, VISIT
from harness.data.clinic_words import AILMENTS, DENIED, DRUGS, FIRST_NAMES, FREQUENCIES, LAST_NAMES, OTHER_ALLERGENS, PAINS, SEVERITIES
from harness.types import Example, Kind, SplitName

VERSION = "0"
Facts = dict[str, Any]


def records(kind: Kind, *, size: int, seed: int) -> Iterator[tuple[SplitName, Example]]:
    """`size` records, of which a tenth each are for validation and test; the same for the same kind, size and seed."""
    choices = () if kind == "summarization" else tuple(sorted(TRIAGE))
    tenth = max(1, size // 10)
    number = 0
    sizes: tuple[tuple[SplitName, int], ...] = (("train", size - 2 * tenth), ("validation", tenth), ("test", tenth))
    for split, wanted in sizes:
        rng = random.Random(f"clinic {VERSION} {kind} {seed} {split}")
        left = wanted
        while left:
            number += 1
            patient = _patient(rng, split)
            visits = min(left, rng.choice((1, 1, 1, 2, 2, 3)))
            left -= visits
            for visit in range(1, visits + 1):
                make = _visit if kind == "summarization" else _message
                text, target, facts = make(rng, patient, unseen=split == "test")
                yield split, Example(f"P{number:06}-{visit}", {"input": text}, (target,), choices, group=f"P{number:06}", meta=facts)


def _patient(rng: random.Random, split: SplitName) -> Facts:
    """A name of those that the split has for itself: of ten, test takes two and validation one."""
    own = {"train": (0, 1, 2, 4, 5, 6, 8), "validation": (3,), "test": (7, 9)}[split]
    first, last = ([name for i, name in enumerate(names) if i % 10 in own] for names in (FIRST_NAMES, LAST_NAMES))
    return {"name": f"{rng.choice(first)} {rng.choice(last)}", "age": rng.randint(18, 92)}


def _visit(rng: random.Random, patient: Facts, *, unseen: bool) -> tuple[str, str, Facts]:
    facts = _visit_facts(rng, patient)
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
    summary = (
        f"Patient: {facts['name']}, {facts['age']}. Complaint: {facts['complaint']} for {facts['duration']}. "
        f"Medication: {facts['medication']}. Allergy: {facts['allergies']}. Alert: {facts['alert']}."
    )
    return "\n".join(turns).format(**fillers), summary, facts


def _visit_facts(rng: random.Random, patient: Facts) -> Facts:
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
    return {
        **patient,
        "complaint": _complaint(rng),
        "duration": f"{rng.randint(2, 9)} {rng.choice(('hours', 'days', 'days', 'weeks', 'months'))}",
        "medication": f"{drug} {rng.choice(DRUGS[drug])} mg {rng.choice(FREQUENCIES)}",
        "allergies": ", ".join(allergies) or "none",
        "cleared": cleared,
        "temperature": degrees if measured else "",
        "limit": bound if measured else "",
        "alert": alerts[alert],
        "alert_kind": alert,
    }


def _complaint(rng: random.Random) -> str:
    return f"{rng.choice(SEVERITIES)} {rng.choice(PAINS)}" if rng.random() < 0.6 else rng.choice(AILMENTS)


def _message(rng: random.Random, patient: Facts, *, unseen: bool) -> tuple[str, str, Facts]:
    label = rng.choices(list(TRIAGE), weights=[triage.share for triage in TRIAGE.values()])[0]
    hard = rng.random() < 0.35
    messages = TRIAGE[label].unseen if unseen else TRIAGE[label].seen
    sentence = rng.choice(messages.hard if hard else messages.easy)
    fillers: Facts = {
        **patient,
        "complaint": _complaint(rng),
        "pain": rng.choice(PAINS),
        "drug": rng.choice(list(DRUGS)),
        "weeks": rng.randint(3, 11),
        "days": rng.randint(3, 6),
        "minutes": rng.randint(12, 40),
        "digit": rng.randint(2, 9),
    }
    text = " ".join(part for part in (rng.choice(OPENERS[unseen]), sentence, rng.choice(CLOSERS[unseen])) if part)
    return text.format(**fillers), label, {**patient, "label": label, "hard": hard}
