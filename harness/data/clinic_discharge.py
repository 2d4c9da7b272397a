"""Discharge instructions of the shipped synthetic clinic: a visit's facts as fields, and several texts that say them.

Each text words every field in its own way. A drug that is on the allergy list is never told to be taken.
"""

from __future__ import annotations

import random

from harness.data.clinic_visits import Facts

# slot → sentences; the texts of one visit take different ones
SENTENCES: dict[str, tuple[str, ...]] = {
    "opening": (
        "Dear {name}, you were seen for {complaint}.",
        "{name}, thank you for coming to us with {complaint}.",
        "Hello {name}. Today we talked about {complaint}.",
        "This is for {name}, who came to us because of {complaint}.",
        "Dear {name}, the reason for your visit was {complaint}.",
    ),
    "medication": (
        "Take {drug} {dose} {frequency} for {course}.",
        "For {course}, please take {drug} {dose} {frequency}.",
        "Your medication is {drug} {dose} {frequency}; stop after {course}.",
        "We prescribed {drug}: {dose} {frequency}, over {course}.",
        "You have a prescription for {drug} {dose}, to be taken {frequency} during {course}.",
    ),
    "hold": (
        "Do not take {drug} {dose} {frequency} as planned: {drug} is on your allergy list.",
        "Because {drug} is on your allergy list, leave the {drug} {dose} {frequency} until you have talked to us.",
        "Wait with {drug} {dose} {frequency}: you are allergic to {drug}, and we will call you.",
        "We planned {drug} {dose} {frequency}, but it is on your allergy list: do not start it.",
        "Keep off {drug} ({dose} {frequency}) for now, since your allergy list names it.",
    ),
    "allergies": (
        "Your allergies on record: {allergies}.",
        "Please stay away from {allergies}.",
        "You are allergic to {allergies}.",
        "Tell every doctor that you do not tolerate {allergies}.",
        "Because of your allergies, avoid {allergies}.",
    ),
    "fever": (
        "You had a fever of {temperature} °C; call us if it is above {limit} °C again.",
        "Measure your temperature every evening: it was {temperature} °C, and more than {limit} °C is too high for you.",
        "At {temperature} °C you were over your limit of {limit} °C, so check it twice a day.",
        "Anything above {limit} °C is a fever for you, and you had {temperature} °C: ring us if that returns.",
        "Rest and drink: your temperature was {temperature} °C, and it should come below {limit} °C.",
    ),
    "follow-up": (
        "Come back in {days} days.",
        "We expect you again in {days} days.",
        "Your next appointment is in {days} days.",
        "Please see us once more in {days} days.",
        "In {days} days we would like to look at you again.",
    ),
}


def discharge(rng: random.Random, facts: Facts) -> tuple[str, tuple[str, ...]]:
    """The fields of a visit, a line each, and two to four texts of what the patient is told."""
    fillers: Facts = {**facts, "course": f"{rng.choice((3, 5, 7, 10, 14))} days", "days": rng.choice((2, 4, 6, 8, 12, 20, 30))}
    on_hold, fever = facts["alert_kind"] == "allergy", facts["alert_kind"] == "fever"
    fields = {"name": facts["name"], "complaint": facts["complaint"], "medication": facts["medication"]}
    slots = ["opening", "hold" if on_hold else "medication"]
    if not on_hold:
        fields["course"] = fillers["course"]
    if facts["allergies"] != "none":
        fields["allergies"] = facts["allergies"]
        slots.append("allergies")
    if fever:
        slots.append("fever")
    fields |= {"alert": facts["alert"], "follow-up": f"in {fillers['days']} days"}
    slots.append("follow-up")
    number = rng.choice((2, 3, 3, 4))
    columns = [rng.sample(SENTENCES[slot], number) for slot in slots]
    texts = tuple(" ".join(sentences).format(**fillers) for sentences in zip(*columns, strict=True))
    return "\n".join(f"{name}: {value}" for name, value in fields.items()), texts
