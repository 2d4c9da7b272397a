"""Instructions of the form "do X with this text". The answer follows from the text by a rule, regardless of its meaning."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from . import words
from .documents import DERIVED, NONE, PASSAGE, Segment, prose, talk
from .passage_checks import Turns

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
    """A rule, a text of a few lines, and the result of the rule. The rule is before or after the text."""
    rule, apply = rng.choice(RULES)
    lines = _lines(rng)
    text = "\n".join(lines)
    prompt = f"{rule}\n\n{text}\n\n" if rng.random() < 0.5 else f"{text}\n\n{rule}\n"
    return [(prompt, PASSAGE), (apply(lines, rng), DERIVED)]


def replace(rng: Random) -> list[Segment]:
    """A sentence in which one word is replaced by another."""
    sentence = words.sentence(rng)
    old = rng.choice(sentence.rstrip(".").split())
    new = words.pseudo_word(rng)
    changed = " ".join(new if word == old else f"{new}." if word == f"{old}." else word for word in sentence.split())
    return [(f"{sentence}\nReplace {old} with {new}.\n", PASSAGE), (changed, DERIVED)]


def find_names(rng: Random) -> list[Segment]:
    """The names in some sentences, in their order."""
    names = [words.person(rng) for _ in range(rng.randint(1, 5))]
    sentences = [rng.choice(NAMED).format(n=name, v=rng.choice(words.VERBS), o=rng.choice(words.NOUNS)) for name in names]
    text = " ".join(
        line for sentence in sentences for line in ([sentence, rng.choice(words.DIGRESSIONS)] if rng.random() < 0.3 else [sentence])
    )
    ask = rng.choice(("Which people are named?", "List the people.", "Names:", "Who appears in the text?"))
    return [(f"{text}\n{ask}\n", PASSAGE), (rng.choice(("\n", ", ")).join(names), DERIVED)]


def line_about(rng: Random) -> list[Segment]:
    """The lines that contain a given word."""
    lines = [words.sentence(rng) for _ in range(rng.randint(3, 7))]
    line = rng.choice(lines)
    word = rng.choice(line.rstrip(".").split()[1:])
    matching = "\n".join(other for other in lines if word in other.rstrip(".").split())
    text = "\n".join(lines)
    return [(f"{text}\nGive every line that has the word {word}.\n", PASSAGE), (matching, DERIVED)]


def compared(rng: Random) -> list[Segment]:
    """Two numbers, and whether one exceeds the other, or which is larger. Half of the time they are close."""
    decimals = rng.choice((0, 1, 1, 2))
    first = rng.randint(1, 10 ** rng.randint(2, 4))
    second = first + rng.choice((-1, 1)) * rng.randint(0, 12) if rng.random() < 0.5 else rng.randint(1, 10 ** rng.randint(2, 4))
    a, b = (f"{max(1, n) / 10**decimals:.{decimals}f}" for n in (first, second))
    thing, unit = rng.choice(words.NOUNS), rng.choice((*words.UNITS, ""))
    x, y = f"{a} {unit}".rstrip(), f"{b} {unit}".rstrip()
    statement = rng.choice((
        f"The {thing} has {x}. The limit is {y}.",
        f"Up to {y} is allowed. We measured {x}.",
        f"{words.sentence(rng)} It shows {x}, and more than {y} is too much.",
    ))  # fmt: skip
    above = float(a) > float(b)
    question, answer = rng.choice((
        (f"Is it above the limit of {y}?", "yes" if above else "no"),
        ("Is that too much?", f"yes, {x} is above {y}" if above else f"no, {x} is not above {y}"),
        ("Which number is larger?", x if above else y),
        ("Result:", f"{x} above {y}" if above else "fine"),
    ))  # fmt: skip
    return [(f"{statement}\n{question}\n", PASSAGE), (answer, DERIVED)]


def on_the_list(rng: Random) -> list[Segment]:
    """A text with a list, and whether an item is on the list."""
    items = [rng.choice((words.thing, words.name, words.code))(rng) for _ in range(rng.randint(1, 6))]
    item = rng.choice(items) if rng.random() < 0.5 else words.thing(rng)
    person = words.person(rng)
    statement = rng.choice((
        f"The list of {person} says {', '.join(items)}.",
        f"Never bring {person} any of these: {', '.join(items)}.",
        f"{person} does not like {' and '.join(items)}.",
        "On the list:\n" + "\n".join(items),
    ))  # fmt: skip
    brought = rng.choice((f"Today they bring {item}.", f"They chose {item}.", f"We will take {item} with us."))
    order = [statement, rng.choice(words.DIGRESSIONS), brought]
    if rng.random() < 0.5:
        order.reverse()
    listed = item in items
    question, answer = rng.choice((
        (f"Is {item} on the list?", "yes" if listed else "no"),
        ("Is it on the list?", f"yes, {item} is on the list" if listed else f"no, {item} is not on the list"),
        ("Warning:", f"{item} is on the list" if listed else "nothing"),
    ))  # fmt: skip
    between = rng.choice((" ", "\n"))
    return [(f"{between.join(order)}\n{question}\n", PASSAGE), (answer, DERIVED)]


THERE = (
    "There is {x}.",
    "We have {x}.",
    "I can see {x}.",
    "It comes with {x}.",
    "Is there any {x}? / Yes, there is.",
    "Did you find {x}? / I did.",
    "They brought {x}.",
    "At the back stands {x}.",
    "Some {x} has turned up.",
    "Did they mention {x}? / They did.",
)
NOT_THERE = (
    "There is no {x}.",
    "We have never had {x}.",
    "I cannot see any {x}.",
    "It comes without {x}.",
    "Is there any {x}? / No, there is none.",
    "Did you find {x}? / I did not.",
    "They did not bring {x}.",
    "Not a trace of {x} anywhere.",
    "Nobody has seen {x}.",
    "What about {x}? / No, none so far.",
    "We looked for {x} in vain.",
    "So far no {x} has turned up.",
)


def there_or_not(rng: Random) -> list[Segment]:
    """Sentences that state which things are there and which are not, and a list of both."""
    things = [rng.choice((words.thing, words.phrase, words.pseudo_word))(rng) for _ in range(rng.randint(1, 5))]
    present = [rng.random() < 0.5 for _ in things]
    sentences: list[Turns] = []
    for thing, there in zip(things, present, strict=True):
        sentences.append(tuple(rng.choice(THERE if there else NOT_THERE).format(x=thing).split(" / ")))
        if rng.random() < 0.3:
            sentences.append((rng.choice(words.DIGRESSIONS),))
    text = prose(sentences) if rng.random() < 0.5 else talk(rng, sentences)
    yes, no = (
        ", ".join(thing for thing, there in zip(things, present, strict=True) if there == expected) or NONE for expected in (True, False)
    )
    first, second = rng.choice((("There", "Not there"), ("Present", "Absent"), ("Found", "Not found"), ("Has", "Has no")))
    answer = rng.choice((f"{first}: {yes}\n{second}: {no}", f"{second}: {no}\n{first}: {yes}", f"{second}: {no}"))
    ask = rng.choice(("What is there and what is not?", "Check the list.", "=>", "In short:", ""))
    return [(f"{text}\n{ask}\n", PASSAGE), (answer, DERIVED)]


INSTRUCTIONS: tuple[tuple[Callable[[Random], list[Segment]], int], ...] = (
    (by_rule, 3),
    (replace, 1),
    (find_names, 2),
    (line_about, 1),
    (compared, 2),
    (on_the_list, 2),
    (there_or_not, 3),
)
