"""Phrases of incoming messages. Cues decide the class and are shared by all splits; test has its own frames around them."""

from __future__ import annotations

from harness.data.clinic.phrases.sentence_types import Sentences, SplitSentences

# cues: danger signs, and words for severity and duration that decide the class
DANGERS = (
    "crushing chest pain",
    "slurred speech",
    "a drooping face",
    "blue lips",
    "a swelling tongue",
    "unstoppable bleeding",
    "a seizure",
    "sudden blindness",
    "gasping breath",
    "a paralysed arm",
    "a fainting spell",
    "vomiting of blood",
)
STRONG = ("severe", "terrible", "violent", "unbearable")
WEAK = ("mild", "slight", "bearable", "faint")
BRIEF, LONG = ("hours", "days"), ("weeks", "months")

# cues: by class, the clauses that decide it
CUES: dict[str, Sentences] = {
    "emergency": (
        "I have had {danger} for {minutes} minutes",
        "I suddenly have {danger} and I am alone",
        "I have {danger} right now",
        "{danger} came on {minutes} minutes ago and is still there",
        "I am sitting here with {danger} and it does not stop",
        "it is {danger}, for {minutes} minutes now",
        "I woke up with {danger} just now",
        "for {minutes} minutes I have had {danger}",
    ),
    # urgent, routine and self-care: severity and duration alone decide between them
    "symptom": (
        "I have had {complaint} for {duration}",
        "I have {complaint}, for {duration} now",
        "for {duration} there has been {complaint}",
        "it is {complaint}, and it has lasted {duration}",
        "I carry {complaint} around with me, {duration} by now",
        "I suffer from {complaint}, {duration} already",
        "I have been living with {complaint} for {duration}",
        "what I have is {complaint}, {duration} so far",
    ),
    "refill": (
        "I am running out of {drug} {dose}",
        "I need a new prescription for {drug} {dose}",
        "my last {drug} is for tomorrow and I need more",
        "I would like another pack of {drug} {dose}",
        "my {drug} is almost used up",
        "I ask you to renew my {drug} {dose}",
        "I need {drug} {dose} again, as always",
        "the box of {drug} is empty and I need the next one",
    ),
    "side-effect": (
        "since I started {drug} I have {complaint}",
        "I get {complaint} from {drug}",
        "every time I take {drug} I feel {complaint}",
        "{drug} gives me {complaint}",
        "after the first {drug} I noticed {complaint}",
        "the new {drug} does not agree with me, I have {complaint}",
        "I believe {drug} causes my {symptom}",
        "ever since {drug} was added I have had {complaint}",
    ),
    "appointment": (
        "I would like to book an appointment in {days} days",
        "I have to move my appointment by {days} days",
        "I must cancel my appointment on {weekday}",
        "I am asking for a date for my yearly check",
        "I cannot come on {weekday} and need another date",
        "I would like to see the doctor on {weekday}, if there is a slot",
        "I do not know when my next appointment is",
        "I want to change my slot from {weekday} to the week after",
    ),
    "billing": (
        "I have a question about my bill of {amount} euros",
        "I was charged {amount} euros twice",
        "my insurance wants a copy of the invoice",
        "the bill of {weekday} seems wrong to me",
        "I would like to pay the {amount} euros in parts",
        "you sent the invoice to my old address",
        "I need a receipt for {amount} euros",
        "I was billed for a visit that I never had",
    ),
}
# distractors of hard messages: clauses with words of another class that do not count
NEGATED_DANGER: Sentences = (
    "I have no {danger}",
    "there is no {danger}",
    "I do not have {danger}",
    "there is no sign of {danger}",
    "it is not {danger}",
    "I never had {danger}",
)
DANGER_OF_KIN: Sentences = (
    "my {kin} had {danger} last year",
    "it was my {kin} who had {danger}",
    "my {kin} once had {danger}",
    "last spring my {kin} was taken in with {danger}",
)
DANGER_LONG_AGO: Sentences = (
    "{years} years ago I had {danger}",
    "I once had {danger}, that was {years} years ago",
    "the {danger_bare} of {years} years ago has not come back",
    "it is {years} years since I had {danger}",
)
SETTLED: dict[str, Sentences] = {
    "refill": ("I have enough {other_drug} left", "I do not need more {other_drug}", "{other_drug} is already renewed"),
    "appointment": ("my appointment on {weekday} stands", "I do not need an appointment", "the date on {weekday} is fixed already"),
    "billing": ("the bill is paid already", "it is not about the bill", "the invoice was all right"),
    "side-effect": ("{other_drug} gives me no trouble", "it is not from {other_drug}", "I tolerate {other_drug} well"),
    "symptom": (
        "it is my {kin} who has {strong} {other_symptom}",
        "the {other_symptom} of last year is gone",
        "I no longer have that {other_symptom}",
    ),
}
# contrasts and corrections of severity and duration, which do count
NOT_STRONG: Sentences = (
    "it is not {strong}",
    "it was {strong} at first and is {weak} now",
    "my {kin} would call it {strong}, I call it {weak}",
)
NOT_WEAK: Sentences = (
    "it is not {weak}",
    "it was {weak} at first and is {strong} now",
    "my {kin} would call it {weak}, I call it {strong}",
)
NOT_BRIEF: Sentences = ("I mean {unit}, not {brief}", "it is not a matter of {brief}")
NOT_LONG: Sentences = ("I mean {unit}, not {long}", "it is not a matter of {long}")

