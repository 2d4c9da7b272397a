"""The sentences of the shipped synthetic clinic: of a visit by the slot that they fill, of a message by its triage class."""

from __future__ import annotations

from typing import NamedTuple

Sentences = tuple[str, ...]


class Messages(NamedTuple):
    """Sentences of one triage class. Hard ones hold words that point to another class."""

    easy: Sentences
    hard: Sentences


class Triage(NamedTuple):
    """A class with its share of all messages in percent, what train and validation show of it, and what test shows."""

    share: int
    seen: Messages
    unseen: Messages


# slot → (sentences of train and validation, sentences of test)
VISIT: dict[str, tuple[Sentences, Sentences]] = {
    "opening": (
        (
            "Doctor: Good morning, {name}. I see you are {age} now. What brings you in today?",
            "Doctor: Come in, {name}. You turned {age} this year, is that right? Tell me what is wrong.",
            "Doctor: Hello, are you {name}?\nPatient: Yes, that is me, {age} years old.\nDoctor: How can I help?",
            "Patient: Hello, I am {name}, {age}. Thank you for seeing me.\nDoctor: Of course. What is the trouble?",
        ),
        (
            "Doctor: Next is {name}, aged {age}. Please take a seat and describe the problem.",
            "Patient: My name is {name} and I have reached {age} years of age.\nDoctor: Welcome. What seems to be the matter?",
        ),
    ),
    "complaint": (
        (
            "Patient: I have had {complaint} for {duration}.",
            "Patient: It is {complaint}. It started {duration} ago and has not stopped since.",
            "Patient: For {duration} now I have been living with {complaint}.",
            "Patient: Well, {complaint}, going on for {duration}, and it will not go away.",
        ),
        (
            "Patient: What bothers me is {complaint}, over the last {duration}.",
            "Patient: My family sent me because of {complaint}; {duration} already.",
        ),
    ),
    "denial": (
        (
            "Doctor: Any {denied}?\nPatient: No, no {denied}, and no {denied_too} either.",
            "Doctor: Is there {denied} as well?\nPatient: Not at all. I sleep and eat as always.",
            "Patient: At least there is no {denied}.\nDoctor: Good. And {denied_too}?\nPatient: Never.",
        ),
        (
            "Doctor: Have you noticed {denied} or {denied_too}?\nPatient: Neither of them.",
            "Patient: I was afraid of {denied}, but that did not come.",
        ),
    ),
    "temperature": (
        (
            "Doctor: Your temperature is {temperature}. We act on anything above {limit}.",
            "Doctor: The limit for you is {limit}, and the thermometer shows {temperature}.",
            "Doctor: I measured {temperature} just now. Up to {limit} I would not worry.",
        ),
        (
            "Doctor: With your history, more than {limit} counts as a fever. Let me read it: {temperature}.",
            "Doctor: It says {temperature} here; my threshold today is {limit}.",
        ),
    ),
    "allergy": (
        (
            "Doctor: Any allergies?\nPatient: Yes, {allergies}.",
            "Doctor: What are you allergic to?\nPatient: To {allergies}, since I was a child.",
            "Patient: Before you write anything, I react badly to {allergies}.",
        ),
        (
            "Doctor: Is there something you do not tolerate?\nPatient: My allergy card says {allergies}.",
            "Patient: Please note that I am allergic to {allergies}.",
        ),
    ),
    "no allergy": (
        ("Doctor: Any allergies?\nPatient: None that I know of.", "Doctor: Are you allergic to anything?\nPatient: No, to nothing."),
        ("Doctor: Is there something you do not tolerate?\nPatient: I tolerate everything.",),
    ),
    "cleared": (
        (
            "Patient: They once suspected {cleared}, but the test was negative.",
            "Patient: I used to avoid {cleared}; the skin test ruled that out.",
        ),
        ("Patient: An old letter lists {cleared}, which later turned out to be wrong.",),
    ),
    "prescription": (
        (
            "Doctor: I will give you {medication}.",
            "Doctor: Let us start {medication} and see how it goes.",
            "Doctor: Please take {medication}.\nPatient: All right.",
        ),
        ("Doctor: The prescription is for {medication}.", "Doctor: From tomorrow on it will be {medication}.\nPatient: I will remember."),
    ),
    "digression": (
        (
            "Patient: The bus was late again, by the way, and my neighbour had to drive me.",
            "Patient: My son had 39.9 last week, but he is well again.",
            "Patient: I stopped taking {stopped} last year, it did nothing for me.",
            "Patient: The garden is too dry this summer.\nDoctor: Mine as well.",
            "Patient: My sister takes {stopped}, she swears by it.",
        ),
        (
            "Patient: Your waiting room has new chairs, I noticed.\nDoctor: Yes, since Monday.",
            "Patient: My husband was at 40.1 in spring; that was frightening.",
            "Patient: Years ago another doctor tried {stopped}, without success.",
        ),
    ),
    "closing": (
        (
            "Doctor: Come back in a week if it is no better.\nPatient: Thank you, I will.",
            "Doctor: Call us if anything changes.\nPatient: Thanks, goodbye.",
            "Patient: Is there anything else I should do?\nDoctor: Drink enough and rest.",
        ),
        ("Doctor: We will see each other again in ten days.\nPatient: Until then.", "Doctor: That is all for today, get well soon."),
    ),
}

