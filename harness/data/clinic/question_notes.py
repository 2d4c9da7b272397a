r"""A short note of a visit, with headings, which states some facts of the case in about 30 words. Questions are asked about it.

draw_slots   ["opening", "complaint", "allergy"]
write_note   "Note on Mara Oduya, 54\nComplaint:\nsevere headache\nDuration:\n3 days\nAllergies:\nlatex"
"""

from __future__ import annotations

import random
from collections.abc import Sequence, Set

from harness.data.clinic.case import Case
from harness.data.clinic.phrases import question_note_phrases
from harness.data.clinic.visits import WRITTEN_CORRECTIONS, fill_placeholders

_COUNTS = (1, 2)  # statements after the complaint, apart from those that follow another


def draw_slots(rng: random.Random, case: Case, *, required: Set[str], left_out: str) -> list[str]:
    """Draw what a note states, in the order of the note.

    Args:
        required: slots that the note has if the case has them, such as one that a hasty reader takes for the answer.
        left_out: a slot that the note does not have; "" for none.
    """
    possible = list_slots(case)
    chosen = [slot for slot in possible if slot in required and slot != left_out]
    others = [slot for slot in possible if slot not in required and slot != left_out]
    chosen += rng.sample(others, min(len(others), max(0, rng.choice(_COUNTS) - len(chosen))))
    rng.shuffle(chosen)
    chosen.sort(key=lambda slot: slot == "prescription")
    following = {"vital": ["kin vital"] * bool(case.kin_reading), "prescription": ["interaction"] * bool(case.clash)}
    return ["opening", "complaint", *(each for slot in chosen for each in (slot, *following.get(slot, ())))]


def list_slots(case: Case) -> list[str]:
    """The slots that a note of this case can have, apart from those of every note and those that follow another."""
    slots = ["denial", "history", "meds" if case.current else "no meds", "allergy" if case.allergies else "no allergy", "prescription"]
    optional = {
        "cleared": case.cleared,
        "kin allergy": case.kin_drug,
        "stopped": case.stopped,
        "vital": case.vital,
        "other vital": case.other_vital,
    }
    return [*slots, *(slot for slot, value in optional.items() if value)]


def write_note(rng: random.Random, case: Case, slots: Sequence[str], *, unseen: bool) -> str:
    """Write one section for each slot.

    Args:
        unseen: whether to use the headings of test.
    """
    template = "\n".join([rng.choice(question_note_phrases.NOTE[slot][unseen]) for slot in slots])
    return template.format_map(fill_placeholders(rng, case, WRITTEN_CORRECTIONS[unseen]))
