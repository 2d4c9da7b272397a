"""Clinic notes with planted identifiers of all kinds; names and towns are in no list of the detectors."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from harness.data.clinic import generate_records
from harness.data.privacy.detectors.plain_words import is_listed_name, is_plain_word

_ONSETS, _NUCLEI, _CODAS = (
    ("B", "D", "F", "G", "K", "L", "M", "N", "P", "R", "S", "T", "V", "Z", "Br", "Dr", "Kr"),
    ("a", "e", "i", "o", "u"),
    ("l", "n", "r", "s", "v", "k"),
)
STRUCTURED = (
    "PHONE",
    "FAX",
    "EMAIL",
    "SSN",
    "RECORD",
    "HEALTH_PLAN",
    "ACCOUNT",
    "LICENSE",
    "VEHICLE",
    "DEVICE",
    "URL",
    "IP",
    "CARD",
    "CODE",
    "ZIP",
    "AGE",
)


@dataclass(frozen=True)
class Planted:
    """A text, and the identifiers in it: start, end and kind."""

    text: str
    identifiers: tuple[tuple[int, int, str], ...]


def invent_word(rng: random.Random) -> str:
    """A capitalised word that no list knows."""
    while True:
        parts = [rng.choice(_ONSETS), rng.choice(_NUCLEI), rng.choice(_CODAS)]
        word = "".join(parts) + rng.choice(_ONSETS).lower() + rng.choice(_NUCLEI) + rng.choice(_CODAS)
        if not is_listed_name(word) and not is_plain_word(word):
            return word


def _luhn(digits: str) -> str:
    total = sum(sum(divmod(int(d) * (2 - i % 2), 10)) for i, d in enumerate(reversed(digits)))
    return digits + str(-total % 10)


def _digits(rng: random.Random, count: int) -> str:
    return str(rng.randint(1, 9)) + "".join(str(rng.randint(0, 9)) for _ in range(count - 1))


def _phone(rng: random.Random) -> str:
    area, exchange, line = rng.randint(201, 989), rng.randint(200, 999), rng.randint(0, 9999)
    form = rng.choice(["({}) {}-{:04d}", "{}-{}-{:04d}", "{}.{}.{:04d}", "+1 {} {} {:04d}"])
    return form.format(area, exchange, line)


def _date(rng: random.Random) -> str:
    months = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
    day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(1990, 2025)
    name = months[month - 1]
    forms = [
        f"{year}-{month:02d}-{day:02d}", f"{month}/{day}/{year}", f"{month:02d}/{day:02d}/{year % 100:02d}",
        f"{name} {day}, {year}", f"{day} {name} {year}",
        f"{name[:3]} {day}, {year}", f"the {day}th of {name}", f"{day}-{name[:3]}-{year}", f"{name} {year}",
        f"{day:02d}.{month:02d}.{year}",
    ]  # fmt: skip
    return rng.choice(forms)


# By kind: sentences around an identifier, and how it is drawn. {} is the place of the identifier.
PLANTS: dict[str, tuple[tuple[str, ...], Callable[[random.Random], str]]] = {
    "NAME": (
        ("Seen by Dr. {} today.", "Patient: {}.", "My name is {}, thank you.", "She came with her sister {}.",
         "{} was called about the results.",
         "Ms. {} agreed.",
         "Please tell {} to come back.", "Discussed with {} by phone.", "Thank you, {}."),
        lambda rng: f"{invent_word(rng)} {invent_word(rng)}" if rng.random() < 0.7 else invent_word(rng),
    ),
    "STREET": (("She lives at {}.", "Send the letter to {}."),
               lambda rng: f"{_digits(rng, rng.randint(1, 4))} {invent_word(rng)} "
               f"{rng.choice(['Street', 'Avenue', 'Road', 'Lane', 'Drive', 'Blvd'])}"),
    "CITY": (("She lives in {}.", "He moved to {} last year.", "Born in {}."), invent_word),
    "ZIP": (("Zip code {}.", "Postal code: {}."), lambda rng: _digits(rng, 5)),
    "DATE": (("Seen on {}.", "Last visit: {}.", "Symptoms since {}.", "The appointment is on {}."), _date),
    "AGE": (("This {}-year-old patient is stable.", "Her mother turned {}.", "Age: {}."), lambda rng: str(rng.randint(90, 104))),
    "PHONE": (("Call {} with questions.", "Phone: {}.", "Her number is {}."), _phone),
    "FAX": (("Fax: {}.", "Please fax it to {}."), _phone),
    "EMAIL": (("Write to {}.", "E-mail: {}"),
              lambda rng: f"{invent_word(rng).lower()}.{invent_word(rng).lower()}@{invent_word(rng).lower()}.org"),
    "SSN": (("SSN {}.", "Social security number: {}."),
            lambda rng: f"{rng.randint(100, 665)}-{rng.randint(10, 99)}-{rng.randint(1000, 9999)}"),
    "RECORD": (("MRN: {}.", "Medical record number {}.", "Patient ID {}."), lambda rng: _digits(rng, rng.randint(6, 9))),
    "HEALTH_PLAN": (("Health plan number {}.", "Member ID: {}.", "Insurance policy no. {}."),
                    lambda rng: f"{rng.choice('ABCXYZ')}{rng.choice('KLM')}{_digits(rng, 8)}"),
    "ACCOUNT": (("Account number {}.", "Acct # {}."), lambda rng: _digits(rng, rng.randint(8, 12))),
    "LICENSE": (("Driver's license {}.", "License number: {}."), lambda rng: f"{rng.choice('ABCDEFG')}{_digits(rng, 7)}"),
    "VEHICLE": (("VIN {}.", "The vehicle's VIN is {}."), lambda rng: f"1HGCM{_digits(rng, 5)}A{_digits(rng, 6)}"),
    "DEVICE": (("Pacemaker serial number {}.", "Device ID: {}."), lambda rng: f"{rng.choice('QRS')}N{_digits(rng, 7)}"),
    "URL": (("See {}.", "Her page is {}"), lambda rng: f"https://www.{invent_word(rng).lower()}.com/{invent_word(rng).lower()}"),
    "IP": (("Sent from {}.", "IP address {}."), lambda rng: ".".join(str(rng.randint(1, 254)) for _ in range(4))),
    "CARD": (("Paid with card {}.", "Card number: {}."), lambda rng: _luhn("4" + _digits(rng, 14))),
    "CODE": (("Confirmation code {}.", "Study ID: {}."), lambda rng: f"{rng.choice('TUV')}{_digits(rng, 6)}"),
}  # fmt: skip


def plant(size: int, seed: int) -> list[Planted]:
    """Clinic records without their own names, each with three planted sentences; kinds take turns."""
    rng = random.Random(seed)
    kinds = sorted(PLANTS)
    texts = []
    for number, (_, example) in enumerate(islice(generate_records("qa", size=size, seed=seed), size)):
        text, identifiers = "", []
        pieces = example.inputs["context"].split("\n")
        own = re.compile("|".join(map(re.escape, {example.meta["name"], *example.meta["name"].split()})))
        for place in range(3):
            kind = "NAME" if place == 0 else "DATE" if place == 1 else kinds[number % len(kinds)]
            templates, draw = PLANTS[kind]
            before, _, after = rng.choice(templates).partition("{}")
            value = draw(rng)
            text += "\n".join(pieces[place * len(pieces) // 3 : (place + 1) * len(pieces) // 3]) + ".\n"
            start = len(text) + len(before)
            text += f"{before}{value}{after}\n"
            identifiers.append((start, start + len(value), kind))
        identifiers += [(*match.span(), "NAME") for match in own.finditer(text)]
        texts.append(Planted(text, tuple(identifiers)))
    return texts
