"""Questions about a visit. Whether there is an answer depends on the visit and not on the question; test words them in its own way."""

from __future__ import annotations

import random
from typing import NamedTuple

from harness.data.clinic.case import VITALS, Case
from harness.data.clinic.truth import CRITICAL, Fact, fact, negations, wrong_doses, wrong_drugs
from harness.data.clinic.visits import current, listed


class Wordings(NamedTuple):
    """How often a question is asked, how train and validation word it, and how test does."""

    weight: int
    seen: tuple[str, ...]
    unseen: tuple[str, ...]


# What every visit says is asked less often than what only some say: so about every fifth question has no answer.
QUESTIONS: dict[str, Wordings] = {
    "name": Wordings(
        10,
        (
            "What is the patient's name?",
            "Who is the patient?",
            "What is the patient called?",
            "Whose visit is this?",
            "Give the name of the patient.",
        ),
        ("By which name does the patient go?", "Which person is this about, by name?"),
    ),
    "age": Wordings(
        10,
        (
            "How old is the patient?",
            "What is the patient's age?",
            "What age is given?",
            "How many years old is the patient?",
            "Which age does the patient have?",
        ),
        ("At what age did the patient come?", "The patient is how old?"),
    ),
    "symptom": Wordings(
        10,
        (
            "What is the patient's symptom?",
            "What does the patient complain of?",
            "Why did the patient come?",
            "Which symptom is it?",
            "What is the main symptom?",
        ),
        ("What symptom led to this visit?", "Which complaint does the patient have?"),
    ),
    "severity": Wordings(
        8,
        (
            "How severe is the symptom?",
            "What is the severity of the symptom?",
            "How bad is it?",
            "Which severity is named?",
            "How strong is the symptom?",
        ),
        ("In one word, how bad is the symptom?", "What severity does the symptom have?"),
    ),
    "duration": Wordings(
        10,
        (
            "How long has the patient had the symptom?",
            "For how long has it lasted?",
            "What is the duration of the symptom?",
            "Since when is the symptom there?",
            "How long ago did it begin?",
        ),
        ("Over how long has the symptom lasted?", "How long is it since it began?"),
    ),
    "denied": Wordings(
        8,
        (
            "What does the patient deny?",
            "Which symptom does the patient not have?",
            "What was asked about and denied?",
            "What is absent?",
            "What does the patient say no to?",
        ),
        ("What is it that the patient does not have?", "Which sign was denied?"),
    ),
    "history": Wordings(
        10,
        (
            "What is in the patient's history?",
            "Which illness did the patient have before?",
            "What past illness is named?",
            "What is the patient's background illness?",
            "Which earlier illness is known?",
        ),
        ("What illness belongs to the past?", "Which history does the patient have?"),
    ),
    "drug": Wordings(
        12,
        (
            "Which drug is prescribed?",
            "What is the new drug?",
            "Which drug is started?",
            "What does the patient get prescribed?",
            "Name the prescribed drug.",
        ),
        ("Which new drug will be taken?", "What drug does the prescription name?"),
    ),
    "dose": Wordings(
        12,
        (
            "What is the dose of the new drug?",
            "Which dose is prescribed?",
            "What dose does the patient start with?",
            "How much of the prescribed drug is taken?",
            "At what dose is the new drug given?",
        ),
        ("How high is the prescribed dose?", "Which dose does the new drug have?"),
    ),
    "frequency": Wordings(
        10,
        (
            "How often is the new drug taken?",
            "When is the prescribed drug taken?",
            "What is the frequency of the new drug?",
            "How often should it be taken?",
            "At which times is the new drug due?",
        ),
        ("With what frequency is the prescribed drug taken?", "How often does the new drug come?"),
    ),
    "current": Wordings(
        10,
        (
            "What does the patient take already?",
            "Which drugs is the patient on?",
            "What is the current medication?",
            "Which drugs does the patient use at present?",
            "What did the patient take before this visit?",
        ),
        ("Which medication is current?", "What drugs are already in use?"),
    ),
    "allergy": Wordings(
        18,
        (
            "What is the patient allergic to?",
            "Which allergies does the patient have?",
            "What allergies are known?",
            "Name the allergies.",
            "What does the patient react to?",
        ),
        ("Which allergies are on file?", "To what is the patient allergic?"),
    ),
    "cleared": Wordings(
        9,
        (
            "Which allergy was ruled out?",
            "Which drug tested negative for an allergy?",
            "What was put under allergies by mistake?",
            "Which suspected allergy proved harmless?",
            "What is the patient not allergic to after all?",
        ),
        ("Which allergy turned out a mistake?", "For which drug was the allergy ruled out?"),
    ),
    "clash": Wordings(
        9,
        (
            "What must the new drug not be combined with?",
            "Which drug must never be taken with the new one?",
            "What does the new drug not go with?",
            "Which combination is forbidden with the new drug?",
            "What must not be mixed with the prescribed drug?",
        ),
        ("With what must the prescribed drug never be combined?", "Which drug does not go with the new one?"),
    ),
    "stopped": Wordings(
        8,
        (
            "Which drug was stopped years ago?",
            "What did the patient use to take?",
            "Which drug was given up?",
            "What was the former drug?",
            "Which drug ended years ago?",
        ),
        ("What drug has the patient stopped?", "Which former drug was dropped?"),
    ),
    "range": Wordings(
        8,
        (
            "Which range is stated for the {vital}?",
            "What range should the {vital} be in?",
            "What is the target for the {vital}?",
            "Which range is allowed for the {vital}?",
            "From what to what may the {vital} go?",
        ),
        ("What range does the {vital} have to keep?", "Which target does the {vital} have?"),
    ),
    "vital": Wordings(
        16,
        (
            "What is the patient's {vital}?",
            "Which {vital} was measured?",
            "What was the {vital}?",
            "How high is the {vital}?",
            "What {vital} does the patient have?",
        ),
        ("Which {vital} was read for the patient?", "The patient's {vital} is what?"),
    ),
}
_RARE = ("cleared", "clash", "stopped")
_WHERE_SAID = 3  # so many times as often is a rare thing asked for where the visit says it: else its question tells that there is no answer
# what an alert hangs on
_BEARS_ALERT = frozenset({"vital", "range", "clash", "cleared", "stopped"})


