"""The domains of the corpus: what records are about, and the sentences that say it.

The head of a table reads `domain | subject | kind of the subject`, a line `label | kind of value | pattern | pattern …`; `{x}` is the
value. The kinds are the functions of `words.py`, or a list of choices in brackets. Customer support and medicine are left out: the first is
what `finetune_probe.py` fine-tunes on, the second is the clinic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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

TABLES = """
ships | ship | name
captain | person | {x} is the captain. | Captain {x} gave the order to sail. | The ship sails under {x}.
home port | place | It comes from {x}. | Her home port is {x}. | She was built in {x}.
cargo | thing | The hold is full of {x}. | It carries {x}. | They loaded {x} before noon.
length | amount | The ship is {x} long. | Her length is {x}.
call sign | code | The call sign is {x}. | On the radio she answers to {x}.
next harbour | place | The next harbour is {x}. | From here it goes on to {x}. | They hope to reach {x} soon.
===
recipes | dish | thing
cook | person | This recipe comes from {x}. | {x} wrote it down. | I learned it from {x}.
main ingredient | thing | You need plenty of {x}. | The taste comes from {x}. | First wash the {x}.
time | amount | It takes {x}. | Leave it in the oven for {x}.
goes with | thing | Serve it with {x}. | It goes well with {x}.
region | place | People eat it in {x}. | It is a dish of {x}.
served on | date | It is eaten on {x}. | We make it every year on {x}.
===
library | book | phrase
author | person | It was written by {x}. | The author is {x}. | {x} wrote this book.
shelf | code | You find it on shelf {x}. | It stands under {x}.
pages | number | It has {x} pages. | There are {x} pages in it.
borrowed by | person | {x} has borrowed it. | At the moment {x} is reading it. | It was lent to {x}.
due back | date | It is due back on {x}. | It must return by {x}.
publisher | name | {x} published it. | It appeared with {x}.
===
football | club | name
coach | person | {x} trains the team. | The coach is called {x}. | Since the summer {x} has been in charge.
stadium | place | They play at {x}. | Home games are held in {x}.
best player | person | Everyone admires {x}. | {x} scored most of the goals. | The best player is {x}.
points | number | They have {x} points. | So far the club has won {x} points.
next match | date | The next match is on {x}. | They play again on {x}.
rival | name | Their old rival is {x}. | They lost to {x} last time.
===
gardens | plant | thing
colour | [red, white, yellow, blue, purple, orange, pink] | Its flowers are {x}. | It blooms {x}.
height | amount | It grows to {x}. | The plant reaches {x}.
origin | place | It first came from {x}. | It grows wild around {x}.
gardener | person | {x} planted it. | It is looked after by {x}.
likes | [full sun, half shade, deep shade, wet soil, sandy soil] | It likes {x}. | Give it {x}.
planted on | date | It was planted on {x}. | We put it in the ground on {x}.
===
stars | star | name
discovered by | person | {x} discovered it. | It was first seen by {x}.
distance | amount | Its distance is {x}. | It lies {x} away.
constellation | name | Look for it in {x}. | It belongs to {x}.
catalogue number | code | The catalogue calls it {x}. | Its number is {x}.
colour | [red, white, yellow, blue, orange] | It looks {x}. | Its light is {x}.
observatory | place | The picture was taken at {x}. | It was measured in {x}.
===
railways | train | code
from | place | It leaves from {x}. | The journey begins in {x}. | We got on at {x}.
to | place | It goes to {x}. | The last stop is {x}. | We want to get to {x}.
departure | clock | It departs at {x}. | The train leaves at {x}.
track | number | It waits on track {x}. | Go to track {x}.
driver | person | The driver is {x}. | {x} drives it today.
delay | amount | It is late by {x}. | There is a delay of {x}.
===
houses | house | phrase
owner | person | It belongs to {x}. | {x} owns it. | The house was bought by {x}.
street | place | It stands in {x}. | You find it at {x}.
rent | amount | The rent is {x}. | It costs {x} each month.
rooms | number | It has {x} rooms. | There are {x} rooms.
free from | date | It is free from {x}. | One can move in on {x}.
heating | [gas, wood, oil, electric, none] | The heating is {x}. | For heating there is {x}.
===
school | course | phrase
teacher | person | {x} teaches it. | The teacher is {x}. | Ask {x} about the lessons.
room | code | We meet in room {x}. | The room is {x}.
day | date | It starts on {x}. | The first lesson is on {x}.
level | [beginner, middle, advanced] | The level is {x}. | It is meant for the {x} group.
book | thing | We use a book called {x}. | Please bring {x}.
best pupil | person | The best work came from {x}. | {x} won the prize.
===
music | band | name
singer | person | {x} sings. | The singer is {x}. | The voice you hear is {x}.
song | phrase | Their best song is called {x}. | They opened with {x}.
stage | place | They play on the stage at {x}. | The concert is in {x}.
starts at | clock | They start at {x}. | Doors open at {x}.
instrument | thing | One of them plays the {x}. | You will hear a {x}.
label | name | Their records come from {x}. | {x} pays for the tour.
===
museum | piece | phrase
artist | person | It is by {x}. | {x} made it. | The artist was {x}.
material | thing | It is made of {x}. | For this the artist used {x}.
year | number | It dates from {x}. | It was finished in {x}.
hall | code | It hangs in hall {x}. | You see it in {x}.
given by | person | It was a present from {x}. | {x} gave it to the museum.
found in | place | It was found in {x}. | It lay forgotten in {x}.
===
weather | station | place
wind | amount | The wind reached {x}. | We measured a wind of {x}.
rain | amount | Rain: {x} fell. | There was {x} of rain.
sky | [clear, cloudy, grey, foggy, stormy] | The sky was {x}. | It stayed {x} all day.
observer | person | {x} wrote the report. | The observer is {x}.
warning for | place | There is a warning for {x}. | People in {x} should stay at home.
reported on | date | The report is from {x}. | It was sent on {x}.
===
workshop | machine | code
part | thing | It needs a new {x}. | The {x} was worn. | We replaced the {x}.
mechanic | person | {x} repaired it. | {x} did the work. | The mechanic was {x}.
price | amount | The bill was {x}. | It cost {x}.
fault | [noise, leak, rust, loose screw, flat tyre] | The trouble was a {x}. | We found a {x}.
ready on | date | It will be ready on {x}. | Come back on {x}.
maker | name | It was built by {x}. | {x} makes such machines.
===
post | parcel | code
sender | person | {x} sent it. | The sender is {x}. | It was handed in by {x}.
receiver | person | It is meant for {x}. | Please give it to {x}. | {x} is waiting for it.
town | place | It goes to {x}. | The address is in {x}.
content | thing | Inside is {x}. | It contains {x}.
weight | amount | It weighs {x}. | The weight is {x}.
arrives | date | It should arrive on {x}. | We expect it on {x}.
===
market | stall | name
sells | thing | They sell {x}. | You can buy {x} there. | It is known for its {x}.
also sells | thing | They have {x} as well. | Do not miss the {x}.
keeper | person | {x} runs it. | Behind the table stands {x}.
price | amount | One costs {x}. | They ask for {x}.
opens | clock | It opens at {x}. | From {x} it is open.
out of | thing | There is no {x} left. | They have run out of {x}.
===
hotel | guest | person
room | number | The room is number {x}. | The key is for room {x}.
arrival | date | The guest arrives on {x}. | The booking begins on {x}.
nights | number | The stay is {x} nights. | It is booked for {x} nights.
from | place | The guest travels from {x}. | The letter came from {x}.
breakfast | thing | For breakfast there should be {x}. | Please prepare {x}.
paid with | [cash, card, cheque, voucher] | It was paid with {x}. | The bill was settled by {x}.
===
films | film | phrase
director | person | {x} directed it. | It is a film by {x}.
actor | person | {x} plays the main part. | You will recognise {x}.
shot in | place | It was shot in {x}. | Most of it takes place in {x}.
length | amount | It runs for {x}. | The film lasts {x}.
first shown | date | It was first shown on {x}. | It came out on {x}.
kind | [comedy, drama, western, cartoon, thriller] | It is a {x}. | They call it a {x}.
===
expeditions | mountain | name
leader | person | {x} led the group. | The leader was {x}.
height | amount | It is {x} high. | They climbed {x}.
camp | place | The camp was at {x}. | They slept near {x}.
lost | thing | They lost the {x}. | The {x} fell into a gap.
guide | person | A guide named {x} went first. | Without {x} they would have turned back.
reached on | date | They stood on top on {x}. | The top was reached on {x}.
"""


@dataclass(frozen=True)
class Field:
    """One fact about a subject: its label, how its value is made, and the sentences that may state it."""

    label: str
    kind: str
    patterns: tuple[str, ...]

    def value(self, rng: Random) -> str:
        """A fresh value; a kind in brackets is a closed list."""
        if self.kind.startswith("["):
            return rng.choice(self.kind.strip("[]").split(", "))
        return KINDS[self.kind](rng)


@dataclass(frozen=True)
class Domain:
    """A kind of record."""

    name: str
    subject: str
    subject_kind: str
    fields: tuple[Field, ...]


def _parse(table: str) -> Domain:
    head, *lines = [[cell.strip() for cell in line.split(" | ")] for line in table.strip().splitlines()]
    name, subject, subject_kind = head
    return Domain(name, subject, subject_kind, tuple(Field(label, kind, tuple(patterns)) for label, kind, *patterns in lines))


DOMAINS = tuple(_parse(table) for table in TABLES.split("==="))


def invented_domain(rng: Random) -> Domain:
    """A domain made up on the spot, whose cues are as new as its values: what a label asks for must be read off the text itself."""
    fields = []
    for _ in range(rng.randint(2, 6)):
        label = rng.choice((words.pseudo_word, words.phrase, lambda r: r.choice(words.NOUNS)))(rng)
        frame = rng.choice(
            (
                f"The {label} is {{x}}.",
                f"{label.capitalize()}: {{x}}.",
                f"{{x}} is the {label}.",
                f"It has {{x}} as its {label}.",
                f"As for the {label}, they chose {{x}}.",
                f"The {rng.choice(words.NOUNS)} {rng.choice(words.VERBS)} {{x}} as {label}.",
                f"Its {label} was {{x}}, I believe.",
            )
        )
        fields.append(Field(label, rng.choice(tuple(KINDS)), (frame,)))
    return Domain(words.pseudo_word(rng), rng.choice(words.NOUNS), rng.choice(("name", "code", "thing", "person", "place")), tuple(fields))
