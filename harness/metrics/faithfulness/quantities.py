"""Numbers in a text, in digits and in words, with their units, and dates. English words, international units.

"26-year-old", "twenty-six years"  →  26 year        "1,000 milligrams"  →  1000 mg        "120/80 mmHg"  →  120, and 80 mmhg
"12,5 mg", "12.5 mg"  →  12.5 mg                     "3/14/2024", "14 March 2024", "March 14th, 2024"  →  one date
"7:30 pm", "19:30"  →  one time of day (12-hour)     "2 g", "2000 mg"  →  the same amount in other units

A comma before three digits separates thousands; before one or two digits it is a decimal comma. Only non-breaking spaces (U+00A0, U+202F,
U+2009) separate thousands, because "2 500 mg tablets" are two tablets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.metrics.faithfulness.spelled_numbers import WORD_VALUES, in_digits, other_readings

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
NUMBER_WORDS = frozenset(WORD_VALUES) | {"hundred", "thousand", "million"}
# Amounts in the same dimension can be compared: the dimension, and how many of its smallest unit one unit is.
_SCALES = {
    "mcg": ("mass", 1.0), "mg": ("mass", 1e3), "g": ("mass", 1e6), "kg": ("mass", 1e9), "ml": ("volume", 1.0), "l": ("volume", 1e3),
    "mm": ("length", 1.0), "cm": ("length", 10.0), "m": ("length", 1e3), "km": ("length", 1e6),
    "second": ("time", 1.0), "minute": ("time", 60.0), "hour": ("time", 3600.0), "day": ("time", 86_400.0), "week": ("time", 604_800.0),
    "month": ("months", 1.0), "year": ("months", 12.0),
}  # fmt: skip
_COUNTS = {"once": 1, "twice": 2, "thrice": 3, "both": 2, "couple": 2, "pair": 2, "single": 1, "dozen": 12}
_COUNT = re.compile(rf"\b(?:{'|'.join(_COUNTS)})\b", re.IGNORECASE)
_CLOCK = re.compile(
    r"(?<![\d.:,])(?P<hour>[01]?\d|2[0-3])(?:[:.](?P<minute>[0-5]\d))?[ \u00a0\u202f]?(?P<half>[ap]\.?m\b\.?|o['’]?\s?clock\b)"
    r"|(?<![\d.:,])(?P<hour24>[01]?\d|2[0-3]):(?P<minute24>[0-5]\d)(?![\d:])",
    re.IGNORECASE,
)
_POINT_TIME = re.compile(r"(?<![\d.:,])([01]?\d|2[0-3])\.([0-5]\d)(?![\d.])")
_PAST = re.compile(r"\b(?P<part>half|quarter|\d{1,2})\s+(?P<way>past|to)\s+(?P<hour>\d{1,2})\b", re.IGNORECASE)
_CLOCK_UNIT = "o'clock"
_SPACED_UNIT = re.compile(r"(?<=\d )(?:M G|M L|K G|M C G|C M|M M)\b")
_AFTER_NUMBER = re.compile(r"[\s-]?(?P<unit>[^\W\d_]+|%|°|\$|€)")


@dataclass(frozen=True)
class Quantity:
    """A number with its unit, which is "" if no known unit follows the number."""

    value: float
    unit: str

    @property
    def amount(self) -> tuple[str, str] | None:
        """The dimension, and the amount in its smallest unit, rounded: equal for 2 g and 2000 mg; None for a unit without a scale."""
        if self.unit not in _SCALES:
            return None
        dimension, scale = _SCALES[self.unit]
        return dimension, f"{self.value * scale:.9g}"

    def __str__(self) -> str:
        if self.unit == "date":
            year, rest = divmod(int(self.value), 10_000)
            return f"{year}-{rest // 100:02}-{rest % 100:02}"
        if self.unit == _CLOCK_UNIT:
            return f"{int(self.value) // 60 or 12}:{int(self.value) % 60:02}"
        return f"{self.value:g} {self.unit}".rstrip()


class QuantityIndex:
    """The numbers of a text, to look others up in."""

    def __init__(self, text: str) -> None:
        everything = frozenset(quantities(text)) | frozenset(possible_quantities(text))
        self._exact = {(quantity.value, quantity.unit) for quantity in everything}
        self._values = {quantity.value for quantity in everything}
        self._plain = {quantity.value for quantity in everything if not quantity.unit}
        self._amounts = {quantity.amount for quantity in everything} - {None}

    def __contains__(self, quantity: Quantity) -> bool:
        """Whether the text has the amount: the same number, if one of the two has no unit, or an equal amount in another unit."""
        if (quantity.value, quantity.unit) in self._exact or quantity.value in self._plain or quantity.amount in self._amounts:
            return True
        if not quantity.unit:
            return quantity.value in self._values or (_time(quantity.value, 0).value, _CLOCK_UNIT) in self._exact
        hour = quantity.value / 60
        return quantity.unit == _CLOCK_UNIT and not {hour, hour + 12}.isdisjoint(self._plain)


def quantities(text: str) -> Iterator[Quantity]:
    """The numbers in digits and in words, the dates, and the times of day. A date is one number, in whatever order it is written."""
    text = _digits(text)
    spans = list(_dates(text))
    yield from (_date_quantity(*parts) for _, parts in spans)
    for (start, end), _ in spans:
        text = text[:start] + "." * (end - start) + text[end:]
    yield from _clock_times(text)
    text = _DECIMAL_COMMA.sub(r"\1.\2", _CLOCK.sub(lambda m: "." * len(m.group()), text))
    for match in NUMBER.finditer(text.replace("/", " ")):
        yield Quantity(float(_BETWEEN_THOUSANDS.sub("", match.group())), _unit_after(text, match.end()))


def possible_quantities(text: str) -> Iterator[Quantity]:
    """What else the numbers of a text can mean, which is enough to support a number, but not to claim one.

    The parts of dates and times; "a week" as 1 week, "twice" as 2; "one twenty two" as 122, "half past seven" and "6.30" as times.
    """
    digits = _digits(text)
    for _, parts in _dates(digits):
        yield from (Quantity(float(part), "of a date") for part in parts)
    for match in _CLOCK.finditer(digits):
        yield from (Quantity(float(part), "of a time") for name, part in match.groupdict().items() if part and name != "half")
    for match in _ARTICLE.finditer(text):
        if match["unit"].lower() in _UNIT_BY_WORD:
            yield Quantity(1.0, _UNIT_BY_WORD[match["unit"].lower()])
    yield from (Quantity(float(_COUNTS[match.group().lower()]), "") for match in _COUNT.finditer(text))
    for first, second in other_readings(text):
        yield Quantity(float(100 * first + second), "")
        yield from [_time(first, second)] if first < 24 and second < 60 else []
    yield from (_time(int(match[1]), int(match[2])) for match in _POINT_TIME.finditer(digits))
    for match in _PAST.finditer(digits):
        minutes = {"half": 30, "quarter": 15}.get(match["part"].lower()) or int(match["part"])
        yield _time(float(match["hour"]), minutes if match["way"].lower() == "past" else -minutes)


def _digits(text: str) -> str:
    """Numbers in digits, and units that are spelled out letter by letter, as in transcripts, in one piece: "forty M G" as "40 MG"."""
    return _SPACED_UNIT.sub(lambda m: m.group().replace(" ", ""), in_digits(text))


def _clock_times(text: str) -> Iterator[Quantity]:
    for match in _CLOCK.finditer(text):
        yield _time(float(match["hour"] or match["hour24"]), int(match["minute"] or match["minute24"] or 0))


def _time(hour: float, minute: int) -> Quantity:
    """A time of day on a 12-hour clock, in minutes."""
    return Quantity((60 * hour + minute) % 720, _CLOCK_UNIT)


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
