"""Labels of the discharge form, and sentences of the instructions written from it."""

from __future__ import annotations

from harness.data.clinic.phrases.sentence_types import Sentences, SplitSentences

# labels by field of the form
LABELS: dict[str, SplitSentences] = {
    "name": (("name", "patient", "patient name", "for"), ("name of patient", "full name")),
    "reason": (("reason", "symptom", "reason for visit", "seen for"), ("symptom and reason", "came in for")),
    "new": (("new medication", "prescribed", "prescription", "new"), ("newly prescribed", "medication, new")),
    "current": (("takes", "current medications", "already takes", "current"), ("takes now", "medications, current")),
    "course": (("course", "how long", "length", "take for"), ("course of new medication", "length of course")),
    "allergies": (("allergies", "allergic to", "known allergies", "allergy"), ("allergies on file", "patient is allergic to")),
    "clash": (("never together", "interaction", "not together", "do not combine"), ("never combine", "interaction warning")),
    "vital": (("vital", "measured", "vital sign", "reading"), ("vital sign, measured", "measured today")),
    "denied": (("denied", "absent", "does not have", "denies"), ("denied by patient", "patient denies")),
    "follow-up": (("follow-up", "next visit", "come back", "return"), ("next follow-up", "return visit")),
}

# sentences by slot. No text about a drug on hold contains a sentence of "take".
SENTENCES: dict[str, Sentences] = {
    "opening": (
        "Dear {name}, you were seen today for {complaint}.",
        "Dear {name}, thank you for coming in about {complaint}.",
        "Hello {name}, today we talked about {complaint}.",
        "{name}, you came to the clinic because of {complaint}.",
        "Dear {name}, the reason for your visit was {complaint}.",
        "Discharge instructions for {name}, seen for {complaint}.",
        "Hello {name}, you told us about {complaint}.",
        "Dear {name}, we saw you today for {complaint}.",
        "Instructions for {name} after a visit for {complaint}.",
        "Hello {name}, you were here because of {complaint}.",
    ),
    "take": (
        "Take {drug} {dose} {frequency} for {course}.",
        "For {course}, please take {drug} {dose} {frequency}.",
        "Your new medication is {drug} {dose} {frequency}; stop after {course}.",
        "We prescribed {drug} {dose} {frequency} for {course}.",
        "Fill the prescription for {drug} {dose}, to be taken {frequency} for {course}.",
        "Start {drug} {dose} {frequency} and continue for {course}.",
        "The new treatment is {drug} {dose} {frequency} for {course}.",
        "Take {drug} {dose} {frequency}, and finish the full {course}.",
        "Starting today, take {drug} {dose} {frequency}, for {course} in all.",
        "For the next {course}, your treatment is {drug} {dose} {frequency}.",
    ),
    "allergy hold": (
        "Do not take {drug} {dose} {frequency}, because you are allergic to it.",
        "Please do not use {drug} {dose} {frequency}, because you are allergic to it.",
        "We planned {drug} {dose} {frequency}, but you have an allergy to it.",
        "Stay off {drug} {dose} {frequency}, since you have an allergy to it.",
        "Do not start {drug} {dose} {frequency}: it is on your allergy list.",
        "Hold off on {drug} {dose} {frequency}, since it is on your allergy list.",
        "Hold {drug} {dose} {frequency} until we call you, because you are allergic to it.",
        "Do not fill {drug} {dose} {frequency} for now: you have an allergy to it.",
    ),
    "interaction hold": (
        "Do not take {drug} {dose} {frequency}, because it interacts with {clash}.",
        "Please do not use {drug} {dose} {frequency}: it interacts with {clash}.",
        "We planned {drug} {dose} {frequency}, but it is not safe with {clash}.",
        "Stay off {drug} {dose} {frequency}, which is not safe with {clash}.",
        "Do not start {drug} {dose} {frequency}: it must not be taken with {clash}.",
        "Hold off on {drug} {dose} {frequency}, since it must not be taken with {clash}.",
        "Hold {drug} {dose} {frequency} until we call you, because it interacts with {clash}.",
        "Do not fill {drug} {dose} {frequency} for now, since it is not safe with {clash}.",
    ),
    "vital": (
        "Your {vital} was too {side} at {reading}, so please have it checked tomorrow.",
        "At {reading} your {vital} is too {side}; call us if it stays that way.",
        "Please check your {vital} every evening: {reading} was too {side}.",
        "We found your {vital} too {side}, at {reading}, and want to check it again soon.",
        "Keep an eye on your {vital}, which was too {side} at {reading}.",
        "Write down your {vital} twice a day, because {reading} is too {side}.",
    ),
    "current": (
        "Keep taking {meds}.",
        "Your other medications stay the same: {meds}.",
        "Continue {meds} as before.",
        "We are keeping you on {meds}.",
        "Stay on {meds}.",
        "Keep up your other medications: {meds}.",
    ),
    "allergies": (
        "Your allergies on file: {allergies}.",
        "Please avoid {allergies}.",
        "You are allergic to {allergies}.",
        "Tell every doctor that you are allergic to {allergies}.",
        "Carry a card that lists your allergies: {allergies}.",
        "As always, stay away from {allergies}.",
    ),
    "denied": (
        "You had no {denied}; tell us if that changes.",
        "You reported no {denied}; call us if that changes.",
        "We found no {denied} today.",
        "You had no {denied} today, which is good.",
        "We are glad that you have no {denied}.",
        "As you told us, you have no {denied} so far.",
    ),
    "follow-up": (
        "Come back in {follow_up}.",
        "Please come back to see us in {follow_up}.",
        "Your next appointment is in {follow_up}.",
        "Please see us again in {follow_up}.",
        "We would like to see you again in {follow_up}.",
        "Your next visit is in {follow_up}.",
        "Follow up with us in {follow_up}.",
        "We will see you again in {follow_up}.",
    ),
}
# The cues of each alert: every sentence about it contains one of its cues, and no other sentence does.
ALERT_CUES: dict[str, Sentences] = {
    "allergy": ("because you are allergic to it", "you have an allergy to it", "it is on your allergy list"),
    "interaction": ("interacts with", "is not safe with", "must not be taken with"),
    "high": ("too high",),
    "low": ("too low",),
}
# "take lisinopril": forbidden for a drug on hold, unless negated
TAKEN: Sentences = (
    "take {drug}",
    "start {drug}",
    "use {drug}",
    "prescription for {drug}",
    "we prescribed {drug}",
    "treatment is {drug}",
    "new medication is {drug}",
)
