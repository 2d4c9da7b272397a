"""Everyday words and invented words.

The invented words matter most: a base model that knows its names completes them from memory, while one that meets new names in every
document must copy. So every name, place, product and id of the corpus consists of random syllables and hardly ever occurs twice. There are
no medical words, so that the clinic stays an unseen domain; `tests/engine/models/test_tiny.py` checks the corpus for them.
"""

from __future__ import annotations

from random import Random


def _list(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Simple consonants and vowels are repeated, the others occur once: most words are easy to spell, but none is impossible.
ONSETS = _list(
    "b c d f g h j k l m n p r s t v w " * 3
    + "qu x y z bl br ch cl cr dr fl fr gl gr kh kn ph pl pr sc sh sk sl sm sn sp st str sw th tr wh"
)
VOWELS = _list("a e i o u " * 6 + "y ai au ea ee ei ia ie io oa oo ou ue")
CODAS = ("",) * 40 + _list("b c ck d f g k l l ll lt m m mp n n n nd ng nk nt p r r r rd rk rn rt s s sh sk ss st t t th x z")
SUFFIXES = _list("a o e us is on in um ine ate ol il ane ide ex ax or er ton ville berg ham ford ley ski sky ez son sen ov elli i")
UNITS = _list("km metres litres kg grams crates boxes pages hours minutes days weeks coins euros degrees points seats steps")
ADJECTIVES = _list("""
    old new small large quiet bright narrow wide early late heavy light long short round square wooden iron blue green red yellow white
    black grey brown simple strange famous local broken clean dusty steep gentle rough smooth warm cool dry wet empty full cheap costly
    rare common modern ancient pale deep hollow sturdy slow quick plain fresh ripe loud soft northern southern eastern western
""")
NOUNS = _list("""
    house road river bridge garden boat engine letter window door table lamp book map coat market field forest hill lake island station
    platform train ticket box barrel basket wheel rope ladder kettle plate spoon blanket clock bell mirror picture song story game ball
    stone brick tile roof wall floor fence gate path corner square tower castle farm barn mill shop office school class lesson teacher
    driver captain farmer baker painter singer writer player neighbour friend guest visitor family child morning evening week month
    summer winter storm wind cloud rain snow sand water fire smoke salt sugar flour butter bread apple pear plum onion carrot bean rice
    soup cake coffee tea milk cheese honey paper pencil ink colour wool cotton leather glass copper silver gold coin price list page
    number line word name place time day year hour minute plan idea question answer reason rule mistake change order parcel bag key tool
    hammer nail bird horse dog cat sheep goat cow fish bee fox
""")
VERBS = _list("""
    found carried opened closed painted moved sold bought counted checked cleaned repaired watched followed visited described remembered
    forgot finished started noticed brought lifted washed packed mended borrowed returned measured crossed reached named built kept lost
    showed sent received wrote read
""")
DIGRESSIONS = (
    "The weather was fine that day.",
    "Nobody seemed to be in a hurry.",
    "By the way, the coffee was very good.",
    "It had rained all week.",
    "There was a long queue at the door.",
    "Someone had left a window open.",
    "That reminded everyone of last year.",
    "The radio played in the next room.",
    "It is hard to say why.",
    "A dog slept under the table.",
    "They talked about the new road for a while.",
    "Well, that is another story.",
    "The clock on the wall was five minutes slow.",
    "I hope that makes sense.",
    "Anyway, back to the matter.",
    "Nothing else was written on that page.",
    "My brother would know more about it.",
    "The lights went out twice.",
    "You can ask the neighbours.",
    "This part is not important.",
)
MONTHS = _list("January February March April May June July August September October November December")
WEEKDAYS = _list("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")


def syllable(rng: Random) -> str:
    """A random syllable: onset, vowel and coda."""
    onset = rng.choice(ONSETS) if rng.random() < 0.9 else ""
    return onset + rng.choice(VOWELS) + rng.choice(CODAS)


def pseudo_word(rng: Random) -> str:
    """A lower-case word of one to three random syllables; one in ten consists of random letters, so that no spelling is impossible."""
    if rng.random() < 0.1:
        return "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(3, 9)))
    word = "".join(syllable(rng) for _ in range(rng.choice((1, 1, 2, 2, 2, 3))))
    if rng.random() < 0.3:
        word += rng.choice(SUFFIXES)
    return word if len(word) > 2 else word + syllable(rng) + "n"


def name(rng: Random) -> str:
    """A capitalised pseudo-word."""
    return pseudo_word(rng).capitalize()


def person(rng: Random) -> str:
    """One or two names, sometimes with an initial or a double surname."""
    shape = rng.random()
    if shape < 0.2:
        return name(rng)
    if shape < 0.85:
        return f"{name(rng)} {name(rng)}"
    if shape < 0.93:
        return f"{name(rng)} {rng.choice('ABCDEFGHIJKLMNOPRSTVW')}. {name(rng)}"
    return f"{name(rng)} {name(rng)}-{name(rng)}"


def place(rng: Random) -> str:
    """A place name."""
    return rng.choice(("{}", "{}", "{}", "{} Bay", "Port {}", "{} Hill", "New {}", "{} Street", "Upper {}", "Lake {}")).format(name(rng))


def thing(rng: Random) -> str:
    """A lower-case product or substance: an invented word, sometimes with an everyday word."""
    shape = rng.random()
    if shape < 0.6:
        return pseudo_word(rng)
    if shape < 0.8:
        return f"{pseudo_word(rng)} {rng.choice(NOUNS)}"
    return f"{rng.choice(ADJECTIVES)} {pseudo_word(rng)}"


def phrase(rng: Random) -> str:
    """An everyday noun phrase."""
    shape = rng.random()
    if shape < 0.5:
        return f"{rng.choice(ADJECTIVES)} {rng.choice(NOUNS)}"
    if shape < 0.75:
        return f"{rng.choice(NOUNS)} and {rng.choice(NOUNS)}"
    return f"{rng.choice(ADJECTIVES)} {rng.choice(ADJECTIVES)} {rng.choice(NOUNS)}"


def code(rng: Random) -> str:
    """An id such as `KX-4071`, `b93/7` or `#20418`."""
    letters = "".join(rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(rng.randint(1, 3)))
    digits = "".join(rng.choice("0123456789") for _ in range(rng.randint(2, 6)))
    shapes = (
        f"{letters}-{digits}",
        f"{letters}{digits}",
        f"#{digits}",
        f"{letters.lower()}{digits[:2]}/{digits[2:] or 4}",
        f"{digits}{letters}",
    )
    return rng.choice(shapes)


def number(rng: Random) -> str:
    """A whole number, or a number with one decimal."""
    whole = rng.randint(1, 10 ** rng.randint(1, 4))
    return str(whole) if rng.random() < 0.8 else f"{whole}.{rng.randint(0, 9)}"


def amount(rng: Random) -> str:
    """A number with an everyday or invented unit."""
    unit = rng.choice(UNITS)
    return f"{number(rng)} {unit if rng.random() < 0.7 else pseudo_word(rng)}"


def date(rng: Random) -> str:
    """A date in one of several notations."""
    day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(1950, 2035)
    name_of_month = MONTHS[month - 1]
    numeric = (f"{year}-{month:02d}-{day:02d}", f"{day}/{month}/{year}")
    return rng.choice((f"{day} {name_of_month}", f"{name_of_month} {day}, {year}", rng.choice(WEEKDAYS), *numeric))


def clock(rng: Random) -> str:
    """A time of day."""
    return f"{rng.randint(0, 23)}:{rng.randint(0, 59):02d}"


def listed(parts: list[str]) -> str:
    """ "a", "a and b", "a, b and c" """
    return " and ".join(part for part in (", ".join(parts[:-1]), parts[-1]) if part)


def sentence(rng: Random) -> str:
    """A meaningless sentence of everyday words, sometimes with a new name."""
    who = f"The {rng.choice(ADJECTIVES)} {rng.choice(NOUNS)}" if rng.random() < 0.6 else name(rng)
    ending = rng.choice(
        (
            f"near the {rng.choice(NOUNS)}",
            f"on {rng.choice(WEEKDAYS)}",
            f"with the {rng.choice(ADJECTIVES)} {rng.choice(NOUNS)}",
            f"in {place(rng)}",
            f"because the {rng.choice(NOUNS)} was {rng.choice(ADJECTIVES)}",
            f"and {rng.choice(VERBS)} the {rng.choice(NOUNS)}",
        )
    )
    return f"{who} {rng.choice(VERBS)} the {rng.choice(NOUNS)} {ending}."
