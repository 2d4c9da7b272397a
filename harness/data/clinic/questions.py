"""Questions about a visit. Whether a question has an answer depends on the visit, not on the question. Test has its own wordings."""

from __future__ import annotations

import random
from typing import NamedTuple

from harness.data.clinic.case import VITALS, Case
from harness.data.clinic.ground_truth import CRITICAL, Fact, denied_symptoms, fact, wrong_doses, wrong_drugs
from harness.data.clinic.visits import current_drugs, enumerate_in_words


class Wordings(NamedTuple):
    """The wordings of a question.

    Attributes:
        weight: how often it is asked.
        seen: wordings of training and validation.
        unseen: wordings of test.
    """

    weight: int
    seen: tuple[str, ...]
    unseen: tuple[str, ...]


# Facts that every visit states have lower weights than those that only some state, so that about every fifth question has no answer.
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
_STATED_FACTOR = 3  # rare facts are asked this much more often where stated: otherwise the question alone would give "no answer" away
# facts that an alert depends on
_ALERT_TOPICS = frozenset({"vital", "range", "clash", "cleared", "stopped"})


class Question(NamedTuple):
    """A question about a visit.

    Attributes:
        topic: the key in `QUESTIONS`.
        wording: the question as text.
        answers: all correct answers; empty if the visit does not state the fact.
    """

    topic: str
    wording: str
    answers: tuple[str, ...]


def draw_question(rng: random.Random, case: Case, text: str, *, unseen: bool) -> Question:
    """Draw a question about a visit. Its answers are substrings of the text; the first one is trained on.

    Args:
        unseen: whether to use the wordings of test.
    """
    weights = [each.weight * (_STATED_FACTOR if topic in _RARE and getattr(case, topic) else 1) for topic, each in QUESTIONS.items()]
    topic = rng.choices(list(QUESTIONS), weights)[0]
    if topic == "current" and case.wrong_current:
        topic = "drug"  # a correction separates the doses in the text
    vital = _draw_vital_name(rng, case)
    wording = rng.choice(QUESTIONS[topic].unseen if unseen else QUESTIONS[topic].seen).format(vital=vital)
    answers = tuple(answer for answer in _find_answers(topic, case, vital) if answer and answer in text)
    return Question(topic, wording, answers)


def _draw_vital_name(rng: random.Random, case: Case) -> str:
    """The vital sign to ask about, most often one that was measured."""
    measured = [vital.name for vital in (case.vital, case.other_vital) if vital]
    return rng.choice(measured if measured and rng.random() < 0.6 else VITALS)


def _find_answers(topic: str, case: Case, vital: str) -> tuple[str, ...]:
    if topic == "drug":
        return case.drug, f"{case.drug} {case.dose}"
    if topic == "vital":
        readings = [each for each in (case.vital, case.other_vital) if each and each.name == vital]
        return tuple(text for each in readings for text in (each.with_unit, each.reading))
    if topic == "range":
        return (f"{case.vital.low} to {case.vital.high}",) if case.vital and case.vital.name == vital else ()
    if topic == "symptom":
        return case.symptom, f"{case.severity} {case.symptom}"
    answers = {
        "denied": enumerate_in_words(case.denied, "or"),
        "current": current_drugs(case),
        "allergy": enumerate_in_words(case.allergies),
        "age": str(case.age),
    }
    return (answers[topic] if topic in answers else getattr(case, topic),)


def question_facts(question: Question) -> list[Fact]:
    """The answer, which is critical if a wrong one could do harm."""
    critical = question.topic in CRITICAL | _ALERT_TOPICS | {"current"}
    return [fact(question.topic, *question.answers, critical=critical)] if question.answers else []


def question_forbidden(case: Case, question: Question) -> list[Fact]:
    """Drugs that are not the patient's, corrected doses, and denied symptoms, except where they are the answer."""
    statements = [*wrong_drugs(case, allowed=question.answers), *wrong_doses(case)]
    return statements if question.topic == "denied" else [*statements, *denied_symptoms(case)]
