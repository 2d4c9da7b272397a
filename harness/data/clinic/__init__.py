"""The shipped synthetic clinic: fictional intake records, written by us and made by a seed. All people are made up; nothing here is advice.

    summarization   a visit:   "Doctor: Good morning, Mara Oduya. …"  →  "Name: Mara Oduya, 54\nComplaint: severe headache …"
    classification  a message: "Hello, this is Mara Oduya: I am running out of …"  →  "refill"
    qa              a visit and a question: "Which drug is prescribed?"  →  "lisinopril", or "lisinopril 10 mg"
    generation      a form:    "name: Mara Oduya …"  →  two to four discharge instructions, "Dear Mara Oduya, you were seen for …"

All four are made from the same cases (`case`): with one size and seed, P000001-1 is the same visit in every kind. The files, in the
order in which they build on each other: `names`, `drugs`, `symptoms`; `shares` (what each split may use); `case`; `visit_dialogue`,
`visit_prose`, `visit_styles`, `visit_lead_ins` and `visits` (a case in words); `truth` (what a right output states, and what not);
`questions`; `triage`; `discharge`.

Half of the visits have an alert, and it follows from the text alone: the prescribed drug is an allergy of the patient; the text says that
it must never be combined with a drug that the patient takes; a vital is outside the range that the text states. Most of the others come
near one: an allergy to another drug, of a relative, or ruled out; the drug it must not be combined with was stopped long ago or is not
taken; the vital is just inside, or a relative's is outside.

The test split has names, pairs of drugs, and sentences around them that train and validation never show, and a fifth of all drugs and
symptoms for itself; train and validation share sentences, but no names. The group is the patient, who has one to three records, all in
one split. What is to be learned as it is, the wording of outputs and the cues of triage, is shared by all splits.

`meta` holds what the record was made from, with `facts` (what a right output states) and `forbidden` (what it does not): see `truth`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from harness.data.clinic import discharge, questions, shares, triage, truth, visits
from harness.data.clinic.case import Case, draw_case
from harness.types import Example, Kind, SplitName

VERSION = "5"
_DRAWS = "4"  # the version whose draws these are: what later ones changed lies in `meta`, and every text stayed as it was
__all__ = ["VERSION", "records"]


def records(kind: Kind, *, size: int, seed: int) -> Iterator[tuple[SplitName, Example]]:
    """`size` records, a tenth for validation and a fifth for test; the same for the same kind, size and seed."""
    validation, test = max(1, size // 10), max(1, size // 5)
    sizes: tuple[tuple[SplitName, int], ...] = (("train", size - validation - test), ("validation", validation), ("test", test))
    number = 0
    for split, wanted in sizes:
        cases = random.Random(f"clinic {_DRAWS} {seed} {split}")  # the same for all kinds
        words = random.Random(f"clinic {_DRAWS} {seed} {split} {kind}")
        left = wanted
        while left:
            number += 1
            name, age = shares.name(cases, split), cases.randint(18, 92)
            count = min(left, cases.choice((1, 1, 1, 2, 2, 3)))
            left -= count
            for visit in range(1, count + 1):
                yield split, _example(kind, words, draw_case(cases, split, name, age), split, f"P{number:06}", visit)


def _example(kind: Kind, rng: random.Random, case: Case, split: SplitName, patient: str, visit: int) -> Example:
    """One case as a record of this kind."""
    unseen = split == "test"
    choices: tuple[str, ...] = ()
    inputs: dict[str, str]
    targets: tuple[str, ...]
    meta: dict[str, Any] = truth.flat(case)
    if kind == "classification":
        text, label, hard = triage.message(rng, case, split)
        inputs, targets, choices = {"input": text}, (label,), triage.CLASSES
        # what the message does not take over from the case, it is not true of
        meta = {"name": case.name, "age": case.age, "label": label, "hard": hard}
        meta |= {"facts": triage.triage_facts(label), "forbidden": []}
    elif kind == "generation":
        inputs = {"input": discharge.form(rng, case, unseen=unseen)}
        targets = discharge.texts(rng, case)
        meta |= {"course": case.course, "follow_up": case.follow_up}
        meta |= {"facts": discharge.discharge_facts(case), "forbidden": discharge.discharge_forbidden(case)}
    elif kind == "qa":
        text = visits.visit(rng, case, unseen=unseen)
        asked = questions.question(rng, case, text, unseen=unseen)
        inputs, targets = {"question": asked.wording, "context": text}, asked.answers
        meta |= {"asked": asked.asked, "unanswerable": not targets}
        meta |= {"facts": questions.question_facts(asked), "forbidden": questions.question_forbidden(case, asked)}
    else:
        inputs, targets = {"input": visits.visit(rng, case, unseen=unseen)}, (visits.summary(case),)
        meta |= {"facts": truth.summary_facts(case), "forbidden": truth.summary_forbidden(case)}
    return Example(f"{patient}-{visit}", inputs, targets, choices, group=patient, meta=meta)
