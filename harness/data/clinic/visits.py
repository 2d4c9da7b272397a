r"""A case in words: the text of the visit in one of four styles, and its summary.

fill_placeholders   {"complaint": "a severe headache", "meds": "metoprolol 50 mg and ramipril 5 mg", …}
write_visit         "Doctor: Good morning, Mara Oduya. …"
write_summary       "Name: Mara Oduya, 54\nComplaint: severe headache for 3 days\nDenies: nausea\nAllergies: latex (allergy) …"
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from harness.data.clinic.case import Case
from harness.data.clinic.ground_truth import ALLERGY_ALERT, INTERACTION_ALERT
from harness.data.clinic.phrases import (
    Sentences,
    SplitSentences,
    visit_dialogue,
    visit_lead_ins,
    visit_notes,
    visit_prose,
    visit_styles,
)

MIN_WORDS, MAX_WORDS = 80, 200
MAX_WORDS_WITH_DIGRESSION = 90
LEAD_IN_SHARE = 0.35  # of the sentences
# how a slip is corrected ("20, no, 40 mg"): in training and validation, in test
SPOKEN_CORRECTIONS: SplitSentences = (
    (
        "{wrong}, no, {right}",
        "{wrong}, sorry, {right}",
        "{wrong}, I mean {right}",
        "{wrong}, wait, {right}",
        "{wrong}, no, make that {right}",
        "{wrong}, or rather {right}",
    ),
    ("{wrong}, let me correct that, {right}", "{wrong}, excuse me, {right}", "{wrong}, no, that's wrong, {right}"),
)
WRITTEN_CORRECTIONS: SplitSentences = (
    ("{wrong}, correction, {right}", "{wrong}, or rather {right}", "{wrong}, corrected to {right}"),
    ("{wrong}, amended to {right}", "{wrong}, which should read {right}"),
)
# sentences by style and slot
_LEXICONS: dict[str, Mapping[str, SplitSentences]] = {
    "dialogue": visit_dialogue.DIALOGUE,
    "note": visit_notes.NOTES,
    **{style: {**visit_prose.PROSE, **slots} for style, slots in visit_styles.STYLES.items()},
}
# by style: the voice of lead-ins, how slips are corrected
_VOICES = {"dialogue": "Doctor", "note": "note", "letter": "letter", "phone": "caller"}
_CORRECTIONS = {
    "dialogue": SPOKEN_CORRECTIONS,
    "note": WRITTEN_CORRECTIONS,
    "letter": WRITTEN_CORRECTIONS,
    "phone": SPOKEN_CORRECTIONS,
}


def enumerate_in_words(parts: tuple[str, ...] | list[str], word: str = "and") -> str:
    """The parts as an enumeration: "a", "a and b", "a, b and c"."""
    return f" {word} ".join(part for part in (", ".join(parts[:-1]), parts[-1]) if part) if parts else ""


def current_drugs(case: Case) -> str:
    """The drugs that the patient already takes, with doses: "metoprolol 50 mg and ramipril 5 mg"."""
    return enumerate_in_words([f"{drug} {dose}" for drug, dose in case.current])


def write_visit(rng: random.Random, case: Case, *, unseen: bool) -> str:
    """Write a text of 80 to 200 words with every fact of the case except the alert.

    Args:
        unseen: whether to use the sentences of test.
    """
    style = rng.choice(("dialogue", "dialogue", "note", "letter", "phone"))
    is_dialogue = style == "dialogue"
    lexicon = _LEXICONS[style]
    slots = _draw_slots(rng, case)
    template = "\0".join([rng.choice(lexicon[slot][unseen]) for slot in slots])  # one template for all, as filling once is faster
    values = fill_placeholders(rng, case, _CORRECTIONS[style][unseen])
    opening, *middle, closing = template.format_map(values).split("\0")
    middle = [
        visit_lead_ins.add_lead_in(rng, part, _VOICES[style], unseen=unseen) if rng.random() < LEAD_IN_SHARE else part for part in middle
    ]
    parts = [opening, *middle, closing]
    if _add_digressions(rng, parts, lexicon["digression"][unseen]) > MAX_WORDS:
        return write_visit(rng, case, unseen=unseen)  # too long: draw again
    return ("\n" if is_dialogue else " ").join([part[:1].upper() + part[1:] for part in parts])


def _draw_slots(rng: random.Random, case: Case) -> list[str]:
    """The topics of a visit in order. The complaint comes first; the topics before the prescription are shuffled."""
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


def _add_digressions(rng: random.Random, parts: list[str], digressions: Sentences) -> int:
    """Insert one digression if it fits, and more until there are `MIN_WORDS` words. Returns the number of words."""
    words = sum(len(part.split()) for part in parts)
    for i, digression in enumerate(rng.sample(digressions, len(digressions))):
        length = len(digression.split())
        if words >= MIN_WORDS and (i > 0 or words + length > MAX_WORDS_WITH_DIGRESSION):
            break
        parts.insert(rng.randint(2, len(parts) - 1), digression)
        words += length
    return words


def fill_placeholders(rng: random.Random, case: Case, corrections: Sentences) -> dict[str, object]:
    """The values of the placeholders in sentences. A slip comes first and is then corrected, in one of the ways of `corrections`."""

    def correct(right: str, wrong: str, has_unit: bool = False) -> str:
        if not wrong:
            return right
        slip = wrong.split(maxsplit=1)[0] if has_unit and rng.random() < 0.5 else wrong
        return rng.choice(corrections).format(wrong=slip, right=right)

    doses = [dose for _, dose in case.current]
    if case.wrong_current:
        doses[0] = correct(doses[0], case.wrong_current, True)
    values: dict[str, object] = {
        "name": case.name,
        "age": case.age,
        "symptom": case.symptom,
        "severity": case.severity,
        "problem": f"{case.severity} {case.symptom}",
        "complaint": case.complaint,
        "duration": correct(case.duration, case.wrong_duration, True),
        "denied": enumerate_in_words(case.denied, "or"),
        "history": case.history,
        "meds": enumerate_in_words([f"{drug} {dose}" for (drug, _), dose in zip(case.current, doses, strict=True)]),
        "allergies": enumerate_in_words(case.allergies),
        "cleared": case.cleared,
        "kin": case.kin,
        "kin_drug": case.kin_drug,
        "kin_reading": case.kin_reading,
        "stopped": case.stopped,
        "years": case.years,
        "clash": case.clash,
        "drug": case.drug,
        "drug_said": correct(case.drug, case.wrong_drug),
        "dose_said": correct(case.dose, case.wrong_dose, True),
        "frequency": case.frequency,
        "route": case.route,
    }
    if case.vital:
        values |= {"vital": case.vital.name, "reading": case.vital.with_verdict, "low": case.vital.low, "high": case.vital.high}
    if case.other_vital:
        values |= {"other_vital": case.other_vital.name, "other_reading": case.other_vital.with_unit}
    return values


def write_summary(case: Case) -> str:
    """Write the summary for the record: nine lines, always in this order.

    Alerts are marked in place: a reading as "too high" or "too low", a drug in the last line as "(allergy!)" or "(interaction!)".
    """
    lines = {
        "Name": f"{case.name}, {case.age}",
        "Complaint": f"{case.severity} {case.symptom} for {case.duration}",
        "Denies": enumerate_in_words(case.denied, "or"),
        "Allergies": enumerate_in_words([f"{allergy} (allergy)" for allergy in case.allergies]) or "none",
        "Avoid with": f"{case.clash} (interaction)" if case.clash else "none",
        "Takes": current_drugs(case) or "nothing",
        "Vital signs": _vital_line(case) or "none",
        "Prescribed": f"{case.drug} {case.dose} {case.frequency}",
        "Alert check": _alert_check(case),
    }
    return "\n".join(f"{label}: {value}" for label, value in lines.items())


def _vital_line(case: Case) -> str:
    """The reading with its range: "pulse 120 bpm, too high, range 50 to 100"; "" without one."""
    vital = case.vital
    return f"{vital.name} {vital.with_verdict}, range {vital.low} to {vital.high}" if vital else ""


def _alert_check(case: Case) -> str:
    """Every drug, the new one first, with its alert: "lisinopril (allergy!), metoprolol"."""
    prescribed = f"{case.drug} {ALLERGY_ALERT}" if case.alert == "allergy" else case.drug
    return ", ".join([prescribed, *(f"{drug} {INTERACTION_ALERT}" if drug == case.clash else drug for drug, _ in case.current)])
