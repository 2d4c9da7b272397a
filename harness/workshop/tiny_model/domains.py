"""The domains of the corpus: the subjects of records, and the sentences that state their facts. They are defined in `tables/*.txt`:

    ships | ship | name                             the domain, its subject, and the kind of the subject's name
    captain | person | {x} is in command. | …       a field: its label, the kind of its value, and sentences that state it
    !captain | person | Her sister ship is {x}'s.   sentences with such a value that does not belong to the subject
    -captain | Nobody is in command. | …            sentences that state that there is no value

Kinds are functions of `words.py`, or a list of choices in brackets. " / " separates a speaker's turn from the other speaker's answer.
Customer support and medicine are left out: `finetune_probe.py` fine-tunes on the first, and the second is the subject of the clinic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from . import words

KINDS: dict[str, Callable[[Random], str]] = {
    "person": words.person,
    "place": words.place,
    "thing": words.thing,
    "phrase": words.phrase,
    "code": words.code,
    "number": words.number,
    "amount": words.amount,
    "date": words.date,
    "clock": words.clock,
    "name": words.name,
    "word": words.pseudo_word,
}
LISTED = frozenset({"person", "thing", "name", "code", "phrase"})  # kinds for which a fact may have several values


@dataclass(frozen=True)
class Field:
    """One fact about a subject."""

    label: str
    kind: str
    """How its value is generated."""
    patterns: tuple[str, ...]
    """Sentences that state it."""
    others: tuple[str, ...] = ()
    """Sentences with such a value that does not belong to the subject."""
    none: tuple[str, ...] = ()
    """Sentences that state that there is no value."""

    def value(self, rng: Random) -> str:
        """A fresh value, or a list of two or three; a kind in brackets is a closed list."""
        if self.kind.startswith("["):
            return rng.choice(self.kind.strip("[]").split(", "))
        make = KINDS[self.kind]
        count = rng.choice((2, 2, 3)) if self.kind in LISTED and rng.random() < 0.12 else 1
        amounts = self.kind == "thing" and rng.random() < 0.25
        values = [f"{make(rng)} {words.amount(rng)}" if amounts else make(rng) for _ in range(count)]
        return words.listed(values)


@dataclass(frozen=True)
class Domain:
    """A kind of record."""

    name: str
    subject: str
    subject_kind: str
    fields: tuple[Field, ...]


def _parse(table: str) -> Domain:
    (name, subject, subject_kind), *lines = ([cell.strip() for cell in line.split(" | ")] for line in table.strip().splitlines())
    others = {label[1:]: tuple(patterns) for label, _, *patterns in lines if label.startswith("!")}
    none = {label[1:]: tuple(patterns) for label, *patterns in lines if label.startswith("-")}
    fields = (
        Field(label, kind, tuple(patterns), others.get(label, ()), none.get(label, ()))
        for label, kind, *patterns in lines
        if not label.startswith(("!", "-"))
    )
    return Domain(name, subject, subject_kind, tuple(fields))


DOMAINS = tuple(
    _parse(table) for path in sorted(Path(__file__).with_name("tables").glob("*.txt")) for table in path.read_text("utf-8").split("===")
)


FRAMES = (
    "The {l} is {x}.",
    "{L}: {x}.",
    "{x} is the {l}.",
    "It has {x} as its {l}.",
    "As for the {l}, they chose {x}.",
    "The {n} {v} {x} as {l}.",
    "Its {l} was {x}, I believe.",
    "What is the {l}? / {x}.",
    "And the {l}? / Let me see, {x}.",
    "Is there a {l}? / Yes, {x}, near the {n}.",
    "We {v} {x} for the {l}.",
    "I {v} it with a {l}, namely {x}.",
    "Under {l} somebody put {x}.",
    "They say that {x} would make a good {l}, and so it is.",
    "For a {l}, {x} was {v} by the {n}.",
    "Tell me about the {l}. / That one is {x}, if I remember.",
    "{x}, that is what the {n} {v} when asked for the {l}.",
    "Of all that could be the {l}, it is {x}.",
)


def invented_domain(rng: Random, *, labelled: bool = True) -> Domain:
    """A randomly generated domain, whose cues are as new as its values, so that the value of a label must be found in the text.

    Args:
        labelled: whether the sentences contain the labels. If not, only other records show which label belongs to which sentence.
    """
    fields = []
    for _ in range(rng.randint(2, 6)):
        label, cue = (rng.choice((words.pseudo_word, words.phrase, lambda r: r.choice(words.NOUNS)))(rng) for _ in range(2))
        cue = label if labelled else cue
        frames = [
            rng.choice(FRAMES).format(l=cue, L=cue.capitalize(), x="{x}", n=rng.choice(words.NOUNS), v=rng.choice(words.VERBS))
            for _ in range(rng.choice((1, 1, 2)))
        ]
        fields.append(Field(label, rng.choice(tuple(KINDS)), tuple(frames)))
    return Domain(words.pseudo_word(rng), rng.choice(words.NOUNS), rng.choice(("name", "code", "thing", "person", "place")), tuple(fields))
