"""Phrases of incoming messages. Cues decide the class and are shared by all splits; test has its own frames around them."""

from __future__ import annotations

from harness.data.clinic.phrases.sentence_types import Sentences, SplitSentences

# cues: danger signs, and words for severity and duration that decide the class
DANGERS = (
    "crushing chest pain",
    "slurred speech",
    "a drooping face",
    "blue lips",
    "a swollen tongue",
    "heavy bleeding",
    "throat swelling",
    "loss of vision",
    "trouble breathing",
    "weakness on one side",
    "chest tightness",
    "bloody vomit",
)
STRONG = ("severe", "terrible", "awful", "unbearable")
WEAK = ("mild", "slight", "minor", "manageable")
BRIEF, LONG = ("hours", "days"), ("weeks", "months")

# cues: by class, the clauses that decide it
CUES: dict[str, Sentences] = {
    "emergency": (
        "I've had {danger} for {minutes} minutes",
        "I suddenly have {danger} and I'm alone",
        "I have {danger} right now",
        "{danger} started {minutes} minutes ago and it's still there",
        "I'm sitting here with {danger} and it won't go away",
        "it's {danger}, going on {minutes} minutes now",
        "I just woke up with {danger}",
        "for the past {minutes} minutes I've had {danger}",
    ),
    # urgent, routine and self-care: severity and duration alone decide between them
    "symptom": (
        "I've had {complaint} for {duration}",
        "I have {complaint} and have had it for {duration}",
        "for {duration} now I've had {complaint}",
        "it's {complaint}, and it's been going on for {duration}",
        "I've been dealing with {complaint} for {duration}",
        "I have {complaint} and it started {duration} ago",
        "I've been putting up with {complaint} for {duration}",
        "this is about {complaint} that I've had for {duration}",
    ),
    "refill": (
        "I'm running out of {drug} {dose}",
        "I need a refill of {drug} {dose}",
        "I took my last {drug} today and I need more",
        "I'd like to refill my {drug} {dose}",
        "my {drug} is almost gone",
        "I'm asking you to renew my {drug} {dose}",
        "I need more {drug} {dose}, same as last time",
        "my prescription for {drug} has run out",
    ),
    "side-effect": (
        "since I started {drug} I've had {complaint}",
        "I get {complaint} from {drug}",
        "every time I take {drug} I get {complaint}",
        "{drug} gives me {complaint}",
        "after my first {drug} I noticed {complaint}",
        "{drug} doesn't agree with me, I have {complaint}",
        "I think {drug} is causing my {symptom}",
        "ever since you added {drug} I've had {complaint}",
    ),
    "appointment": (
        "I'd like to book an appointment in {days} days",
        "I need to move my appointment by {days} days",
        "I have to cancel my appointment on {weekday}",
        "I'd like to schedule my annual physical",
        "I can't make it on {weekday} and need another date",
        "I'd like to see the doctor on {weekday}, if there's an opening",
        "I don't know when my next appointment is",
        "I want to switch my appointment from {weekday} to the week after",
    ),
    "billing": (
        "I have a question about my bill for ${amount}",
        "I was charged ${amount} twice",
        "my insurance needs a copy of the invoice",
        "the bill from {weekday} looks wrong to me",
        "I'd like to pay the ${amount} in installments",
        "you sent the invoice to my old address",
        "I need a receipt for ${amount}",
        "I was billed for a visit I never had",
    ),
}
# distractors of hard messages: clauses with words of another class that do not count
NEGATED_DANGER: Sentences = (
    "I have no {danger}",
    "there's no {danger}",
    "I don't have {danger}",
    "there's no sign of {danger}",
    "it's not {danger}",
    "I've never had {danger}",
)
DANGER_OF_KIN: Sentences = (
    "my {kin} had {danger} last year",
    "it was my {kin} who had {danger}",
    "my {kin} once had {danger}",
    "last spring my {kin} was in the hospital with {danger}",
)
DANGER_LONG_AGO: Sentences = (
    "{years} years ago I had {danger}",
    "I once had {danger}, but that was {years} years ago",
    "the {danger_bare} from {years} years ago has not come back",
    "it's been {years} years since I had {danger}",
)
SETTLED: dict[str, Sentences] = {
    "refill": ("I have enough {other_drug} left", "I don't need more {other_drug}", "my {other_drug} was already renewed"),
    "appointment": ("my visit on {weekday} is confirmed", "I don't need an appointment", "I'm all set for {weekday}"),
    "billing": ("the bill is already paid", "this isn't about the bill", "the invoice was fine"),
    "side-effect": ("{other_drug} gives me no trouble", "I have no problems with {other_drug}", "I'm doing fine on {other_drug}"),
    "symptom": (
        "it's my {kin} who has {other_complaint}",
        "the {other_symptom} from last year is gone",
        "I no longer have that {other_symptom}",
    ),
}
# contrasts and corrections of severity and duration, which do count
NOT_STRONG: Sentences = (
    "it's not {strong}",
    "it was {strong} at first but it's {weak} now",
    "my {kin} would call it {strong}, I'd call it {weak}",
)
NOT_WEAK: Sentences = (
    "it's not {weak}",
    "it was {weak} at first but it's {strong} now",
    "my {kin} would call it {weak}, I'd call it {strong}",
)
NOT_BRIEF: Sentences = ("I mean {unit}, not {brief}", "it hasn't just been {brief}")
NOT_LONG: Sentences = ("I mean {unit}, not {long}", "it hasn't been {long}")

