"""Documents about records: prose, dialogues, lists and tables, questions, and the same facts in another form.

A document is a list of segments `(text, weight)`. The weight applies to the tokens of the segment in the loss. A passage full of new names
cannot be predicted, so it counts for less than the part that follows from the passage.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random

from . import words
from .domains import DOMAINS, KINDS, Domain, Field, invented_domain
from .passage_checks import CHECKS, Turns

Segment = tuple[str, float]
Facts = list[tuple[Field, str]]  # the value NONE means that there is none
PASSAGE = 0.2
DERIVED = 1.0
NONE = "none"

CORRECTIONS = (
    "At first they wrote {w}, but that was wrong. {s}",
    "Not {w}, as some say. {s}",
    "{s} It used to be {w}.",
    "{s} Some still say {w}, which is out of date.",
    "It was going to be {w}. That changed: {s}",
)
OPENINGS = (
    "This is about the {d} {s}.",
    "A few words about {s}.",
    "The {d} is called {s}.",
    "{s}, a {d}.",
    "Here is what we know about {s}.",
    "Now to {s}.",
    "{s} comes next.",
    "You asked me about {s}, so I looked.",
    "There is a {d} by the name of {s}.",
    "{s} is the {d} that I mean.",
    "On top of the page it says {s}.",
    "Dear all, a note on {s}, our {d}.",
    "Let us speak of {s} today.",
    "The next {d} on the list is {s}.",
    "People know this {d} as {s}.",
    "{s}: some notes.",
    "I want to put down what I heard of {s}.",
    "We call it {s}, others just say the {d}.",
    "Filed under {s}.",
    "As promised, the story of {s}.",
    "Tell me about {s}. / With pleasure.",
    "Do you know {s}? / A little.",
    "Is this the {d} {s}? / It is.",
    "What about {s}? / One moment, I have it here.",
    "Which {d} is it? / {s}.",
    "Can you spell the name? / Yes, {s}.",
    "Who or what are we talking about? / About {s}.",
    "I am calling because of a {d}. / Which one? Ah, {s}.",
    "So this is {s}, then. / The very {d}.",
    "Next, please. / That would be {s}.",
    "What is the {d} called? / It is called {s}.",
    "Have you heard of {s}? / Who has not?",
)
SHORT_QUESTIONS = ("And the {l}?", "What is the {l}?", "Can you tell me the {l}?", "The {l}?")
SHORT_ANSWERS = ("{x}.", "That is {x}.", "{x}, I think.", "Let me see. {x}.", "It says {x} here.")
PAIRS = (("A", "B"), ("Q", "A"), ("Guide", "Visitor"), ("Host", "Caller"), ("Clerk", "Guest"), ("Me", "You"), ("Teacher", "Pupil"))
ASKS = (
    "",
    "Make a list of the facts.",
    "Write this down as a record.",
    "What do we know?",
    "In short:",
    "Give the main points.",
    "Notes:",
    "=>",
    "Record:",
)
LOOKED_UP = (
    ("code", words.code),
    ("owner", words.person),
    ("town", words.place),
    ("price", words.amount),
    ("content", words.thing),
)


def record(rng: Random, domain: Domain) -> tuple[str, Facts]:
    """The subject of a new record and a random part of its facts, in random order."""
    fields = rng.sample(domain.fields, rng.randint(2, len(domain.fields)))
    return KINDS[domain.subject_kind](rng), [(field, NONE if field.none and rng.random() < 0.2 else field.value(rng)) for field in fields]


def state(rng: Random, field: Field, value: str) -> Turns:
    """Sentences that state the fact. One time in eight, they also mention a wrong value and correct it."""
    if value == NONE:
        return tuple(rng.choice(field.none).split(" / "))
    if rng.random() < 0.1:
        return rng.choice(SHORT_QUESTIONS).format(l=field.label), rng.choice(SHORT_ANSWERS).format(x=value)
    statement = rng.choice(field.patterns).replace("{x}", value)
    if rng.random() < 0.125 and " / " not in statement:
        wrong = field.value(rng)
        if wrong != value:
            statement = rng.choice(CORRECTIONS).format(w=wrong, s=statement)
    return tuple(statement.split(" / "))


def distractors(rng: Random, domain: Domain) -> list[Turns]:
    """Sentences with values that do not belong to the subject, such as a former value or that of another subject."""
    return [
        tuple(rng.choice(field.others).replace("{x}", field.value(rng)).split(" / "))
        for field in domain.fields
        if field.others and rng.random() < 0.2
    ]


def tell(rng: Random, domain: Domain, subject: str, facts: Facts, digress: float) -> list[Turns]:
    """An opening and the facts, with `digress` irrelevant sentences per fact on average."""
    opening = tuple(rng.choice(OPENINGS).format(d=domain.subject, s=subject).split(" / "))
    sentences = [state(rng, field, value) for field, value in facts]
    if digress:
        sentences += distractors(rng, domain)
    for _ in facts:
        for _ in range(int(digress) + (rng.random() < digress % 1)):
            sentences.append((rng.choice(words.DIGRESSIONS) if rng.random() < 0.5 else words.sentence(rng),))
    return [opening, *sentences]


def prose(sentences: list[Turns]) -> str:
    """A paragraph."""
    return " ".join(turn for turns in sentences for turn in turns)


def talk(rng: Random, sentences: list[Turns]) -> str:
    """A dialogue of two people, one turn per line."""
    pair = rng.choice(PAIRS) if rng.random() < 0.7 else (words.name(rng), words.name(rng))
    return "\n".join(
        f"{pair[0] if i < len(turns) - 1 or (len(turns) == 1 and rng.random() < 0.2) else pair[1]}: {turn}"
        for turns in sentences
        for i, turn in enumerate(turns)
    )


def passage(rng: Random, domain: Domain, subject: str, facts: Facts, more: Sequence[Turns] = ()) -> str:
    """Prose or a dialogue, from terse to rambling, with the facts and `more` in random order."""
    opening, *rest = tell(rng, domain, subject, facts, rng.choice((0.0, 0.0, 0.2, 0.5, 1.0)))
    rest += more
    rng.shuffle(rest)
    if rng.random() < 0.5:
        return prose([opening, *rest])
    return talk(rng, [opening, *rest])


def listing(rng: Random, domain: Domain, subject: str, facts: Facts) -> str:
    """The facts as labels and values, in one of several notations."""
    pairs = [(rng.choice((domain.subject, "name")), subject), *((field.label, value) for field, value in facts)]
    notations: tuple[Callable[[], str], ...] = (
        lambda: json.dumps(dict(pairs), ensure_ascii=False),
        lambda: "; ".join(f"{label} = {value}" for label, value in pairs),
        lambda: "\n".join(f"- {label}: {value}" for label, value in pairs),
        lambda: " | ".join(label for label, _ in pairs) + "\n" + " | ".join(value for _, value in pairs),
        lambda: "\n".join(f"{label.capitalize()}: {value}" for label, value in pairs),
        lambda: ", ".join(f"{label} {value}" for label, value in pairs) + ".",
        lambda: "\n".join(f"{label.upper()} {value}" for label, value in pairs),
        lambda: ". ".join(f"{label.capitalize()}: {value}" for label, value in pairs) + ".",
    )
    return rng.choice(notations)()


def _any_domain(rng: Random) -> Domain:
    return rng.choice(DOMAINS) if rng.random() < 0.75 else invented_domain(rng)


def plain(rng: Random) -> list[Segment]:
    """Only a passage or a list."""
    domain = _any_domain(rng)
    subject, facts = record(rng, domain)
    return [((passage if rng.random() < 0.7 else listing)(rng, domain, subject, facts), PASSAGE)]


def several(rng: Random) -> list[Segment]:
    """Lines with two entries each, and look-ups in them."""
    label, make_value = rng.choice(LOOKED_UP)
    table = [(rng.choice((words.name, words.thing, words.code))(rng), make_value(rng)) for _ in range(rng.randint(3, 12))]
    joint = rng.choice((": ", " - ", " = ", " -> ", ", ", f" has the {label} "))
    lines = "\n".join(f"{key}{joint}{value}" for key, value in table)
    queries = rng.sample(table, rng.randint(1, min(4, len(table))))
    question = rng.choice(("\n\nWhat is the {l} of {k}? ", "\nFind {k}: ", "\n{k}{j}", "\nQ: {k}?\nA: "))
    segments: list[Segment] = [(lines, PASSAGE)]
    for key, value in queries:
        segments += [(question.format(l=label, k=key, j=joint), PASSAGE), (value, DERIVED)]
    return segments


def questions(rng: Random) -> list[Segment]:
    """A passage, and questions about it, some of which it does not answer."""
    domain = _any_domain(rng)
    subject, facts = record(rng, domain)
    answers = {field.label: value for field, value in facts}
    questioned = rng.sample(domain.fields, len(domain.fields))
    style = rng.choice(("\nQ: What is the {l}?\nA: ", "\nQuestion: {l} of {s}?\nAnswer: ", "\n\nWhat is the {l} of {s}?\n", "\n{l}? "))
    missing = rng.choice(("not said", "unknown", "It does not say.", "-"))
    segments: list[Segment] = [(passage(rng, domain, subject, facts), PASSAGE)]
    for field in questioned:
        segments += [(style.format(l=field.label, s=subject), PASSAGE), (answers.get(field.label, missing), DERIVED)]
    return segments


def rewritten(rng: Random) -> list[Segment]:
    """A passage and a list of the same facts, for one to three records of a domain, with the same notation and order of facts."""
    return _rewritten(rng, _any_domain(rng), rng.choice((1, 1, 1, 1, 2, 3)), first=DERIVED)


def by_example(rng: Random) -> list[Segment]:
    """Records whose sentences do not contain the labels, so that only earlier records show which label belongs to which sentence."""
    return _rewritten(rng, invented_domain(rng, labelled=False), rng.randint(2, 5), first=PASSAGE)


def _rewritten(rng: Random, domain: Domain, count: int, *, first: float) -> list[Segment]:
    ask = rng.choice(ASKS)
    style = rng.getrandbits(32)
    segments: list[Segment] = []
    order = rng.sample(range(len(domain.fields)), len(domain.fields))
    for i in range(count):
        subject, facts = record(rng, domain)
        sorted_facts = sorted(facts, key=lambda fact: order[domain.fields.index(fact[0])])
        second = listing(Random(style), domain, subject, sorted_facts)
        segments += [(f"{passage(rng, domain, subject, facts)}\n{ask}\n", PASSAGE), (second, DERIVED if i else first), ("\n\n", PASSAGE)]
    return segments[:-1]


def retold(rng: Random) -> list[Segment]:
    """A list, and then sentences with the same facts."""
    domain = rng.choice(DOMAINS)
    subject, facts = record(rng, domain)
    ask = rng.choice(("Write it as a text.", "Tell it in sentences.", "Text:", "In full:"))
    return [
        (f"{listing(rng, domain, subject, facts)}\n{ask}\n", PASSAGE),
        (prose(tell(rng, domain, subject, facts, 0.0)), DERIVED),
    ]


def topic(rng: Random) -> list[Segment]:
    """A passage, and the domain it is about."""
    domain = rng.choice(DOMAINS)
    subject, facts = record(rng, domain)
    names = [domain.name, *(other.name for other in rng.sample([d for d in DOMAINS if d is not domain], rng.randint(1, 5)))]
    rng.shuffle(names)
    ask = rng.choice(("What is this about? Choose one of: {c}.\n", "Topic ({c}): ", "Sort this under {c}.\nIt belongs under "))
    return [(f"{passage(rng, domain, subject, facts)}\n{ask.format(c=', '.join(names))}", PASSAGE), (domain.name, DERIVED)]


def requested(rng: Random) -> list[Segment]:
    """Some facts of a passage by their labels, in the requested order."""
    domain = _any_domain(rng)
    subject, facts = record(rng, domain)
    chosen = rng.sample(facts, rng.randint(len(facts) // 2 + 1, len(facts)))
    labels = rng.choice((", ", "; ", " and ", "\n")).join(field.label for field, _ in chosen)
    ask = rng.choice(("Give {l}.", "Find {l}.", "Fill in: {l}", "{l}", "Only {l}, please."))
    joint, between = rng.choice((": ", " = ", " - ", " ")), rng.choice(("\n", "; ", ", "))
    answer = between.join(f"{field.label}{joint}{value}" for field, value in chosen)
    return [(f"{passage(rng, domain, subject, facts)}\n{ask.format(l=labels)}\n", PASSAGE), (answer, DERIVED)]


def condensed(rng: Random) -> list[Segment]:
    """A rambling passage, and the same passage without irrelevant sentences."""
    domain = _any_domain(rng)
    subject, facts = record(rng, domain)
    sentences = tell(rng, domain, subject, facts, 0.0)
    rambling: list[Turns] = []
    for sentence in sentences:
        if rng.random() < 0.6:
            rambling.append((rng.choice(words.DIGRESSIONS) if rng.random() < 0.6 else words.sentence(rng),))
        rambling.append(sentence)
    ask = rng.choice(
        ("Keep what matters.", "Shorten this.", "Leave out what does not belong here.", f"Only what is about the {domain.subject}:")
    )
    return [(f"{prose(rambling)}\n{ask}\n", PASSAGE), (prose(sentences), DERIVED)]


def checked(rng: Random) -> list[Segment]:
    """A passage that may contain an error, some of its facts, and the error."""
    domain = _any_domain(rng)
    subject, facts = record(rng, domain)
    more, verdict = rng.choice(CHECKS)(rng)
    chosen = rng.sample(facts, rng.randint(len(facts) // 2, len(facts)))
    label = rng.choice(("Check", "Warning", "Note", "Problem", "Remark", "Attention", "To do"))
    lines = [*(f"{field.label.capitalize()}: {value}" for field, value in chosen), f"{label}: {verdict}"]
    ask = rng.choice(("Write this down and check it.", "Is anything wrong?", "Notes and checks:", "=>", "Look it over."))
    return [(f"{passage(rng, domain, subject, facts, more)}\n{ask}\n", PASSAGE), ("\n".join(lines), DERIVED)]


DOCUMENTS: tuple[tuple[Callable[[Random], list[Segment]], int], ...] = (
    (plain, 1),
    (several, 3),
    (questions, 8),
    (rewritten, 9),
    (by_example, 2),
    (requested, 8),
    (checked, 5),
    (condensed, 1),
    (retold, 1),
    (topic, 1),
)
