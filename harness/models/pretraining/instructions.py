"""Instructions of the form "do X with this text": the answer follows from the text by a rule that has nothing to do with its meaning."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from . import words
from .documents import DERIVED, PASSAGE, Segment

NAMED = (
    "{n} {v} the {o}.",
    "The {o} was {v} by {n}.",
    "Then {n} came along with a {o}.",
    "Nobody but {n} {v} it.",
    "I asked {n} about the {o}.",
    "We met {n} near the {o}.",
)


def _lines(rng: Random) -> list[str]:
    make = rng.choice((words.person, words.thing, words.place, words.phrase, words.code, words.sentence, words.amount))
    return [make(rng) for _ in range(rng.randint(2, 8))]


def _number_lines(lines: list[str], _: Random) -> str:
    return "\n".join(f"{index}. {line}" for index, line in enumerate(lines, 1))


def _pick(lines: list[str], rng: Random) -> str:
    return rng.choice(lines)


Rule = tuple[str, Callable[[list[str], Random], str]]
RULES: tuple[Rule, ...] = (
    ("Repeat the text.", lambda lines, _: "\n".join(lines)),
    ("Copy this exactly.", lambda lines, _: "\n".join(lines)),
    ("Write the lines in reverse order.", lambda lines, _: "\n".join(reversed(lines))),
    ("Give the first line.", lambda lines, _: lines[0]),
    ("Give the second line.", lambda lines, _: lines[1]),
    ("Give the last line.", lambda lines, _: lines[-1]),
    ("Leave out the first line.", lambda lines, _: "\n".join(lines[1:])),
    ("Number the lines.", _number_lines),
    ("Put a dash before every line.", lambda lines, _: "\n".join(f"- {line}" for line in lines)),
    ("Join the lines with commas.", lambda lines, _: ", ".join(lines)),
    ("Put every line in brackets.", lambda lines, _: "\n".join(f"[{line}]" for line in lines)),
    ("Write every line twice.", lambda lines, _: "\n".join(f"{line}\n{line}" for line in lines)),
    ("Give the first word of every line.", lambda lines, _: "\n".join(line.split()[0] for line in lines)),
    ("How many lines are there?", lambda lines, _: str(len(lines))),
)


def by_rule(rng: Random) -> list[Segment]:
    """A rule, a text of a few lines, and what the rule makes of it; the rule stands before or after the text."""
    rule, apply = rng.choice(RULES)
    lines = _lines(rng)
    text = "\n".join(lines)
    asked = f"{rule}\n\n{text}\n\n" if rng.random() < 0.5 else f"{text}\n\n{rule}\n"
    return [(asked, PASSAGE), (apply(lines, rng), DERIVED)]


def replace(rng: Random) -> list[Segment]:
    """A sentence with one word changed for another."""
    sentence = words.sentence(rng)
    old = rng.choice(sentence.rstrip(".").split())
    new = words.pseudo_word(rng)
    changed = " ".join(new if word == old else f"{new}." if word == f"{old}." else word for word in sentence.split())
    return [(f"{sentence}\nReplace {old} with {new}.\n", PASSAGE), (changed, DERIVED)]


def find_names(rng: Random) -> list[Segment]:
    """Names hidden in sentences, listed in the order in which they come."""
    names = [words.person(rng) for _ in range(rng.randint(1, 5))]
    sentences = [rng.choice(NAMED).format(n=name, v=rng.choice(words.VERBS), o=rng.choice(words.NOUNS)) for name in names]
    text = " ".join(
        line for sentence in sentences for line in ([sentence, rng.choice(words.DIGRESSIONS)] if rng.random() < 0.3 else [sentence])
    )
    ask = rng.choice(("Which people are named?", "List the people.", "Names:", "Who appears in the text?"))
    return [(f"{text}\n{ask}\n", PASSAGE), (rng.choice(("\n", ", ")).join(names), DERIVED)]


def line_about(rng: Random) -> list[Segment]:
    """The line that mentions a given word."""
    lines = [words.sentence(rng) for _ in range(rng.randint(3, 7))]
    line = rng.choice(lines)
    word = rng.choice(line.rstrip(".").split()[1:])
    found = "\n".join(other for other in lines if word in other.rstrip(".").split())
    text = "\n".join(lines)
    return [(f"{text}\nGive every line that has the word {word}.\n", PASSAGE), (found, DERIVED)]


INSTRUCTIONS: tuple[tuple[Callable[[Random], list[Segment]], int], ...] = ((by_rule, 5), (replace, 1), (find_names, 2), (line_about, 1))
