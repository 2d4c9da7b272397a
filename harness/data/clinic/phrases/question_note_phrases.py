"""Sentences of the short notes that questions are asked about, by slot. They state facts in the words in which they are asked for."""

from __future__ import annotations

from harness.data.clinic.phrases.sentence_types import SplitSentences

NOTE: dict[str, SplitSentences] = {
    "opening": (
        ("Patient: {name}, {age}.", "{name}, {age} years old.", "Note on {name}, {age}.", "Seen today: {name}, {age}."),
        ("{name}, aged {age}.", "Visit of {name}, {age}."),
    ),
    "complaint": (
        (
            "Complains of {complaint} for {duration}.",
            "The patient complains of {complaint} for {duration}.",
            "Came in complaining of {complaint} for {duration}.",
            "Today complains of {complaint}, for {duration} now.",
        ),
        ("At the visit, complained of {complaint} for {duration}.", "Has complained of {complaint} for {duration}."),
    ),
    "denial": (
        ("Denies {denied}.", "The patient denies {denied}.", "When asked, denies {denied}."),
        ("On questioning, denies {denied}.", "At present denies {denied}."),
    ),
    "history": (
        (
            "History of {history}.",
            "There is a history of {history}.",
            "The patient has a history of {history}.",
            "Past history of {history}.",
        ),
        ("The records show a history of {history}.", "Known history of {history}."),
    ),
    "meds": (
        ("Takes {meds}.", "The patient takes {meds}.", "Already takes {meds}.", "At home takes {meds}."),
        ("Regularly takes {meds}.", "According to the pharmacy, takes {meds}."),
    ),
    "no meds": (
        ("Takes no medication.", "The patient takes no medication.", "Takes no drugs at home."),
        ("According to the pharmacy, takes no medication.", "Takes no drugs regularly."),
    ),
    "allergy": (
        ("Allergic to {allergies}.", "The patient is allergic to {allergies}.", "Known to be allergic to {allergies}."),
        ("According to the chart, allergic to {allergies}.", "Has always been allergic to {allergies}."),
    ),
    "no allergy": (
        ("Not allergic to anything.", "The patient is not allergic to anything.", "No known allergies."),
        ("According to the chart, no known allergies.", "Has never been allergic to anything."),
    ),
    "cleared": (
        ("An allergy to {cleared} was ruled out.", "Testing ruled out an allergy to {cleared}."),
        ("An allergist ruled out an allergy to {cleared}.",),
    ),
    "kin allergy": (
        ("The {kin} is allergic to {kin_drug}.", "The patient's {kin} is allergic to {kin_drug}."),
        ("In the family, the {kin} is allergic to {kin_drug}.",),
    ),
    "stopped": (
        ("Stopped {stopped} {years} years ago.", "The patient stopped {stopped} {years} years ago."),
        ("On advice, stopped {stopped} {years} years ago.",),
    ),
    "vital": (
        (
            "The {vital} is {reading}.",
            "Measured: {vital} {reading}.",
            "On examination, {vital} {reading}.",
        ),
        ("Today the {vital} is {reading}.", "We measured a {vital} of {reading}."),
    ),
    "other vital": (
        (
            "The {other_vital} is {other_reading}.",
            "Measured: {other_vital} {other_reading}.",
            "On examination, {other_vital} {other_reading}.",
        ),
        ("Today the {other_vital} is {other_reading}.", "We measured a {other_vital} of {other_reading}."),
    ),
    "kin vital": (
        ("The {kin} had {kin_reading} last week.", "At home, the {kin} had {kin_reading}."),
        ("On Sunday, the {kin} had {kin_reading}.",),
    ),
    "prescription": (
        (
            "Prescribed {drug_said} {dose_said} {frequency}.",
            "Today prescribed {drug_said} {dose_said} {frequency}.",
            "The doctor prescribed {drug_said} {dose_said} {frequency}.",
            "We prescribed {drug_said} {dose_said} {frequency}.",
        ),
        ("For this, prescribed {drug_said} {dose_said} {frequency}.", "The clinic prescribed {drug_said} {dose_said} {frequency}."),
    ),
    "interaction": (
        (
            "The drug {drug} must not be combined with {clash}.",
            "Note that {drug} must not be combined with {clash}.",
            "Warning: {drug} must not be combined with {clash}.",
        ),
        ("According to the leaflet, {drug} must not be combined with {clash}.", "Remember that {drug} must not be combined with {clash}."),
    ),
}