TRIAGE: dict[str, Triage] = {
    "routine": Triage(
        share=30,
        seen=Messages(
            easy=(
                "I have had {complaint} for {weeks} weeks and would like it looked at.",
                "My {pain} comes and goes, {weeks} weeks now, and never gets worse.",
                "Could somebody check the mole on my arm? It has looked the same for {weeks} months.",
            ),
            hard=(
                "Two years ago I had a heart attack. All is well, I only want my yearly check.",
                "No fever, no emergency: just {pain} on most evenings for {weeks} weeks.",
            ),
        ),
        unseen=Messages(
            easy=(
                "There is this {pain} whenever I climb stairs, unchanged since {weeks} weeks.",
                "I would like an appointment about {complaint}, any day this month.",
            ),
            hard=("The ambulance took me in last year; today I only ask for the follow-up that is due.",),
        ),
    ),
    "self-care": Triage(
        share=26,
        seen=Messages(
            easy=(
                "I have had a runny nose since yesterday, no fever, and I feel fine otherwise.",
                "A mosquito bite on my leg itches. It is small and getting smaller.",
                "My muscles ache after running {weeks} kilometres on Sunday.",
                "I cut my finger on paper; it stopped bleeding after {minutes} minutes.",
            ),
            hard=(
                "My temperature is 37.{digit}. Is that a fever? I feel well and have no other symptoms.",
                "I was sick once last night after a rich meal. Today it is gone and I can eat.",
            ),
        ),
        unseen=Messages(
            easy=(
                "A light sunburn on the shoulders, no blisters, it hardly hurts.",
                "I have been hiccuping for {minutes} minutes, otherwise nothing.",
            ),
            hard=("I had chest pain only where I bumped into the door, a bruise of {digit} cm, and it is fading.",),
        ),
    ),
    "medication": Triage(
        share=17,
        seen=Messages(
            easy=(
                "My {drug} runs out on Friday. Can I have a new prescription?",
                "I forgot my {drug} this morning. Shall I take it with the evening dose?",
                "May I drink a glass of wine while I am on {drug}?",
            ),
            hard=(
                "I need more of the spray for chest pain; I have had none for {weeks} months, but the bottle has expired.",
                "Since I take {drug} I have {pain} now and then. Can it come from the tablets?",
            ),
        ),
        unseen=Messages(
            easy=(
                "Does {drug} have to be kept in the fridge?",
                "The pharmacy gave me {drug} in another colour. Is it the same?",
            ),
            hard=("My appointment is next month and the {drug} will not last until then.",),
        ),
    ),
    "urgent": Triage(
        share=13,
        seen=Messages(
            easy=(
                "I have had 39.{digit} since yesterday and it is not coming down.",
                "The cut on my hand from {days} days ago is red, hot and oozing now.",
                "It burns when I pass water and since this morning my side hurts badly.",
            ),
            hard=(
                "I thought it was only a cold, but after {days} days the fever came back and I can keep no food down.",
                "It is not an emergency, I think, but one ankle is swollen to twice its size since last night.",
            ),
        ),
        unseen=Messages(
            easy=(
                "My ear has been leaking pus since this morning and the {pain} keeps me awake.",
                "My child is {days} years old and has had 39.{digit} for two days.",
            ),
            hard=("I wanted to wait for my appointment, but overnight the rash has spread over my whole body.",),
        ),
    ),
    "administrative": Triage(
        share=8,
        seen=Messages(
            easy=(
                "I need a sick note for my employer for the {days} days that I was at home.",
                "Please move my appointment from Monday to Thursday.",
                "The bill says {minutes} euros. What is it for?",
            ),
            hard=(
                "I have to cancel today's urgent appointment, the pain is gone.",
                "Could you send the list of my tablets to my insurance?",
            ),
        ),
        unseen=Messages(
            easy=(
                "My address has changed; where can I tell you the new one?",
                "How do I get a copy of my laboratory results?",
            ),
            hard=("I was charged for an emergency visit that I never had. Whom can I ask?",),
        ),
    ),
    "emergency": Triage(
        share=6,
        seen=Messages(
            easy=(
                "I have had crushing chest pain for {minutes} minutes and it goes into my left arm.",
                "My father suddenly cannot speak and one side of his face hangs.",
                "After the nuts my tongue is swelling and I can hardly breathe.",
            ),
            hard=(
                "It is probably only heartburn, but I am sweating and my chest has felt tight for {minutes} minutes.",
                "Can I take a second {drug}? I took {minutes} tablets at once and everything is spinning.",
            ),
        ),
        unseen=Messages(
            easy=(
                "My wife fainted, she breathes strangely and does not wake up.",
                "The wound on my thigh bleeds through every towel, for {minutes} minutes already.",
            ),
            hard=(
                "I do not want to trouble anyone with this, but since breakfast I cannot move my right arm and my words come out wrong.",
            ),
        ),
    ),
}
# (of train and validation, of test)
OPENERS = (
    ("Hello, this is {name}.", "{name} here, {age}.", "Good evening, my name is {name}."),
    ("Dear team, {name} writing.", "I am {name}, aged {age}."),
)
CLOSERS = (("Thanks.", "What should I do?", "Please call me back.", ""), ("Kind regards.", "I would be glad of an answer."))
