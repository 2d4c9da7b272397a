"""Numbers in a text, in digits and in words, with their units, and dates. English words, international units.

"26-year-old", "twenty-six years"  →  26 year        "1,000 milligrams"  →  1000 mg        "120/80 mmHg"  →  120, and 80 mmhg
"12,5 mg", "12.5 mg"  →  12.5 mg                     "3/14/2024", "14 March 2024", "March 14th, 2024"  →  one date

A comma before three digits separates thousands; before one or two digits it is a decimal comma. Only non-breaking spaces (U+00A0, U+202F,
U+2009) separate thousands, because "2 500 mg tablets" are two tablets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

NUMBER = re.compile(r"(?<![\w.])(?:(?:\d{1,3}(?:[,\u00a0\u202f\u2009]\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+)")
_DECIMAL_COMMA = re.compile(r"(?<![\d,.])(\d+),(\d{1,2})(?![\d,]*\d)")
_BETWEEN_THOUSANDS = re.compile(r"[,\u00a0\u202f\u2009]")
_DATE = re.compile(r"\b(\d{1,4})[/.-](\d{1,2})[/.-](\d{4}|\d{2})\b")
_MONTHS = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"]
_MONTH = rf"(?P<month>{'|'.join(rf'{name[:3]}(?:{name[3:]})?' for name in _MONTHS)}|sept)\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_NAMED_DATES = tuple(
    re.compile(rf"\b{front},?\s+(?P<year>\d{{4}})\b", re.IGNORECASE) for front in (rf"{_DAY}\s+(?:of\s+)?{_MONTH}", rf"{_MONTH}\s+{_DAY}")
)
_SMALL = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORD_VALUES = {word: n for n, word in enumerate(_SMALL.split())} | {word: 10 * n for n, word in enumerate(_TENS.split(), start=2)}
_SPELLED = re.compile(
    rf"\b(?:(?P<tens>{'|'.join(_TENS.split())})(?:[\s-](?P<ones>{'|'.join(_SMALL.split()[1:10])}))?|(?P<small>{'|'.join(_SMALL.split())}))\b",
    re.IGNORECASE,
)
_HUNDRED = re.compile(r"[\s-](hundred|thousand)\b", re.IGNORECASE)
_ARTICLE = re.compile(r"\b(?:an?|another|every|each|per|last|next|this|one|half an?)\s+(?P<unit>[^\W\d_]+)", re.IGNORECASE)

# The spellings of each unit.
_UNITS = {
    "mg": "mg milligram milligrams",
    "mcg": "mcg µg μg ug microgram micrograms",
    "g": "g gram grams gm",
    "kg": "kg kilogram kilograms kilo kilos",
    "ml": "ml milliliter milliliters millilitre millilitres cc",
    "l": "l liter liters litre litres",
    "mmhg": "mmhg",
    "cm": "cm centimeter centimeters centimetre centimetres",
    "mm": "mm millimeter millimeters millimetre millimetres",
    "m": "m meter meters metre metres",
    "km": "km kilometer kilometers kilometre kilometres",
    "%": "% percent pct",
    "year": "year years yr yrs yo",
    "month": "month months",
    "week": "week weeks wk wks",
    "day": "day days",
    "hour": "hour hours hr hrs h",
    "minute": "minute minutes min mins",
    "second": "second seconds sec secs",
    "degree": "degree degrees °",
    "pound": "pound pounds lb lbs",
    "foot": "foot feet ft",
    "inch": "inch inches",
    "dollar": "dollar dollars usd $",
    "euro": "euro euros eur €",
    "tablet": "tablet tablets pill pills",
    "time": "time times",
}
_UNIT_BY_WORD = {word: unit for unit, words in _UNITS.items() for word in words.split()}
UNIT_WORDS = frozenset(_UNIT_BY_WORD)
NUMBER_WORDS = frozenset(_WORD_VALUES)
_AFTER_NUMBER = re.compile(r"[\s-]?(?P<unit>[^\W\d_]+|%|°|\$|€)")


@dataclass(frozen=True)
class Quantity:
    """A number with its unit, which is "" if no known unit follows the number."""

    value: float
    unit: str

    def in_days(self) -> float | None:
        """The length of days and weeks, whose relation is fixed; None for anything else."""
        return {"day": self.value, "week": 7 * self.value}.get(self.unit)

    def __str__(self) -> str:
        if self.unit == "date":
            year, rest = divmod(int(self.value), 10_000)
            return f"{year}-{rest // 100:02}-{rest % 100:02}"
        return f"{self.value:g} {self.unit}".rstrip()


def quantities(text: str) -> Iterator[Quantity]:
    """The numbers in digits and in words, and the dates. A date is one number, in whatever order day and month are written."""
    spans = list(_dates(text))
    yield from (_date_quantity(*parts) for _, parts in spans)
    for (start, end), _ in spans:
        text = text[:start] + "." * (end - start) + text[end:]
    text = _DECIMAL_COMMA.sub(r"\1.\2", text)
    for match in NUMBER.finditer(text.replace("/", " ")):
        yield Quantity(float(_BETWEEN_THOUSANDS.sub("", match.group())), _unit_after(text, match.end()))
    for match in _SPELLED.finditer(text):
        value = float(
            _WORD_VALUES[match["small"].lower()]
            if match["small"]
            else _WORD_VALUES[match["tens"].lower()] + _WORD_VALUES.get((match["ones"] or "zero").lower(), 0)
        )
        end = match.end()
        multiplier = _HUNDRED.match(text, end)
        if multiplier:
            value, end = value * (100 if multiplier[1].lower() == "hundred" else 1000), multiplier.end()
        yield Quantity(value, _unit_after(text, end))


def date_parts(text: str) -> Iterator[Quantity]:
    """The days, months and years of all dates, so that the year of a date can be found by itself. They match no other number."""
    for _, parts in _dates(text):
        yield from (Quantity(float(part), "of a date") for part in parts)


def _dates(text: str) -> Iterator[tuple[tuple[int, int], tuple[int, int, int]]]:
    """The span of each date, and its year with day and month, the smaller of the two first."""
    for match in _DATE.finditer(text):
        parts = sorted(int(part) for part in match.groups())
        if parts[-1] > 99:
            yield match.span(), (parts[2], parts[0], parts[1])
        else:
            first, second = sorted((int(match[1]), int(match[2])))
            yield match.span(), (2000 + int(match[3]), first, second)
    for pattern in _NAMED_DATES:
        for match in pattern.finditer(text):
            month = next(i for i, name in enumerate(_MONTHS, start=1) if match["month"].lower().startswith(name[:3]))
            first, second = sorted((int(match["day"]), month))
            yield match.span(), (int(match["year"]), first, second)


def _date_quantity(year: int, first: int, second: int) -> Quantity:
    return Quantity(float(year * 10_000 + first * 100 + second), "date")


def _unit_after(text: str, end: int) -> str:
    match = _AFTER_NUMBER.match(text, end)
    return _UNIT_BY_WORD.get(match["unit"].lower(), "") if match else ""


def units_with_articles(text: str) -> Iterator[Quantity]:
    """One of a unit: "a week", "every day"."""
    for match in _ARTICLE.finditer(text):
        if match["unit"].lower() in _UNIT_BY_WORD:
            yield Quantity(1.0, _UNIT_BY_WORD[match["unit"].lower()])
