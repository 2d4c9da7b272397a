"""Questions about a visit of the shipped synthetic clinic. Whether there is an answer depends on the visit and not on the question."""

from __future__ import annotations

import random
from typing import NamedTuple

from harness.data.clinic_visits import Facts


class Wordings(NamedTuple):
    """How often a question is asked, how train and validation word it, and how test does."""

    weight: int
    seen: tuple[str, ...]
    unseen: tuple[str, ...]


# What every visit says is asked less often than what only some say: so about every fifth question has no answer.
QUESTIONS: dict[str, Wordings] = {
    "name": Wordings(
        9,
        ("What is the patient's name?", "Who came to see the doctor?", "What is the patient called?"),
        ("By which name does the patient go?", "Whom does the doctor talk to?"),
    ),
    "age": Wordings(
        9,
        ("How old is the patient?", "What is the patient's age?", "How many years has the patient lived?"),
        ("Which age does the visitor have?", "How many years old is the person in the conversation?"),
    ),
    "complaint": Wordings(
        9,
        ("What does the patient complain of?", "Why did the patient come?", "What is wrong with the patient?"),
        ("Which trouble led to this visit?", "What is the matter with the person who came?"),
    ),
    "duration": Wordings(
        9,
        ("How long has the patient had the complaint?", "For how long has it been going on?", "How long has the patient been unwell?"),
        ("Over what time has the trouble lasted?", "How much time has passed since the trouble began?"),
    ),
    "drug": Wordings(
        9,
        ("Which drug does the doctor prescribe?", "What is prescribed?", "Which medication is the patient given?"),
        ("What medicine will be taken from now on?", "Which new treatment does the visit end with?"),
    ),
    "dose": Wordings(
        9,
        ("What is the dose of the prescribed drug?", "How many milligrams are prescribed?", "Which dose does the doctor choose?"),
        ("How much of the new medicine is taken at a time?", "What strength does the new medicine have?"),
    ),
    "frequency": Wordings(
        9,
        ("How often is the prescribed drug taken?", "When should the patient take the drug?", "What is the schedule of the drug?"),
        ("At which times is the new medicine due?", "With what regularity is the new medicine taken?"),
    ),
    "allergies": Wordings(
        19,
        ("What is the patient allergic to?", "Which allergies does the patient have?", "What must the patient avoid as an allergen?"),
        ("Which substances does the patient not tolerate?", "What provokes an allergic reaction in the patient?"),
    ),
    "temperature": Wordings(
        19,
        ("What is the patient's temperature?", "What temperature did the doctor measure?", "How high is the patient's temperature?"),
        ("Which reading did the thermometer give for the patient?", "How warm is the patient?"),
    ),
    "limit": Wordings(
        19,
        (
            "Above which temperature does the doctor act?",
            "What is the limit for the patient's temperature?",
            "Up to what temperature is the doctor not worried?",
        ),
        ("Which threshold for a fever does the doctor name?", "From which reading on would the doctor step in?"),
    ),
    "cleared": Wordings(
        19,
        (
            "Which suspected allergy was ruled out?",
            "Which drug was wrongly thought to cause an allergy?",
            "What did an allergy test find to be harmless?",
        ),
        ("Which allergy on file proved to be a mistake?", "What is the patient not allergic to after all?"),
    ),
}


def question(rng: random.Random, facts: Facts, *, unseen: bool) -> tuple[str, str, tuple[str, ...]]:
    """What is asked for, a question for it, and the answers that count as right: spans of the conversation, the longest of
    several first; none where the visit does not say."""
    asked = rng.choices(list(QUESTIONS), weights=[wordings.weight for wordings in QUESTIONS.values()])[0]
    return asked, rng.choice(QUESTIONS[asked].unseen if unseen else QUESTIONS[asked].seen), _answers(asked, facts)


def _answers(asked: str, facts: Facts) -> tuple[str, ...]:
    value = str(facts[asked])
    if value in ("", "none"):
        return ()
    if asked in ("temperature", "limit"):
        return f"{value} °C", value
    if asked == "dose":
        return value, value.removesuffix(" mg")
    if asked == "drug":
        return f"{value} {facts['dose']}", value
    return (value,)
