"""Generates the clinic's records of each kind from the same cases."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from harness.data.clinic import discharge, questions, split_pools, triage, visits
from harness.data.clinic.case import Case, draw_case
from harness.data.clinic.ground_truth import case_meta, summary_facts, summary_forbidden
from harness.types import Example, Kind, SplitName

VERSION = "10"
_DRAWS_VERSION = "4"  # part of the random seeds; versions 5 to 10 changed `meta`, wordings and questions, but kept the cases


def generate_records(kind: Kind, *, size: int, seed: int) -> Iterator[tuple[SplitName, Example]]:
    """Generate `size` records, a tenth for validation and a fifth for test. The result depends on kind, size and seed only."""
    validation, test = max(1, size // 10), max(1, size // 5)
    sizes: tuple[tuple[SplitName, int], ...] = (("train", size - validation - test), ("validation", validation), ("test", test))
    patient = 0
    for split, split_size in sizes:
        case_rng = random.Random(f"clinic {_DRAWS_VERSION} {seed} {split}")  # the same for all kinds
        text_rng = random.Random(f"clinic {_DRAWS_VERSION} {seed} {split} {kind}")
        remaining = split_size
        while remaining:
            patient += 1
            name, age = split_pools.draw_name(case_rng, split), case_rng.randint(18, 92)
            count = min(remaining, case_rng.choice((1, 1, 1, 2, 2, 3)))
            remaining -= count
            for visit in range(1, count + 1):
                yield split, _make_example(kind, text_rng, draw_case(case_rng, split, name, age), split, f"P{patient:06}", visit)


def _make_example(kind: Kind, rng: random.Random, case: Case, split: SplitName, patient: str, visit: int) -> Example:
    """A case as a record of this kind."""
    unseen = split == "test"
    choices: tuple[str, ...] = ()
    inputs: dict[str, str]
    targets: tuple[str, ...]
    meta: dict[str, Any] = case_meta(case)
    if kind == "classification":
        text, label, hard = triage.write_message(rng, case, split)
        inputs, targets, choices = {"input": text}, (label,), triage.CLASSES
        # only what the message takes from the case is true of it
        meta = {"name": case.name, "age": case.age, "label": label, "hard": hard}
        meta |= {"facts": triage.triage_facts(label), "forbidden": []}
    elif kind == "generation":
        inputs = {"input": discharge.write_form(rng, case, unseen=unseen)}
        targets = discharge.write_instructions(rng, case)
        meta |= {"course": case.course, "follow_up": case.follow_up}
        meta |= {"facts": discharge.discharge_facts(case), "forbidden": discharge.discharge_forbidden(case)}
    elif kind == "qa":
        question = questions.draw_question(rng, case, unseen=unseen)
        inputs, targets = {"question": question.wording, "context": question.note}, question.answers
        meta |= {"asked": question.topic, "unanswerable": not targets}
        meta |= {"facts": questions.question_facts(question), "forbidden": questions.question_forbidden(case, question)}
    else:
        inputs, targets = {"input": visits.write_visit(rng, case, unseen=unseen)}, (visits.write_summary(case),)
        meta |= {"facts": summary_facts(case), "forbidden": summary_forbidden(case)}
    return Example(f"{patient}-{visit}", inputs, targets, choices, group=patient, meta=meta)