# frames
OPENERS: SplitSentences = (
    (
        "Hello, this is {name}.",
        "Hi, {name} here, {age} years old.",
        "My name is {name}, and",
        "Good morning, it's {name}.",
        "This is {name}, age {age}.",
        "Good evening, I'm {name} and",
        "Hi, it's {name} again. I'm writing because",
        "I'm {name}, {age}, and",
        "To the front desk, from {name}:",
        "Dear doctor, this is {name}.",
        "{name}, age {age}. In short,",
        "Sorry to bother you, this is {name}.",
        "I'm a patient of yours, {name}, and",
        "Message for the nurse from {name}, {age}:",
        "I hope this reaches the right person. I'm {name}, and",
        "Good afternoon, my name is {name}.",
        "{name} here. Just wanted to let you know that",
        "Please pass this on to my doctor. I'm {name}, {age}, and",
        "Hello, {name} here.",
        "Hi team, {name} with a quick note:",
    ),
    (
        "Hi everyone, this is {name}.",
        "This is a message from {name}, aged {age}:",
        "Hi there, my name's {name}.",
        "I'm registered with you as {name}, {age}, and",
        "I'm on a friend's phone, this is {name}.",
        "The receptionist asked me to write in. My name is {name}, and",
        "Sorry for writing so late, it's {name}.",
        "From {name} to whoever is on call:",
    ),
)
FILLERS: SplitSentences = (
    (
        "I tried calling earlier.",
        "I'm home all day.",
        "The line was busy this morning.",
        "I live just down the street.",
        "I can send a photo if that helps.",
        "My phone battery is low.",
        "I'm not sure who reads these.",
        "I've been a patient here since you opened.",
        "The weather isn't helping.",
        "My neighbor said I should write.",
        "I'm on my break at work.",
        "I found this address on your website.",
        "The online form didn't work.",
        "I can come in anytime.",
        "Please excuse any typos.",
        "I work until four.",
        "I don't want to be a bother.",
        "It's probably nothing.",
    ),
    (
        "I'm on a computer at the library.",
        "Your voicemail was full.",
        "I'm typing with one hand.",
        "The last bus leaves at nine.",
        "I have your leaflet in front of me.",
        "I'm writing this on my phone.",
        "I'm sure other people need you more.",
        "I'm not great on the phone.",
    ),
)
CLOSERS: SplitSentences = (
    (
        "Thanks.",
        "What should I do?",
        "Please call me back.",
        "Thank you for your help.",
        "Please let me know.",
        "Can you tell me what to do next?",
        "I look forward to hearing from you.",
        "Best, {name}.",
        "Many thanks in advance.",
        "Who should I talk to?",
        "Have a good day.",
        "Please reply by email.",
        "Talk to you soon.",
        "I'd appreciate a call.",
        "Best wishes.",
        "Is that okay?",
        "Hope to hear from you soon.",
        "That's all from me.",
    ),
    (
        "Kind regards.",
        "I'd be grateful for a reply.",
        "Please tell me what happens next.",
        "Sincerely, {name}.",
        "I'll wait to hear back.",
        "Drop me a line when you can.",
    ),
)
