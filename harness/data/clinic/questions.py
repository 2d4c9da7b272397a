"""A question about a short note of a visit. Whether there is an answer depends on the note. Test has its own wordings.

Some notes state something close to the answer: the allergy of a relative or one that was ruled out, a drug that was stopped, another vital
sign. That there are no allergies is an answer, "none"; a note that does not mention allergies has no answer.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

from harness.data.clinic import question_notes
from harness.data.clinic.case import VITALS, Case
from harness.data.clinic.ground_truth import CRITICAL, Fact, denied_symptoms, fact, wrong_doses, wrong_drugs
from harness.data.clinic.phrases import question_phrases
from harness.data.clinic.visits import current_drugs, enumerate_in_words

NONE = "none"
_LEFT_OUT_SHARE = 0.15  # of the notes do not state the fact in question, although the case has it
# rare facts are asked for this much more often where the case has them: otherwise the question alone would give "no answer" away
_INTERACTION_FACTOR, _VITAL_FACTOR = 6, 3
_MEASURED_SHARE = 0.75  # of the questions about a vital sign are about one that the case has
_TAKEN_SHARE = 0.8  # of the questions about the dose of a drug are about one that the patient takes
_SLOTS = {
    "symptom": "complaint",
    "duration": "complaint",
    "denied": "denial",
    "history": "history",
    "drug": "prescription",
    "dose": "prescription",
    "frequency": "prescription",
    "interaction": "prescription",
}
# facts that are easily mistaken for the answer; a note has up to two of them
_SIMILAR = {
    "drug": ("meds",),
    "dose": ("meds", "prescription", "cleared", "stopped", "kin allergy"),
    "frequency": ("meds",),
    "current": ("stopped", "prescription"),
    "allergy": ("cleared", "kin allergy"),
    "vital": ("vital", "other vital"),
}
_CRITICAL_TOPICS = CRITICAL | {"current", "interaction", "vital"}


class Question(NamedTuple):
    """A question about a note.

    Attributes:
        topic: its key in `question_phrases.QUESTIONS`.
        note: the text that it is about.
        wording: the question as text.
        answers: all correct answers, of which the first one is trained on; empty if the note does not state the fact.
    """

    topic: str
    note: str
    wording: str
    answers: tuple[str, ...]


def draw_question(rng: random.Random, case: Case, *, unseen: bool) -> Question:
    """Draw a question and write a note for it.

    Args:
        unseen: whether to use the sentences and wordings of test.
    """
    topic = _draw_topic(rng, case)
    vital = _draw_vital_name(rng, case)
    slot = _find_slot(topic, case, vital)
    left_out = slot if slot not in ("", "complaint") and rng.random() < _LEFT_OUT_SHARE else ""
    similar = _SIMILAR.get(topic, ())
    required = {slot, *rng.sample(similar, min(2, len(similar)))}
    slots = question_notes.draw_slots(rng, case, required=required, left_out=left_out)
    drug = _draw_drug(rng, case, slots) if topic == "dose" else case.drug
    wordings = question_phrases.QUESTIONS[topic]
    wording = rng.choice(wordings.unseen if unseen else wordings.seen).format(vital=vital, drug=drug)
    note = question_notes.write_note(rng, case, slots, unseen=unseen)
    if topic == "dose":
        answers: tuple[str, ...] = (_doses(case, slots).get(drug, ""),)
    else:
        answers = _find_answers(topic, case, slot) if slot in slots else ()
    return Question(topic, note, wording, tuple(answer for answer in answers if answer == NONE or (answer and answer in note)))


def _draw_topic(rng: random.Random, case: Case) -> str:
    factors = {"interaction": _INTERACTION_FACTOR if case.clash else 1, "vital": _VITAL_FACTOR if case.vital or case.other_vital else 1}
    topics = question_phrases.QUESTIONS
    topic = rng.choices(list(topics), [each.weight * factors.get(name, 1) for name, each in topics.items()])[0]
    return "drug" if topic == "current" and case.wrong_current else topic  # a correction separates the doses in the text


def _draw_vital_name(rng: random.Random, case: Case) -> str:
    """The vital sign to ask about, most often one that was measured."""
    measured = [vital.name for vital in (case.vital, case.other_vital) if vital]
    return rng.choice(measured if measured and rng.random() < _MEASURED_SHARE else VITALS)


def _find_slot(topic: str, case: Case, vital: str) -> str:
    """The slot of notes that states the answer; "" if the case has none."""
    if topic == "current":
        return "meds" if case.current else "no meds"
    if topic == "allergy":
        return "allergy" if case.allergies else "no allergy"
    if topic == "vital":
        readings = {"vital": case.vital, "other vital": case.other_vital}
        return next((slot for slot, reading in readings.items() if reading and reading.name == vital), "")
    return _SLOTS[topic]


def _draw_drug(rng: random.Random, case: Case, slots: Sequence[str]) -> str:
    """The drug whose dose is asked for: one that the patient takes, or one that the note mentions for another reason."""
    taken = list(_doses(case, slots))
    mentions = {"cleared": case.cleared, "kin allergy": case.kin_drug, "stopped": case.stopped, "interaction": case.clash}
    others = [drug for slot, drug in mentions.items() if slot in slots and drug not in taken]
    return rng.choice(taken if taken and (not others or rng.random() < _TAKEN_SHARE) else others or [case.drug])


def _doses(case: Case, slots: Sequence[str]) -> dict[str, str]:
    """The dose of each drug that the note says the patient takes or will take."""
    return {**(dict(case.current) if "meds" in slots else {}), **({case.drug: case.dose} if "prescription" in slots else {})}


def _find_answers(topic: str, case: Case, slot: str) -> tuple[str, ...]:
    if slot in ("no meds", "no allergy"):
        return (NONE,)
    if topic == "vital":
        vital = case.vital if slot == "vital" else case.other_vital
        return (vital.with_unit, vital.reading) if vital else ()
    answers = {
        "symptom": (f"{case.severity} {case.symptom}", case.symptom),
        "duration": (case.duration,),
        "denied": (enumerate_in_words(case.denied, "or"),),
        "history": (case.history,),
        "drug": (f"{case.drug} {case.dose}", case.drug),
        "frequency": (case.frequency,),
        "current": (current_drugs(case),),
        "allergy": (enumerate_in_words(case.allergies),),
        "interaction": (case.clash,),
    }
    return answers[topic]


def question_facts(question: Question) -> list[Fact]:
    """The answer, which is critical if a wrong one could do harm."""
    return [fact(question.topic, *question.answers, critical=question.topic in _CRITICAL_TOPICS)] if question.answers else []


def question_forbidden(case: Case, question: Question) -> list[Fact]:
    """Drugs that are not the patient's, corrected doses, and denied symptoms, except where they are the answer."""
    statements = [*wrong_drugs(case, allowed=question.answers), *wrong_doses(case)]
    return statements if question.topic == "denied" else [*statements, *denied_symptoms(case)]
