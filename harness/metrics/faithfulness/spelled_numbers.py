"""Numbers and ordinals in words, rewritten in digits. English.

"twenty-six years"  →  26 years            "two thousand eight", "nineteen eighty four"  →  2008, 1984
"ninety eight point six"  →  98.6          "January tenth two thousand nine"  →  January 10 2009

Speech leaves out words: "one twenty two" is 122 in "a heart rate of one twenty two", and 1 and 22 in a list; "seven thirty" may be a time.
`in_digits` takes the reading that needs no guess; `other_readings` gives the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

_SMALL = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
WORD_VALUES = {word: n for n, word in enumerate(_SMALL.split())} | {word: 10 * n for n, word in enumerate(_TENS.split(), start=2)}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_NUMBER = "|".join(sorted(WORD_VALUES, key=len, reverse=True))
_RUN = re.compile(
    rf"\b(?:{_NUMBER})(?:(?:\s+|-)(?:(?:and\s+)?(?:{_NUMBER})|{'|'.join(_SCALES)}|point|oh|o)\b)*(?<!\bpoint)(?<!\boh)(?<!\bo)",
    re.IGNORECASE,
)
_A_HUNDRED = re.compile(r"\ba\s+(?=hundred\b|thousand\b|million\b)", re.IGNORECASE)
_ONES = "first second third fourth fifth sixth seventh eighth ninth"
_TEENS = "tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
_ORDINALS = {word: n for n, word in enumerate((*_ONES.split(), *_TEENS.split()), start=1)} | {"thirtieth": 30, "thirty-first": 31}
_ORDINALS |= {f"twenty-{word}": 20 + n for n, word in enumerate(_ONES.split(), start=1)}
_ORDINAL = "|".join(sorted((word.replace("-", r"[\s-]") for word in _ORDINALS), key=len, reverse=True))
_MONTH = (
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
_MONTH_DAY = re.compile(rf"\b(?P<month>{_MONTH})\s+(?:the\s+)?(?P<day>{_ORDINAL})\b", re.IGNORECASE)
_DAY_MONTH = re.compile(rf"\b(?P<day>{_ORDINAL})\s+of\s+(?P<month>{_MONTH})\b", re.IGNORECASE)
_ANY = re.compile(rf"\b(?:{_NUMBER}|{_ORDINAL}|{'|'.join(_SCALES)})\b", re.IGNORECASE)


def in_digits(text: str) -> str:
    """The text with its number words in digits, and with the days of dates such as "January tenth" in digits."""
    if not _ANY.search(text):
        return text
    for pattern in (_MONTH_DAY, _DAY_MONTH):
        text = pattern.sub(lambda m: m.group().replace(m["day"], str(_ordinal(m["day"]))), text)
    text = _A_HUNDRED.sub("one ", text)
    return _RUN.sub(lambda m: " ".join(f"{value:g}" if value < 1e6 else str(int(value)) for value in _values(m.group())), text)


def other_readings(text: str) -> Iterator[tuple[int, int]]:
    """Two numbers in a row that may be one, as (first, second): "one twenty two" gives (1, 22), "seven thirty" (7, 30)."""
    for match in _RUN.finditer(text):
        values = _values(match.group())
        for first, second in pairwise(values):
            if 0 < first < 100 and 10 <= second < 100 and first == int(first) and second == int(second):
                yield int(first), int(second)


def _ordinal(word: str) -> int:
    return _ORDINALS["-".join(re.split(r"[\s-]", word.lower()))]


def _values(run: str) -> list[float]:
    """The numbers of a run of number words: "twenty six" is one, "two three" are two."""
    words = [word for word in re.split(r"[\s-]+", run.lower()) if word != "and"]
    values: list[float] = []
    i = 0
    while i < len(words):
        value, i = _cardinal(words, i)
        if i + 1 < len(words) and words[i] == "point":
            digits = []
            i += 1
            while i < len(words) and WORD_VALUES.get(words[i], 10) < 10:
                digits.append(str(WORD_VALUES[words[i]]))
                i += 1
            value = float(f"{int(value)}.{''.join(digits) or 0}")
        elif i < len(words) and words[i] in ("oh", "o"):
            if i + 1 < len(words) and WORD_VALUES.get(words[i + 1], 10) < 10 and value < 100:  # "nineteen oh five"
                value = 100 * value + WORD_VALUES[words[i + 1]]
                i += 1
            i += 1
        elif values and values[-1] in (18, 19, 20) and 10 <= value < 100:  # a year: "nineteen eighty four"
            value += 100 * values.pop()
        values.append(value)
    return values


def _cardinal(words: list[str], i: int) -> tuple[float, int]:
    """The number that begins at word i, and the index after it."""
    total = current = 0
    room = 1_000_000  # the next part must be smaller: "two thousand eight" is one number, "six seven" are two
    start = i
    while i < len(words):
        word = words[i]
        if word in _SCALES:
            if i == start:
                current = 1
            if word == "hundred":
                current, room = current * 100, 100
            else:
                total, current, room = total + current * _SCALES[word], 0, _SCALES[word]
        else:
            value = WORD_VALUES.get(word)
            if value is None or value >= room:
                break
            current += value
            room = 10 if value >= 20 else 1
            if value < 10:
                room = 0
        i += 1
    return float(total + current), max(i, start + 1)
