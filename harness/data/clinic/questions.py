"""Questions about a visit. Whether a question has an answer depends on the visit, not on the question. Test has its own wordings."""

from __future__ import annotations

import random
from typing import NamedTuple

from harness.data.clinic.case import VITALS, Case
from harness.data.clinic.ground_truth import CRITICAL, Fact, denied_symptoms, fact, wrong_doses, wrong_drugs
from harness.data.clinic.phrases import question_phrases
from harness.data.clinic.visits import current_drugs, enumerate_in_words

_RARE = ("cleared", "clash", "stopped")
_STATED_FACTOR = 3  # rare facts are asked this much more often where stated: otherwise the question alone would give "no answer" away
# facts that an alert depends on
_ALERT_TOPICS = frozenset({"vital", "range", "clash", "cleared", "stopped"})


class Question(NamedTuple):
    """A question about a visit.

    Attributes:
        topic: its key in `question_phrases.QUESTIONS`.
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
    topics = question_phrases.QUESTIONS
    weights = [each.weight * (_STATED_FACTOR if topic in _RARE and getattr(case, topic) else 1) for topic, each in topics.items()]
    topic = rng.choices(list(topics), weights)[0]
    if topic == "current" and case.wrong_current:
        topic = "drug"  # a correction separates the doses in the text
    vital = _draw_vital_name(rng, case)
    wording = rng.choice(topics[topic].unseen if unseen else topics[topic].seen).format(vital=vital)
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
