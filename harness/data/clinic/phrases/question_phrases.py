"""Wordings of the questions about a note, by topic, as a clinician or a coder asks them."""

from __future__ import annotations

from typing import NamedTuple

from harness.data.clinic.phrases.sentence_types import Sentences


class Wordings(NamedTuple):
    """The wordings of a question.

    Attributes:
        weight: how often it is asked.
        seen: wordings of training and validation.
        unseen: wordings of test.
    """

    weight: int
    seen: Sentences
    unseen: Sentences


# Topics that every note states have lower weights than those that only some do, so that about every sixth question has no answer.
QUESTIONS: dict[str, Wordings] = {
    "symptom": Wordings(
        10,
        ("What does the patient complain of?", "What did the patient complain of?", "Which symptom does the patient complain of?"),
        ("What does this patient complain of?", "What symptom does the patient complain of?"),
    ),
    "duration": Wordings(
        9,
        ("How long has the patient had the symptom?", "For how long has the patient had it?", "How long has it lasted?"),
        ("How long has the symptom lasted?", "How long has this patient had the symptom?"),
    ),
    "denied": Wordings(
        9,
        ("What does the patient deny?", "What did the patient deny?", "Which symptoms does the patient deny?"),
        ("What does this patient deny?", "What symptoms does the patient deny?"),
    ),
    "history": Wordings(
        10,
        ("What does the patient have a history of?", "What is there a history of?", "Which illness is there a history of?"),
        ("What does this patient have a history of?", "Which condition is there a history of?"),
    ),
    "drug": Wordings(
        10,
        ("What was prescribed?", "Which drug was prescribed?", "What has been prescribed?"),
        ("What new drug was prescribed?", "Which treatment was prescribed?"),
    ),
    "dose": Wordings(
        13,
        ("What is the dose of {drug}?", "What is the dosage of {drug}?", "What is the current dose of {drug}?"),
        ("What is the patient's dose of {drug}?", "What is the correct dose of {drug}?"),
    ),
    "frequency": Wordings(
        9,
        ("How often is {drug} taken?", "How often should the patient take {drug}?", "How often does the patient take {drug}?"),
        ("How often should {drug} be taken?", "How often must the patient take {drug}?"),
    ),
    "current": Wordings(
        11,
        ("What does the patient take?", "What does the patient already take?", "Which drugs does the patient take?"),
        ("What medication does the patient take?", "Which drugs does this patient take?"),
    ),
    "allergy": Wordings(
        15,
        ("What is the patient allergic to?", "Is the patient allergic to anything?", "Which substances is the patient allergic to?"),
        ("What is this patient allergic to?", "Is this patient allergic to anything?"),
    ),
    "interaction": Wordings(
        5,
        ("What must {drug} not be combined with?", "Which drug must {drug} not be combined with?", "What can {drug} not be combined with?"),
        ("What should {drug} not be combined with?", "Which drug should {drug} not be combined with?"),
    ),
    "vital": Wordings(
        5,
        ("What is the {vital}?", "What is the patient's {vital}?", "What was the {vital}?"),
        ("What was the patient's {vital}?", "What is this patient's {vital}?"),
    ),
}
