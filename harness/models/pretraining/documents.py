"""Documents about records: prose, talk, lists and tables, questions, and the same facts in another form.

A document is a list of segments `(text, weight)`. The weight is that of its tokens in the loss: a passage full of new names cannot be
predicted, so it counts for less than the part that the passage determines.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random

from . import words
from .domains import DOMAINS, Domain, Field, invented_domain

Segment = tuple[str, float]
Facts = list[tuple[Field, str]]
PASSAGE = 0.2
DERIVED = 1.0

CORRECTIONS = ("At first they wrote {w}, but that was wrong. {s}", "Not {w}, as some say. {s}", "{s} It used to be {w}.")
OPENINGS = (
    "This is about the {d} {s}.",
    "A few words about {s}.",
    "The {d} is called {s}.",
    "{s}, a {d}.",
    "Here is what we know about {s}.",
)
FIRST_TURNS = ("Tell me about {s}.", "Do you know {s}?", "Is this the {d} {s}?", "What about {s}?")
SHORT_QUESTIONS = ("And the {l}?", "What is the {l}?", "Can you tell me the {l}?", "The {l}?")
SHORT_ANSWERS = ("{x}.", "That is {x}.", "{x}, I think.", "Let me see. {x}.", "It says {x} here.")
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
    kind = Field("subject", domain.subject_kind, ())
    return kind.value(rng), [(field, field.value(rng)) for field in fields]


def state(rng: Random, field: Field, value: str) -> str:
    """A sentence that states the fact; one in eight first says something wrong and corrects it."""
    said = rng.choice(field.patterns).replace("{x}", value)
    if rng.random() < 0.125:
        wrong = field.value(rng)
        if wrong != value:
            said = rng.choice(CORRECTIONS).format(w=wrong, s=said)
    return said


def _digressions(rng: Random, digress: float) -> list[str]:
    """So many sentences beside the matter as `digress` says, on average."""
    count = int(digress) + (rng.random() < digress % 1)
    return [rng.choice(words.DIGRESSIONS) if rng.random() < 0.5 else words.sentence(rng) for _ in range(count)]


def prose(rng: Random, domain: Domain, subject: str, facts: Facts, digress: float) -> str:
    """A paragraph that introduces the subject and states the facts, with digressions between them."""
    sentences = [rng.choice(OPENINGS).format(d=domain.subject, s=subject)]
    for field, value in facts:
        sentences += _digressions(rng, digress)
        sentences.append(state(rng, field, value))
    return " ".join(sentences)


def talk(rng: Random, domain: Domain, subject: str, facts: Facts, digress: float) -> str:
    """Two people talk about the subject, a turn a line."""
    first, second = rng.choice((("A", "B"), ("Q", "A"), (words.name(rng), words.name(rng)), ("Guide", "Visitor"), ("Host", "Caller")))
    lines = [f"{first}: " + rng.choice(FIRST_TURNS).format(s=subject, d=domain.subject)]
    for field, value in facts:
        lines += [f"{rng.choice((first, second))}: {sentence}" for sentence in _digressions(rng, digress)]
        if rng.random() < 0.5:
            lines.append(f"{first}: " + rng.choice(SHORT_QUESTIONS).format(l=field.label))
            lines.append(f"{second}: " + rng.choice(SHORT_ANSWERS).format(x=value))
        else:
            lines.append(f"{second}: {state(rng, field, value)}")
    return "\n".join(lines)


def passage(rng: Random, domain: Domain, subject: str, facts: Facts) -> str:
    """Prose or talk, from terse to rambling."""
    return rng.choice((prose, prose, talk))(rng, domain, subject, facts, rng.choice((0.0, 0.2, 0.5, 0.9, 2.5)))


def listing(rng: Random, domain: Domain, subject: str, facts: Facts) -> str:
    """The facts as label and value, in one of many notations."""
    pairs = [(domain.subject, subject), *((field.label, value) for field, value in facts)]
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
    return rng.choice(DOMAINS) if rng.random() < 0.6 else invented_domain(rng)


def plain(rng: Random) -> list[Segment]:
    """A passage or a list alone."""
    domain = _any_domain(rng)
    subject, facts = record(rng, domain)
    return [((passage if rng.random() < 0.7 else listing)(rng, domain, subject, facts), PASSAGE)]


def several(rng: Random) -> list[Segment]:
    """Many lines that name two things each, and look-ups in them."""
    label, made = rng.choice(LOOKED_UP)
    table = [(rng.choice((words.name, words.thing, words.code))(rng), made(rng)) for _ in range(rng.randint(3, 12))]
    joint = rng.choice((": ", " - ", " = ", " -> ", ", ", f" has the {label} "))
    lines = "\n".join(f"{key}{joint}{value}" for key, value in table)
    asked = rng.sample(table, rng.randint(1, min(4, len(table))))
    question = rng.choice(("\n\nWhat is the {l} of {k}? ", "\nFind {k}: ", "\n{k}{j}", "\nQ: {k}?\nA: "))
    segments: list[Segment] = [(lines, PASSAGE)]
    for key, value in asked:
        segments += [(question.format(l=label, k=key, j=joint), PASSAGE), (value, DERIVED)]
    return segments


def questions(rng: Random) -> list[Segment]:
    """A passage, then questions about it, some of which it does not answer."""
    domain = _any_domain(rng)
    subject, facts = record(rng, domain)
    said = {field.label: value for field, value in facts}
    asked = rng.sample(domain.fields, rng.randint(1, min(4, len(domain.fields))))
    style = rng.choice(("\nQ: What is the {l}?\nA: ", "\nQuestion: {l} of {s}?\nAnswer: ", "\n\nWhat is the {l} of {s}?\n", "\n{l}? "))
    missing = rng.choice(("not said", "unknown", "It does not say.", "-"))
    segments: list[Segment] = [(passage(rng, domain, subject, facts), PASSAGE)]
    for field in asked:
        segments += [(style.format(l=field.label, s=subject), PASSAGE), (said.get(field.label, missing), DERIVED)]
    return segments


def rewritten(rng: Random) -> list[Segment]:
    """The same record told twice in different forms, for one to four records of the domain with the same form and order of facts."""
    domain = _any_domain(rng)
    ask = rng.choice(ASKS)
    form = rng.choice((listing, listing, listing, lambda r, d, s, f: prose(r, d, s, f, 0.0)))
    style = rng.getrandbits(32)
    segments: list[Segment] = []
    order = rng.sample(range(len(domain.fields)), len(domain.fields))
    for _ in range(rng.choice((1, 1, 1, 2, 3, 4))):
        subject, facts = record(rng, domain)
        told = sorted(facts, key=lambda fact: order[domain.fields.index(fact[0])])
        second = form(Random(style), domain, subject, told)
        segments += [(f"{passage(rng, domain, subject, facts)}\n{ask}\n", PASSAGE), (second, DERIVED), ("\n\n", PASSAGE)]
    return segments[:-1]


def retold(rng: Random) -> list[Segment]:
    """A list first, then the sentences that say the same."""
    domain = rng.choice(DOMAINS)
    subject, facts = record(rng, domain)
    ask = rng.choice(("Write it as a text.", "Tell it in sentences.", "Text:", "In full:"))
    return [(f"{listing(rng, domain, subject, facts)}\n{ask}\n", PASSAGE), (prose(rng, domain, subject, facts, 0.0), DERIVED)]


def topic(rng: Random) -> list[Segment]:
    """Which domain a passage is about."""
    domain = rng.choice(DOMAINS)
    subject, facts = record(rng, domain)
    names = [domain.name, *(other.name for other in rng.sample([d for d in DOMAINS if d is not domain], rng.randint(1, 5)))]
    rng.shuffle(names)
    ask = rng.choice(("What is this about? Choose one of: {c}.\n", "Topic ({c}): ", "Sort this under {c}.\nIt belongs under "))
    return [(f"{passage(rng, domain, subject, facts)}\n{ask.format(c=', '.join(names))}", PASSAGE), (domain.name, DERIVED)]


def requested(rng: Random) -> list[Segment]:
    """Some facts of a passage by their labels, in the order in which they are asked for."""
    domain = _any_domain(rng)
    subject, facts = record(rng, domain)
    wanted = rng.sample(facts, rng.randint(1, len(facts)))
    labels = rng.choice((", ", "; ", " and ", "\n")).join(field.label for field, _ in wanted)
    ask = rng.choice(("Give {l}.", "Find {l}.", "Fill in: {l}", "{l}", "Only {l}, please."))
    joint, between = rng.choice((": ", " = ", " - ", " ")), rng.choice(("\n", "; ", ", "))
    answer = between.join(f"{field.label}{joint}{value}" for field, value in wanted)
    return [(f"{passage(rng, domain, subject, facts)}\n{ask.format(l=labels)}\n", PASSAGE), (answer, DERIVED)]


def condensed(rng: Random) -> list[Segment]:
    """A rambling passage, and the same without what does not belong to the matter."""
    domain = _any_domain(rng)
    subject, facts = record(rng, domain)
    sentences = [rng.choice(OPENINGS).format(d=domain.subject, s=subject), *(state(rng, field, value) for field, value in facts)]
    rambling = []
    for sentence in sentences:
        if rng.random() < 0.6:
            rambling.append(rng.choice(words.DIGRESSIONS) if rng.random() < 0.6 else words.sentence(rng))
        rambling.append(sentence)
    between = rng.choice((" ", "\n"))
    ask = rng.choice(
        ("Keep what matters.", "Shorten this.", "Leave out what does not belong here.", f"Only what is about the {domain.subject}:")
    )
    return [(f"{between.join(rambling)}\n{ask}\n", PASSAGE), (between.join(sentences), DERIVED)]


DOCUMENTS: tuple[tuple[Callable[[Random], list[Segment]], int], ...] = (
    (plain, 3),
    (several, 3),
    (questions, 4),
    (rewritten, 8),
    (requested, 5),
    (condensed, 2),
    (retold, 2),
    (topic, 1),
)
