"""A case in words: the text that says it in one of four styles, and its summary.

fields     {"complaint": "a severe headache", "meds": "metoprolol 50 mg and ramipril 5 mg", …}: what fills the sentences
visit      "Doctor: Good morning, Mara Oduya. …"
summary    "Name: Mara Oduya, 54\nComplaint: severe headache for 3 days\nDenies: nausea\nAllergies: latex (allergy) …"
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from harness.data.clinic.case import Case
from harness.data.clinic.truth import ALLERGY_ALERT, INTERACTION_ALERT
from harness.data.clinic.visit_dialogue import DIALOGUE, Sentences
from harness.data.clinic.visit_lead_ins import SPOKEN, WRITTEN, led_in
from harness.data.clinic.visit_prose import PROSE
from harness.data.clinic.visit_styles import STYLES

FEWEST_WORDS, MOST_WORDS = 80, 200
ROOM_FOR_DIGRESSION = 110  # words; a longer text has none
LED_IN = 0.4  # of the sentences
# "20, no, 40 mg": of train and validation, of test
CORRECTIONS = (
    (
        "{wrong}, no, {right}",
        "{wrong}, sorry, {right}",
        "{wrong}, I mean {right}",
        "{wrong}, wait, {right}",
        "{wrong}, correction, {right}",
        "{wrong}, no, make that {right}",
        "{wrong} or rather {right}",
    ),
    ("{wrong}, let me correct that, {right}", "{wrong}, excuse me, {right}", "{wrong}, that is wrong, {right}"),
)
_LEXICONS: dict[str, Mapping[str, tuple[Sentences, Sentences]]] = {
    "dialogue": DIALOGUE,
    **{style: {**PROSE, **slots} for style, slots in STYLES.items()},
}


def listed(parts: tuple[str, ...] | list[str], word: str = "and") -> str:
    """ "a", "a and b", "a, b and c" """
    return f" {word} ".join(part for part in (", ".join(parts[:-1]), parts[-1]) if part) if parts else ""


def current(case: Case) -> str:
    """The drugs that the patient takes already, with their doses."""
    return listed([f"{drug} {dose}" for drug, dose in case.current])


def visit(rng: random.Random, case: Case, *, unseen: bool) -> str:
    """80 to 200 words that hold every fact but the alert; what is "" or empty, it says nothing of."""
    style = rng.choice(("dialogue", "dialogue", "note", "letter", "phone"))
    lexicon, lead_ins = _LEXICONS[style], (SPOKEN if style in ("dialogue", "phone") else WRITTEN)[unseen]
    slots = _slots(rng, case)
    parts = "\0".join([rng.choice(lexicon[slot][unseen]) for slot in slots])  # filled in one go, which is faster
    opening, *said, closing = parts.format_map(fields(rng, case, unseen=unseen)).split("\0")
    filled = [opening, *(led_in(rng, part, lead_ins) if rng.random() < LED_IN else part for part in said), closing]
    if _stretch(rng, filled, lexicon["digression"][unseen]) > MOST_WORDS:
        return visit(rng, case, unseen=unseen)  # shorter sentences, next time
    return ("\n" if lexicon is DIALOGUE else " ").join([part[:1].upper() + part[1:] for part in filled])


def _slots(rng: random.Random, case: Case) -> list[str]:
    """What is spoken of, in order. The complaint comes first; what is stated before the prescription is shuffled."""
    middle = [["denial"], ["history"], ["meds" if case.current else "no meds"], ["allergy" if case.allergies else "no allergy"]]
    middle += [["cleared"]] * bool(case.cleared) + [["kin allergy"]] * bool(case.kin_drug) + [["stopped"]] * bool(case.stopped)
    if case.vital:
        middle.append(["vital", "kin vital"] if case.kin_reading else ["vital"])
    middle += [["other vital"]] * bool(case.other_vital)
    end = [["prescription"], ["interaction"]] if case.clash else [["prescription"]]
    if rng.random() < 0.3:
        middle += end
        end = []
    rng.shuffle(middle)
    return ["opening", "complaint", *(slot for block in (*middle, *end) for slot in block), "closing"]


def _stretch(rng: random.Random, parts: list[str], digressions: Sentences) -> int:
    """Puts in one digression, and as many more as it takes to get to 80 words; gives the number of words."""
    words = sum(len(part.split()) for part in parts)
    for i, digression in enumerate(rng.sample(digressions, len(digressions))):
        length = len(digression.split())
        if words >= FEWEST_WORDS and (i > 0 or words + length > ROOM_FOR_DIGRESSION):
            break
        parts.insert(rng.randint(2, len(parts) - 1), digression)
        words += length
    return words


def fields(rng: random.Random, case: Case, *, unseen: bool) -> dict[str, object]:
    """What the placeholders of the sentences stand for. What is corrected is said wrong first."""

    def said(right: str, wrong: str, unit: bool = False) -> str:
        if not wrong:
            return right
        shown = wrong.split(maxsplit=1)[0] if unit and rng.random() < 0.5 else wrong
        return rng.choice(CORRECTIONS[unseen]).format(wrong=shown, right=right)

    doses = [dose for _, dose in case.current]
    if case.wrong_current:
        doses[0] = said(doses[0], case.wrong_current, True)
    filled: dict[str, object] = {
        "name": case.name,
        "age": case.age,
        "symptom": case.symptom,
        "severity": case.severity,
        "complaint": f"{'a ' * case.counted}{case.severity} {case.symptom}",
        "duration": said(case.duration, case.wrong_duration, True),
        "denied": listed(case.denied, "or"),
        "history": case.history,
        "meds": listed([f"{drug} {dose}" for (drug, _), dose in zip(case.current, doses, strict=True)]),
        "allergies": listed(case.allergies),
        "cleared": case.cleared,
        "kin": case.kin,
        "kin_drug": case.kin_drug,
        "kin_reading": case.kin_reading,
        "stopped": case.stopped,
        "years": case.years,
        "clash": case.clash,
        "drug": case.drug,
        "drug_said": said(case.drug, case.wrong_drug),
        "dose_said": said(case.dose, case.wrong_dose, True),
        "frequency": case.frequency,
        "route": case.route,
    }
    if case.vital:
        filled |= {"vital": case.vital.name, "reading": case.vital.judged, "low": case.vital.low, "high": case.vital.high}
    if case.other_vital:
        filled |= {"other_vital": case.other_vital.name, "other_reading": case.other_vital.measured}
    return filled


def summary(case: Case) -> str:
    """What goes on record: nine lines, always in this order. What must be seen to before anything is handed out is marked where it
    stands: a reading as "too high" or "too low", a drug in the last line as "(allergy!)" or "(clash!)".
    """
    lines = {
        "Name": f"{case.name}, {case.age}",
        "Complaint": f"{case.severity} {case.symptom} for {case.duration}",
        "Denies": listed(case.denied, "or"),
        "Allergies": listed([f"{allergy} (allergy)" for allergy in case.allergies]) or "none",
        "Not with": f"{case.clash} (clash)" if case.clash else "none",
        "Takes": current(case) or "nothing",
        "Vital signs": vital_signs(case) or "none",
        "Prescribed": f"{case.drug} {case.dose} {case.frequency}",
        "Alert check": checked(case),
    }
    return "\n".join(f"{label}: {value}" for label, value in lines.items())


def vital_signs(case: Case) -> str:
    """The reading that has a range, and the range: "pulse 120 per minute, too high, range 50 to 100", or "" """
    vital = case.vital
    return f"{vital.name} {vital.judged}, range {vital.low} to {vital.high}" if vital else ""


def checked(case: Case) -> str:
    """Every drug, the new one first, with what stands against it: "lisinopril (allergy!), metoprolol" """
    new = f"{case.drug} {ALLERGY_ALERT}" if case.alert == "allergy" else case.drug
    return ", ".join([new, *(f"{drug} {INTERACTION_ALERT}" if drug == case.clash else drug for drug, _ in case.current)])