# frames
OPENERS: SplitSentences = (
    (
        "Hello, this is {name}:",
        "{name} here, {age} years old,",
        "My name is {name}, and",
        "Good morning, {name} speaking,",
        "This is a message from {name}:",
        "Good evening, I am {name} and I want to say that",
        "Hi, {name} again, I am writing because",
        "I am {name}, {age}, and",
        "To the practice, from {name}:",
        "Dear doctor, it is {name},",
        "{name}, {age}. To be short,",
        "Sorry to bother you, my name is {name} and",
        "You know me, I am {name}, and",
        "Message for the nurse from {name}, {age}:",
        "I hope this reaches someone. I am {name}, and",
        "It is {name} on the line;",
        "{name} here. My news is that",
        "Please write down {name}, {age}, and that",
        "As a patient of yours, {name}, I report that",
        "Hello team, {name} with a quick note:",
    ),
    (
        "Dear all, {name} is writing to you:",
        "You are reading a note by {name}, aged {age}:",
        "Greetings from {name},",
        "My card says {name}, {age}, and the point is that",
        "{name}, on the mobile phone of a friend:",
        "I was told to write to you, {name} is the name, and",
        "Excuse the late hour, {name} here,",
        "From {name} to whoever is on duty:",
    ),
)
FILLERS: SplitSentences = (
    (
        "I tried to call before.",
        "I am at home all day.",
        "The line was busy this morning.",
        "I live two streets from you.",
        "I could also send a photo.",
        "My phone may run out of power.",
        "I am not sure who reads this.",
        "I have been with you since the practice opened.",
        "The weather does not help either.",
        "My neighbour told me to write.",
        "I am between two shifts.",
        "I found this address on your door.",
        "The form on your page did not work.",
        "I can come by bicycle.",
        "Forgive my spelling.",
        "I work until four.",
        "I do not want to trouble anyone.",
        "It is probably nothing.",
    ),
    (
        "I am using the library computer.",
        "Your answering machine was full.",
        "I only have one hand free to type.",
        "The last bus leaves at nine.",
        "I have your leaflet in front of me.",
        "I wrote this in one go.",
        "Others surely need you more.",
        "I am no friend of telephones.",
    ),
)
CLOSERS: SplitSentences = (
    (
        "Thanks.",
        "What should I do?",
        "Please call me back.",
        "Thank you for your help.",
        "Please let me know.",
        "Can you tell me what comes next?",
        "I wait for your answer.",
        "Yours, {name}.",
        "Many thanks in advance.",
        "Who can I talk to?",
        "Have a good day.",
        "Please reply by mail.",
        "Bye for now.",
        "I would be grateful for a word.",
        "Best wishes.",
        "Is that all right?",
        "Let me hear from you.",
        "That is all from me.",
    ),
    (
        "Kind regards.",
        "I would be glad of an answer.",
        "Tell me how to go on.",
        "Respectfully, {name}.",
        "Over to you.",
        "Drop me a line, please.",
    ),
)
