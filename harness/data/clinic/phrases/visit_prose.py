"""Sentences of letters and phone messages, by slot. Both styles share them; `visit_styles` has their openings, digressions and closings.

All sentences are statements, so that any lead-in fits. The rules for wording are those of `visit_dialogue`.
"""

from __future__ import annotations

from harness.data.clinic.phrases.sentence_types import SplitSentences

PROSE: dict[str, SplitSentences] = {
    "complaint": (
        (
            "The patient has had {complaint} for {duration}.",
            "The patient complains of {complaint}, which started {duration} ago.",
            "Today the patient complains of {complaint} for {duration}.",
            "The patient came in because of {complaint} that started {duration} ago.",
            "The reason for the visit is {complaint}, which has lasted for {duration}.",
            "For {duration} the patient has had {complaint}.",
            "The patient presented with {complaint}, which started {duration} ago.",
            "The patient is here because of {complaint}. It has lasted for {duration}.",
            "The main problem is the patient's {symptom}. It is {severity} and has lasted for {duration}.",
        ),
        (
            "The patient asked to be seen because of {complaint}, which has now lasted for {duration}.",
            "It appears that the patient has had {complaint} for {duration}.",
            "From what we heard, the patient complains of {complaint}, which started {duration} ago.",
        ),
    ),
    "denial": (
        (
            "The patient denies {denied}.",
            "The patient has had no {denied}.",
            "Up to now the patient has had no {denied}.",
            "At present the patient has no {denied}.",
            "So far the patient has had no {denied}.",
            "The patient has no {denied}.",
            "The patient has had no {denied} with it.",
            "The patient has never had {denied}.",
            "The patient has not had any {denied}.",
        ),
        (
            "Even today the patient has had no {denied}.",
            "Since it began, the patient has had no {denied}.",
            "We asked about it, and the patient has no {denied}.",
        ),
    ),
    "history": (
        (
            "There is a history of {history}.",
            "The patient has a history of {history}.",
            "The chart shows a history of {history}.",
            "The past medical history includes {history}.",
            "The patient was treated for {history} in the past.",
            "The patient was previously treated for {history}.",
            "The patient is known to have {history}.",
            "The medical history lists {history}.",
            "We know of a history of {history}.",
        ),
        (
            "Older records show a history of {history}.",
            "Some time ago the patient was treated for {history}.",
            "From previous visits, the patient is known to have {history}.",
        ),
    ),
    "meds": (
        (
            "The patient takes {meds}.",
            "The patient currently takes {meds}.",
            "At home the patient takes {meds}.",
            "The patient is on {meds}.",
            "The current medication is {meds}.",
            "The regular medication is {meds}.",
            "The patient is already on {meds}.",
            "The pharmacy confirmed that the patient takes {meds}.",
            "The medication list is unchanged: {meds}.",
        ),
        (
            "According to the pharmacy record, the patient takes {meds}.",
            "From the last visit we know that the patient is on {meds}.",
            "Going by the pill bottles, the current medication is {meds}.",
        ),
    ),
    "no meds": (
        (
            "The patient takes no medication.",
            "The patient currently takes no medication.",
            "At home the patient takes nothing.",
            "The patient is not on any medication.",
            "There is no current medication.",
            "There is no regular medication.",
            "The patient is on no medication.",
            "The pharmacy confirmed that the patient takes nothing.",
            "The medication list is unchanged: none.",
        ),
        (
            "According to the pharmacy record, the patient takes no medication.",
            "From the last visit we know that the patient is on no medication.",
            "The patient brought no pill bottles and takes nothing.",
        ),
    ),
    "allergy": (
        (
            "The patient is allergic to {allergies}.",
            "There is an allergy to {allergies}.",
            "The patient has an allergy to {allergies}.",
            "The file has a known allergy to {allergies}.",
            "The patient reacts to {allergies}.",
            "The patient has been allergic to {allergies} since childhood.",
            "There is a known allergy to {allergies}.",
            "The pharmacy has a note that the patient reacts to {allergies}.",
            "The chart lists, as allergies: {allergies}.",
        ),
        (
            "According to the old chart, the patient is allergic to {allergies}.",
            "There is a sticker for a known allergy to {allergies}.",
            "The wristband lists, as allergies: {allergies}.",
        ),
    ),
    "no allergy": (
        (
            "The patient has no allergies.",
            "The patient has no known allergies.",
            "There are no known allergies.",
            "There are no allergies on file.",
            "The patient is not allergic to anything.",
            "The patient has had no allergies since childhood.",
            "The patient reports no allergies.",
            "The pharmacy has a note that there are no allergies.",
            "The chart lists no allergies.",
        ),
        (
            "According to the old chart, the patient has no allergies.",
            "The family confirms that there are no known allergies.",
            "The wristband lists no allergies.",
        ),
    ),
    "cleared": (
        (
            "Testing ruled out an allergy to {cleared}.",
            "A skin test ruled out the allergy to {cleared}.",
            "The patient tested negative for an allergy to {cleared}.",
            "The allergy test was negative for {cleared}.",
            "A second allergy test was also negative for {cleared}.",
            "By mistake the chart lists an allergy to {cleared}.",
            "It was a mistake to note an allergy to {cleared}.",
            "The old chart lists in error an allergy to {cleared}.",
            "Someone entered in error an allergy to {cleared}.",
        ),
        (
            "Last year an allergist ruled out the allergy to {cleared}.",
            "The patient has since tested negative for an allergy to {cleared}.",
            "The referral lists in error an allergy to {cleared}.",
        ),
    ),
    "kin allergy": (
        (
            "The patient's {kin} is allergic to {kin_drug}.",
            "In the family, the {kin} is allergic to {kin_drug}.",
            "The patient's {kin} has an allergy to {kin_drug}.",
            "It is the {kin} who has an allergy to {kin_drug}.",
            "The patient says that the {kin} has an allergy to {kin_drug}.",
            "The patient's {kin} reacts to {kin_drug}.",
            "The {kin} cannot have {kin_drug}.",
            "Only the {kin} cannot have {kin_drug}.",
            "In the family, only the {kin} reacts to {kin_drug}.",
        ),
        (
            "At home it is just the {kin} who is allergic to {kin_drug}.",
            "We heard that the {kin} has an allergy to {kin_drug}.",
            "The relatives tell us that the {kin} reacts to {kin_drug}.",
        ),
    ),
    "vital": (
        (
            "The vital signs were a {vital} of {reading}; the range is {low} to {high}.",
            "Of the vital signs, the {vital} was {reading}. The target range is {low} to {high}.",
            "We took vital signs, with a {vital} of {reading}; the normal range is {low} to {high}.",
            "The vital signs today include a {vital} of {reading}, with a range of {low} to {high}.",
            "The vital signs show a {vital} of {reading}. In the care plan the range is {low} to {high}.",
            "The vital signs on arrival were a {vital} of {reading}, and the range is {low} to {high}.",
            "When we checked vital signs, the {vital} was {reading}, with a target range of {low} to {high}.",
            "The vital signs are in the chart: {vital} {reading}, range {low} to {high}.",
            "I have the vital signs here: {vital} {reading}, range {low} to {high}.",
        ),
        (
            "At noon the vital signs showed a {vital} of {reading}, and the agreed range is {low} to {high}.",
            "The nurse repeated the vital signs, with a {vital} of {reading}; on the chart the range is {low} to {high}.",
            "Looking at the vital signs, the {vital} was {reading}, and we are aiming for a range of {low} to {high}.",
        ),
    ),
    "other vital": (
        (
            "The {other_vital} was {other_reading}.",
            "The {other_vital} is {other_reading}.",
            "At check-in the {other_vital} was {other_reading}.",
            "Today the {other_vital} is {other_reading}.",
            "We measured a {other_vital} of {other_reading}.",
            "The patient arrived with a {other_vital} of {other_reading}.",
            "There was a {other_vital} of {other_reading}.",
            "We also noted a {other_vital} of {other_reading}.",
            "The chart also shows a {other_vital} of {other_reading}.",
        ),
        (
            "In the waiting room the {other_vital} was {other_reading}.",
            "Before that we measured a {other_vital} of {other_reading}.",
            "The nurse also recorded a {other_vital} of {other_reading}.",
        ),
    ),
    "kin vital": (
        (
            "The patient's {kin} had {kin_reading} last week.",
            "Last week the {kin} had {kin_reading}.",
            "The patient's {kin} had {kin_reading} at home.",
            "For the {kin} it was {kin_reading}.",
            "At home, for the {kin} it was {kin_reading}.",
            "The patient says that for the {kin} it was {kin_reading}.",
            "The {kin} got {kin_reading} on Monday.",
            "At home the {kin} got {kin_reading}.",
            "The {kin} often has {kin_reading}.",
        ),
        (
            "On Sunday, apparently, the {kin} had {kin_reading}.",
            "When they checked, for the {kin} it was {kin_reading}.",
            "With a new home monitor the {kin} got {kin_reading}.",
        ),
    ),
    "stopped": (
        (
            "The patient stopped {stopped} {years} years ago.",
            "The patient stopped taking {stopped} {years} years ago.",
            "The patient used to take {stopped}, until {years} years ago.",
            "The patient used to take {stopped} but quit {years} years ago.",
            "The patient no longer takes {stopped}, and has been off it for {years} years.",
            "For {years} years now the patient no longer takes {stopped}.",
            "The chart shows a former medication, {stopped}, until {years} years ago.",
            "The previous doctor stopped {stopped} {years} years ago.",
            "As of {years} years ago, the patient no longer takes {stopped}.",
        ),
        (
            "After a discussion, the patient stopped {stopped} about {years} years ago.",
            "At one time the patient used to take {stopped}, but only until {years} years ago.",
            "It has been {years} years since the patient stopped taking {stopped}.",
        ),
    ),
    "interaction": (
        (
            "The patient knows that {drug} must never be taken together with {clash}.",
            "The chart has a warning that {drug} must never be combined with {clash}.",
            "Our system warns that {drug} must not be combined with {clash}.",
            "The leaflet says that {drug} must not be mixed with {clash}.",
            "The patient was told never to take {drug} together with {clash}.",
            "The patient was advised never to combine {drug} with {clash}.",
            "The pharmacy reminded us never to mix {drug} with {clash}.",
            "The doctor has noted that {drug} must not be taken together with {clash}.",
            "We explained that the patient must not combine {drug} with {clash}.",
        ),
        (
            "The formulary is clear that {drug} must never be mixed with {clash}.",
            "The package insert says that {drug} must not be combined with {clash}.",
            "We have written on the box never to take {drug} together with {clash}.",
        ),
    ),
    "prescription": (
        (
            "The doctor prescribed {drug_said} {dose_said} {frequency}.",
            "Today we prescribed {drug_said} {dose_said}, {frequency}.",
            "We have prescribed {drug_said} {dose_said} {frequency}, {route}.",
            "The plan is to start {drug_said} {dose_said} {frequency}.",
            "There is a new prescription for {drug_said} {dose_said}, {frequency}.",
            "The new medication is {drug_said} {dose_said} {frequency}.",
            "The new medication is {drug_said}. The dose is {dose_said} {frequency}.",
            "We prescribed {drug_said}, {route}, {dose_said} {frequency}.",
            "The patient was given a new prescription for {drug_said}, at {dose_said} {frequency}.",
        ),
        (
            "After the exam we prescribed {drug_said} {dose_said} {frequency}.",
            "We talked it over, and we prescribed {drug_said} {dose_said} {frequency}, {route}.",
            "The pharmacy has the new prescription for {drug_said} {dose_said}, {frequency}.",
        ),
    ),
}