class Question(NamedTuple):
    """What is asked for, in words, and the answers that count as right: none where the visit does not say."""

    asked: str
    wording: str
    answers: tuple[str, ...]


def question(rng: random.Random, case: Case, text: str, *, unseen: bool) -> Question:
    """A question for this visit. Its answers are parts of the text, the one to learn first."""
    weights = [each.weight * (_WHERE_SAID if asked in _RARE and getattr(case, asked) else 1) for asked, each in QUESTIONS.items()]
    asked = rng.choices(list(QUESTIONS), weights)[0]
    if asked == "current" and case.wrong_current:
        asked = "drug"  # the doses do not stand in one piece
    vital = _asked_vital(rng, case)
    wording = rng.choice(QUESTIONS[asked].unseen if unseen else QUESTIONS[asked].seen).format(vital=vital)
    answers = tuple(answer for answer in _answers(asked, case, vital) if answer and answer in text)
    return Question(asked, wording, answers)


def _asked_vital(rng: random.Random, case: Case) -> str:
    """Most often one that was measured."""
    known = [vital.name for vital in (case.vital, case.other_vital) if vital]
    return rng.choice(known if known and rng.random() < 0.6 else VITALS)


def _answers(asked: str, case: Case, vital: str) -> tuple[str, ...]:
    if asked == "drug":
        return case.drug, f"{case.drug} {case.dose}"
    if asked == "vital":
        readings = [each for each in (case.vital, case.other_vital) if each and each.name == vital]
        return tuple(shown for each in readings for shown in (each.measured, each.reading))
    if asked == "range":
        return (f"{case.vital.low} to {case.vital.high}",) if case.vital and case.vital.name == vital else ()
    if asked == "symptom":
        return case.symptom, f"{case.severity} {case.symptom}"
    found = {
        "denied": listed(case.denied, "or"),
        "current": current(case),
        "allergy": listed(case.allergies),
        "age": str(case.age),
    }
    return (found[asked] if asked in found else getattr(case, asked),)


def question_facts(asked: Question) -> list[Fact]:
    """The answer, which is critical where a wrong one would harm."""
    critical = asked.asked in CRITICAL | _BEARS_ALERT | {"current"}
    return [fact(asked.asked, *asked.answers, critical=critical)] if asked.answers else []


def question_forbidden(case: Case, asked: Question) -> list[Fact]:
    """Drugs of nobody, doses that were corrected, and what was denied: unless it is what was asked for."""
    found = [*wrong_drugs(case, right=asked.answers), *wrong_doses(case)]
    return found if asked.asked == "denied" else [*found, *negations(case)]
