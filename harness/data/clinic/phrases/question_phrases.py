"""Wordings of the questions about a visit, by topic."""

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
