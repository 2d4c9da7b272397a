"""Sections of the short notes that questions are asked about, by slot: a heading, and the fact on the line below.

Headings share words with the questions. Facts start a line, as answers do: after a space, the tokenizer of the tiny model splits a word in
another way, and the model has a hard time copying it.
"""

from __future__ import annotations

from harness.data.clinic.phrases.sentence_types import SplitSentences

NOTE: dict[str, SplitSentences] = {
    "opening": (
        ("Patient: {name}, {age}", "Note on {name}, {age}", "Seen today: {name}, {age}"),
        ("Visit of {name}, {age}", "Patient seen: {name}, {age}"),
    ),
    "complaint": (
        (
            "Complains of:\n{problem}\nHas lasted for:\n{duration}",
            "Complaint:\n{problem}\nDuration:\n{duration}",
            "Complains today of:\n{problem}\nFor how long:\n{duration}",
        ),
        ("Patient complains of:\n{problem}\nHas lasted:\n{duration}", "Main complaint:\n{problem}\nDuration of the symptom:\n{duration}"),
    ),
    "denial": (
        ("Denies:\n{denied}", "Symptoms denied:\n{denied}", "When asked, denies:\n{denied}"),
        ("Patient denies:\n{denied}", "On questioning, denies:\n{denied}"),
    ),
    "history": (
        ("History of:\n{history}", "Past history of:\n{history}", "Medical history:\n{history}"),
        ("Known history of:\n{history}", "Past medical history:\n{history}"),
    ),
    "meds": (
        ("Takes:\n{meds}", "Already takes:\n{meds}", "Drugs taken:\n{meds}"),
        ("Regularly takes:\n{meds}", "Drugs already taken:\n{meds}"),
    ),
    "no meds": (("Takes:\nnone", "Already takes:\nnone", "Drugs taken:\nnone"), ("Regularly takes:\nnone", "Drugs already taken:\nnone")),
    "allergy": (
        ("Allergic to:\n{allergies}", "Allergies:\n{allergies}", "Known to be allergic to:\n{allergies}"),
        ("Known allergies:\n{allergies}", "Patient is allergic to:\n{allergies}"),
    ),
    "no allergy": (
        ("Allergic to:\nnone", "Allergies:\nnone", "Known to be allergic to:\nnone"),
        ("Known allergies:\nnone", "Patient is allergic to:\nnone"),
    ),
    "cleared": (
        ("Allergy ruled out:\n{cleared}", "Ruled out by testing, an allergy to:\n{cleared}"),
        ("Suspected allergy, ruled out:\n{cleared}",),
    ),
    "kin allergy": (
        ("The {kin} is allergic to:\n{kin_drug}", "Allergies of the {kin}:\n{kin_drug}"),
        ("In the family, the {kin} is allergic to:\n{kin_drug}",),
    ),
    "stopped": (
        ("Stopped {years} years ago:\n{stopped}", "No longer taken for {years} years:\n{stopped}"),
        ("On advice, stopped {years} years ago:\n{stopped}",),
    ),
    "vital": (
        ("Measured {vital}:\n{reading}", "Today's {vital}:\n{reading}", "On arrival, {vital}:\n{reading}"),
        ("Recorded {vital}:\n{reading}", "At the visit, {vital}:\n{reading}"),
    ),
    "other vital": (
        (
            "Measured {other_vital}:\n{other_reading}",
            "Today's {other_vital}:\n{other_reading}",
            "On arrival, {other_vital}:\n{other_reading}",
        ),
        ("Recorded {other_vital}:\n{other_reading}", "At the visit, {other_vital}:\n{other_reading}"),
    ),
    "kin vital": (
        ("At home, the {kin} had:\n{kin_reading}", "Last week, the {kin} had:\n{kin_reading}"),
        ("On Sunday, the {kin} had:\n{kin_reading}",),
    ),
    "prescription": (
        (
            "Prescribed:\n{drug_said} {dose_said}\nTo be taken:\n{frequency}",
            "Prescribed today:\n{drug_said} {dose_said}\nHow often:\n{frequency}",
            "Drug prescribed:\n{drug_said} {dose_said}\nTaken:\n{frequency}",
        ),
        (
            "New drug prescribed:\n{drug_said} {dose_said}\nHow often taken:\n{frequency}",
            "Prescribed at the visit:\n{drug_said} {dose_said}\nSchedule:\n{frequency}",
        ),
    ),
    "interaction": (
        (
            "Do not combine {drug} with:\n{clash}",
            "Warning, {drug} must not be combined with:\n{clash}",
            "Note that {drug} must not be combined with:\n{clash}",
        ),
        ("Never combine {drug} with:\n{clash}", "According to the leaflet, {drug} must not be combined with:\n{clash}"),
    ),
}
