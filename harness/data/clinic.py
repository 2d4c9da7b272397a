"""The shipped synthetic clinic: fictional records for trying the program, written by us and made by a seed.

    summarization   a visit:   "Doctor: Good morning, Mara Oduya. …"  →  "Patient: Mara Oduya, 54. Complaint: severe headache for 3 days.
                               Medication: lisinopril 10 mg daily. Allergy: penicillin. Alert: none."
    classification  a message: "Hello, this is Mara Oduya. My tablets run out on Friday …"  →  "medication"
    qa              a visit and a question: "Which drug does the doctor prescribe?"  →  "lisinopril 10 mg", or "lisinopril"
    generation      a visit's fields: "name: Mara Oduya …"  →  two to four discharge instructions, "Dear Mara Oduya, you were seen for …"

The alert follows from the visit alone: the prescribed drug is on the allergy list, or the temperature is *above* the limit that the doctor
states (which differs from visit to visit), else none. Visits without an alert come near one: another drug is on the list, an allergy was
ruled out, the temperature is just at the limit, a relative's fever is mentioned.

An answer is a part of the visit. About every fifth question asks for something that this visit does not say and others do: it has none.

The triage rules: emergency: danger to life now. urgent: to be seen today. routine: to be seen, but it can wait. self-care: goes
away by itself. medication: a question about a drug in use. administrative: papers, bills, dates. `meta["hard"]` marks messages with
words of another class.

The test split has names, and sentences and questions to read, that train and validation never show; train and validation share
sentences, but no names. What a record was made from is in `meta`. The group is the patient, who has one to three records, all in one split.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping

from harness.data.clinic_discharge import discharge
from harness.data.clinic_phrases import CLOSERS, OPENERS, TRIAGE
from harness.data.clinic_questions import question
from harness.data.clinic_visits import Facts, complaint, dialogue, summary, visit_facts
from harness.data.clinic_words import DRUGS, FIRST_NAMES, LAST_NAMES, PAINS
from harness.types import Example, Kind, SplitName

VERSION = "1"


def records(kind: Kind, *, size: int, seed: int) -> Iterator[tuple[SplitName, Example]]:
    """`size` records, of which a tenth each are for validation and test; the same for the same kind, size and seed."""
    choices = tuple(sorted(TRIAGE)) if kind == "classification" else ()
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
                inputs, targets, facts = _record(kind, rng, patient, unseen=split == "test")
                yield split, Example(f"P{number:06}-{visit}", inputs, targets, choices, group=f"P{number:06}", meta=facts)


def _patient(rng: random.Random, split: SplitName) -> Facts:
    """A name of those that the split has for itself: of ten, test takes two and validation one."""
    own = {"train": (0, 1, 2, 4, 5, 6, 8), "validation": (3,), "test": (7, 9)}[split]
    first, last = ([name for i, name in enumerate(names) if i % 10 in own] for names in (FIRST_NAMES, LAST_NAMES))
    return {"name": f"{rng.choice(first)} {rng.choice(last)}", "age": rng.randint(18, 92)}


def _record(kind: Kind, rng: random.Random, patient: Facts, *, unseen: bool) -> tuple[Mapping[str, str], tuple[str, ...], Facts]:
    """Inputs, targets and facts of one record."""
    if kind == "classification":
        text, label, facts = _message(rng, patient, unseen=unseen)
        return {"input": text}, (label,), facts
    facts = visit_facts(rng, patient)
    if kind == "generation":
        fields, texts = discharge(rng, facts)
        return {"input": fields}, texts, facts
    text = dialogue(rng, facts, unseen=unseen)
    if kind == "qa":
        asked, wording, answers = question(rng, facts, unseen=unseen)
        return {"question": wording, "context": text}, answers, {**facts, "asked": asked}
    return {"input": text}, (summary(facts),), facts


def _message(rng: random.Random, patient: Facts, *, unseen: bool) -> tuple[str, str, Facts]:
    label = rng.choices(list(TRIAGE), weights=[triage.share for triage in TRIAGE.values()])[0]
    hard = rng.random() < 0.35
    messages = TRIAGE[label].unseen if unseen else TRIAGE[label].seen
    sentence = rng.choice(messages.hard if hard else messages.easy)
    fillers: Facts = {
        **patient,
        "complaint": complaint(rng),
        "pain": rng.choice(PAINS),
        "drug": rng.choice(list(DRUGS)),
        "weeks": rng.randint(3, 11),
        "days": rng.randint(3, 6),
        "minutes": rng.randint(12, 40),
        "digit": rng.randint(2, 9),
    }
    text = " ".join(part for part in (rng.choice(OPENERS[unseen]), sentence, rng.choice(CLOSERS[unseen])) if part)
    return text.format(**fillers), label, {**patient, "label": label, "hard": hard}
