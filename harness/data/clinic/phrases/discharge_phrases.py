"""Labels of the discharge form, and sentences of the instructions written from it."""

from __future__ import annotations

from harness.data.clinic.phrases.sentence_types import Sentences, SplitSentences

# labels by field of the form
LABELS: dict[str, SplitSentences] = {
    "name": (("name", "patient", "patient name", "for"), ("name of patient", "full name")),
    "reason": (("reason", "symptom", "reason for visit", "came with"), ("symptom and reason", "came because of")),
    "new": (("new drug", "prescribed", "prescription", "new"), ("newly prescribed", "drug, new")),
    "current": (("takes", "current drugs", "already takes", "current"), ("takes now", "drugs, current")),
    "course": (("course", "how long", "length", "take for"), ("course of the new drug", "length of course")),
    "allergies": (("allergies", "allergic to", "known allergies", "allergy"), ("allergies on file", "patient is allergic to")),
    "clash": (("never together", "interaction", "not together", "do not combine"), ("never combine", "interaction note")),
    "vital": (("vital", "measured", "vital sign", "reading"), ("vital, measured", "sign")),
    "denied": (("denied", "absent", "does not have", "denies"), ("denied by patient", "patient denies")),
    "follow-up": (("follow-up", "next visit", "come back", "return"), ("next follow-up", "visit again")),
}

# sentences by slot. No text about a drug on hold contains a sentence of "take".
SENTENCES: dict[str, Sentences] = {
    "opening": (
        "Dear {name}, you were seen for {complaint}.",
        "{name}, thank you for coming to us with {complaint}.",
        "Hello {name}. Today we talked about {complaint}.",
        "This is for {name}, who came to us because of {complaint}.",
        "Dear {name}, the reason for your visit was {complaint}.",
        "To {name}: you came with {complaint}.",
        "{name}, you told us about {complaint}.",
        "Dear {name}, we looked into {complaint} today.",
        "For {name}, after the visit for {complaint}.",
        "Hello {name}, you saw us because of {complaint}.",
    ),
    "take": (
        "Take {drug} {dose} {frequency} for {course}.",
        "For {course}, please take {drug} {dose} {frequency}.",
        "Your new drug is {drug} {dose} {frequency}; stop after {course}.",
        "We prescribed {drug} {dose} {frequency}, over {course}.",
        "You have a prescription for {drug} {dose}, to be taken {frequency} during {course}.",
        "Start {drug} {dose} {frequency} and go on for {course}.",
        "The new treatment is {drug} {dose} {frequency} for {course}.",
        "Use {drug} {dose} {frequency}; the course is {course}.",
        "From now on take {drug} {dose} {frequency}, for {course} in all.",
        "Over the next {course}, {drug} {dose} {frequency} is your treatment.",
    ),
    "allergy hold": (
        "Do not take {drug} {dose} {frequency}, because you are allergic to it.",
        "Leave the {drug} {dose} {frequency} alone, because you are allergic to it.",
        "We planned {drug} {dose} {frequency}, but your allergy forbids it.",
        "Keep off {drug} {dose} {frequency}, since your allergy forbids it.",
        "Do not start {drug} {dose} {frequency}: it is among your allergies.",
        "Wait with {drug} {dose} {frequency}, which is among your allergies.",
        "Hold {drug} {dose} {frequency} until we call you, because you are allergic to it.",
        "The {drug} {dose} {frequency} must wait: your allergy forbids it.",
    ),
    "interaction hold": (
        "Do not take {drug} {dose} {frequency}, because it clashes with {clash}.",
        "Leave the {drug} {dose} {frequency} alone: it clashes with {clash}.",
        "We planned {drug} {dose} {frequency}, but it does not go with {clash}.",
        "Keep off {drug} {dose} {frequency}, which does not go with {clash}.",
        "Do not start {drug} {dose} {frequency}: it must not meet {clash}.",
        "Wait with {drug} {dose} {frequency}, since it must not meet {clash}.",
        "Hold {drug} {dose} {frequency} until we call you, because it clashes with {clash}.",
        "The {drug} {dose} {frequency} must wait, since it does not go with {clash}.",
    ),
    "vital": (
        "Your {vital} was too {side} at {reading}, so have it checked tomorrow.",
        "At {reading} your {vital} is too {side}; call us if it stays so.",
        "Please measure your {vital} every evening: {reading} was too {side}.",
        "We found your {vital} too {side}, {reading}, and want to see it again soon.",
        "Mind your {vital}, which was too {side} with {reading}.",
        "Note down your {vital} twice a day, because {reading} is too {side}.",
    ),
    "current": (
        "Go on with {meds}.",
        "Your other drugs stay the same: {meds}.",
        "Continue {meds} as before.",
        "Nothing changes about {meds}.",
        "Keep up {meds}.",
        "Of your old drugs, none is dropped: {meds}.",
    ),
    "allergies": (
        "Your allergies on record: {allergies}.",
        "Please stay away from {allergies}.",
        "You are allergic to {allergies}.",
        "Tell every doctor that you do not tolerate {allergies}.",
        "Carry a card that names your allergies: {allergies}.",
        "Avoid {allergies} as always.",
    ),
    "denied": (
        "You had no {denied}; tell us if that changes.",
        "You reported no {denied}, and we wrote that down.",
        "We found no {denied}, and it should stay that way.",
        "Today you were without {denied}, which is good.",
        "We are glad that you have no {denied}.",
        "As you said, no {denied} so far.",
    ),
    "follow-up": (
        "Come back in {follow_up}.",
        "We expect you again in {follow_up}.",
        "Your next appointment is in {follow_up}.",
        "Please see us once more in {follow_up}.",
        "In {follow_up} we would like to look at you again.",
        "The next visit is in {follow_up}.",
        "Return to us in {follow_up}.",
        "We meet again in {follow_up}.",
    ),
}
# The cues of each alert: every sentence about it contains one of its cues, and no other sentence does.
ALERT_CUES: dict[str, Sentences] = {
    "allergy": ("because you are allergic to it", "your allergy forbids it", "is among your allergies"),
    "interaction": ("clashes with", "does not go with", "must not meet"),
    "high": ("too high",),
    "low": ("too low",),
}
# "take lisinopril": forbidden for a drug on hold, unless negated
TAKEN: Sentences = ("take {drug}", "start {drug}", "use {drug}", "prescription for {drug}", "we prescribed {drug}", "treatment is {drug}")
