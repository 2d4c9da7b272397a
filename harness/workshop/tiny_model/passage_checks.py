"""Errors that a passage may contain: an excluded item was chosen, two items must not be combined, or a reading is out of its range.

Each check gives sentences to be inserted into the passage, and the verdict. Half of the time nothing is wrong, and the sentences look the
same.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from . import words

Turns = tuple[str, ...]  # one or two sentences of one speaker, or of two, where the second answers the first
Check = Callable[[Random], tuple[list[Turns], str]]
FINE = "nothing"

BARRED = (
    "{a} must be kept away from here.",
    "Whatever happens, no {a}.",
    "We cannot have {a}, that went wrong before.",
    "Ruled out: {a}.",
    "On the red list are {a}.",
    "Is there anything to keep out? / Yes, {a}.",
    "They do not get along with {a}.",
    "Anything but {a}, please.",
    "The last time with {a} was a disaster.",
    "{a} is not welcome. / Noted.",
)
CHOSEN = (
    "They settled on {y}.",
    "From now on it is {y}.",
    "I will bring {y} along.",
    "So we take {y}. / Fine.",
    "What shall we use? / Use {y}.",
    "The choice fell on {y}.",
    "Starting tomorrow, {y}.",
    "Next in line is {y}.",
    "The plan is to add {y}.",
    "{y} goes in on Monday.",
)
APART = (
    "{a} and {b} must not come together.",
    "Never put {a} next to {b}.",
    "Keep {a} away from {b}.",
    "{a} does not mix with {b}.",
    "Whoever has {b} should not use {a}.",
    "Can {a} stand beside {b}? / No, never.",
    "{a} spoils as soon as {b} is around.",
    "Mind you, {a} is out where there is {b}.",
)
PRESENT = (
    "There is {b} in the room already.",
    "We have {b} on the shelf.",
    "At present they use {b}.",
    "So far it was {b}.",
    "What do you have there? / Just {b}.",
    "{b} has been in use for years.",
    "Every day they get out {b}.",
)
RANGES = (
    "The {n} should be from {lo} to {hi} and came to {v}.",
    "We read {v} for the {n}; between {lo} and {hi} is right.",
    "For the {n} the sheet says {lo} to {hi}. It was {v}.",
    "{v} on the {n}. Wanted is {lo} to {hi}.",
    "How is the {n}? / It stands at {v}, and {lo} to {hi} is expected.",
    "What does the {n} say? / {v}. / And it may be? / From {lo} to {hi}.",
    "Set for the {n}: {lo} to {hi}. Found: {v}.",
    "Today the {n} gave {v}. It has to stay within {lo} and {hi}.",
)


def _fill(rng: Random, patterns: tuple[str, ...], **values: str) -> Turns:
    text = rng.choice(patterns).format(**values)
    return tuple((text[:1].upper() + text[1:] if rng.random() < 0.5 else text).split(" / "))


def _things(rng: Random, count: int) -> list[str]:
    return [rng.choice((words.pseudo_word, words.pseudo_word, words.thing, words.name))(rng) for _ in range(count)]


def barred(rng: Random) -> tuple[list[Turns], str]:
    """Some items are excluded, and one of them or another item is chosen."""
    items = _things(rng, rng.choice((1, 1, 2, 2, 3)))
    wrong = rng.random() < 0.5
    chosen = rng.choice(items) if wrong else _things(rng, 1)[0]
    listed = words.listed(items)
    verdict = f"{chosen} was ruled out" if wrong else FINE
    return [_fill(rng, BARRED, a=listed), _fill(rng, CHOSEN, y=chosen)], verdict


def apart(rng: Random) -> tuple[list[Turns], str]:
    """Two items must not be combined. The first is chosen, and the second or another item is present."""
    chosen, other, third = _things(rng, 3)
    wrong = rng.random() < 0.5
    rule = (chosen, other) if rng.random() < 0.7 else (other, chosen)
    sentences = [
        _fill(rng, APART, a=rule[0], b=rule[1]),
        _fill(rng, CHOSEN, y=chosen),
        _fill(rng, PRESENT, b=other if wrong else third),
    ]
    return sentences, f"{chosen} does not go with {other}" if wrong else FINE


def off_range(rng: Random) -> tuple[list[Turns], str]:
    """A reading and its range; the reading is often close to one end."""
    decimals = rng.choice((0, 0, 1))
    low = rng.randint(1, 10 ** rng.randint(1, 3))
    high = low + rng.randint(2, max(3, low // 2))
    near = rng.randint(1, 12)
    wrong = rng.random() < 0.5
    value = rng.choice((max(0, low - near), high + near)) if wrong else rng.randint(low, high)
    noun = rng.choice(words.NOUNS) if rng.random() < 0.7 else words.pseudo_word(rng)
    lo, hi, v = (f"{n / 10**decimals:.{decimals}f}" for n in (low, high, value))
    unit = rng.choice(("", "", f" {rng.choice(words.UNITS)}"))
    verdict = FINE if low <= value <= high else f"{noun} {'below' if value < low else 'above'} the range, {v}"
    return [_fill(rng, RANGES, n=noun, lo=lo, hi=hi, v=f"{v}{unit}")], verdict


CHECKS: tuple[Check, ...] = (barred, apart, off_range, off_range)
