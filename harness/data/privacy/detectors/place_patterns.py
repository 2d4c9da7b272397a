"""Places below a state: streets with the rest of their address, cities, and postal codes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from harness.data.privacy.detectors.identifier import Identifier
from harness.data.privacy.detectors.plain_words import CAPITALISED, is_plain_word
from harness.data.privacy.detectors.street_patterns import find_streets
from harness.data.privacy.detectors.word_files import read_words

_STATES = (
    "AL|AK|AZ|AR|CA|CO|CT|DE|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR|PA|RI|SC|SD|TN|"
    "TX|UT|VT|VA|WA|WV|WI|WY|"
    "DC|PR|AE|AP|AA|ON|QC|BC|AB|MB|SK|NS|NB"
)
_ZIP = re.compile(rf"\b(?:{_STATES})[,.]?[ \t\n]{{1,3}}(\d{{5}}(?:-\d{{4}})?)(?![\w-])")
_ZIP_LABEL = re.compile(
    r"\b(?:zip(?: ?code)?|postal code|post ?code|postcode)\b\W{0,3}(?:is|was|:)?\W{0,2}((?=[A-Z\d -]*\d)[A-Z\d]{3,5}(?:[ "
    r"-][A-Z\d]{2,4})?)\b",
    re.IGNORECASE,
)
_ZIP_PLUS_FOUR = re.compile(r"(?<![\w-])\d{5}-\d{4}(?![\w-])")
_BRITISH = re.compile(
    r"\b(?:GIR ?0AA|[A-PR-UWYZ](?:\d{1,2}|[A-HK-Y]\d{1,2}|\d[A-HJKSTUW]|[A-HK-Y]\d[ABEHMNPRV-Y]) \d[ABD-HJLNP-UW-Z]{2})\b"
)
_CANADIAN = re.compile(r"\b[ABCEGHJ-NPRSTVXY]\d[A-Z][ -]?\d[A-Z]\d\b")
_CITY_STATE = re.compile(rf"(?<![\w'])((?:{CAPITALISED}[ \t]+){{0,2}}{CAPITALISED}),[ \t\n]+(?=(?:{_STATES})\b)")
# The part of an address that follows the street
_TAIL = re.compile(
    rf"[ \t]*[,\n][ \t\n>]*(?P<city>{CAPITALISED}(?:[ \t-]{CAPITALISED}){{0,3}})(?:[ \t]*\n?[ \t]*,[ \t]*(?:{_STATES})\b)?"
    rf"(?:[ \t]*[\n,][ \t>]*(?:{CAPITALISED}[ \t]?){{1,3}})?(?:[ \t,\n>]{{1,12}}(?P<zip>\d{{4,6}}(?:-\d{{4}})?|\d{{3}} \d{{2}}))?(?![\w-])"
)
_TAIL_ZIP = re.compile(rf"[ \t]*[,\n][ \t]*(?P<zip>\d{{4,6}})[ \t,]+(?P<city>{CAPITALISED}(?:[ \t-]{CAPITALISED}){{0,2}})")
_ZIP_CITY = re.compile(rf"\b(?P<city>{CAPITALISED}(?:[ \t]{CAPITALISED}){{0,2}}),?[ \t](?P<zip>\d{{5}})(?![\w.,-]*\d)")
_IN_PLACE = re.compile(
    rf"\b(?P<how>in|near|around|outside|visit(?:ed|ing)?|leaving|born in|arrived (?:at|in)|city of|town of|village of|suburb of|county of|"
    rf"(?:fl[ey]w|fly|flying|moved?|moving|travel\w*|went|gone|go|going|drove|driving|trip|back|came?|coming|relocat\w+|transfer\w*|"
    rf"commut\w+)(?: here| over| back)? "
    rf"(?:to|from)|(?P<weak>from|to|at|of|towards?|between))[ \t]+"
    rf"((?:{CAPITALISED}[ \t-])?(?:{CAPITALISED}[ \t-])?{CAPITALISED})(?!\w)"
)
_LABELLED_CITY = re.compile(
    rf"\b(?:[Cc]ity|[Tt]own|[Rr]esidence|[Ll]ives in|[Ll]iving in|[Hh]ometown|[Cc]ounty|[Pp]lace of birth|[Bb]irthplace)(?:[ \t]*:[ "
    rf"\t]*| is )((?:{CAPITALISED}[ \t]){{0,2}}{CAPITALISED})"
)


_LEAST_UNKNOWN = 4  # letters of a word in no list that is taken for a place


def find_places(text: str) -> Iterator[Identifier]:
    """Streets with what follows them, cities and postal codes."""
    for start, end in find_streets(text):
        yield Identifier(start, end, "STREET", 0.83)
        yield from _find_tail(text, end)
    if any(map(str.isdigit, text)):
        for pattern, group in ((_ZIP, 1), (_ZIP_LABEL, 1), (_ZIP_PLUS_FOUR, 0), (_BRITISH, 0), (_CANADIAN, 0)):
            for match in pattern.finditer(text):
                yield Identifier(*match.span(group), "ZIP", 0.8)
        for match in _ZIP_CITY.finditer(text):
            if not any(map(is_plain_word, match["city"].split())) and not re.fullmatch(_STATES, match["city"]):
                yield Identifier(*match.span("zip"), "ZIP", 0.6)
                yield Identifier(*match.span("city"), "CITY", 0.6)
    for pattern in (_CITY_STATE, _LABELLED_CITY):
        for match in pattern.finditer(text):
            yield Identifier(*match.span(1), "CITY", 0.8)
    yield from _find_cities(text)


def _find_tail(text: str, end: int) -> Iterator[Identifier]:
    match = _TAIL.match(text, end) or _TAIL_ZIP.match(text, end)
    if match is None:
        return
    if match["zip"]:
        yield Identifier(*match.span("zip"), "ZIP", 0.8)
    if not all(map(is_plain_word, match["city"].split())):
        yield Identifier(*match.span("city"), "CITY", 0.75)


@cache
def _city_pattern() -> re.Pattern[str]:
    return re.compile(rf"(?<![\w'’-]){CAPITALISED}(?:[ -](?:{CAPITALISED}|am|an|der|de|do|da|in|of|the|nad|i|Main))*")


def _find_cities(text: str) -> Iterator[Identifier]:
    cities = read_words("cities")
    for match in _city_pattern().finditer(text):
        words = [(m.start(), m.end()) for m in re.finditer(r"[^ ]+", match.group())]
        i = 0
        while i < len(words):
            for j in range(min(len(words), i + 4), i, -1):
                start, end = words[i][0], words[j - 1][1]
                if match.group()[start:end].casefold() in cities:
                    # a city of one word among other names is a surname: "Anna Berlin"
                    confidence = 0.62 if j - i > 1 or len(words) == 1 else 0.3
                    yield Identifier(match.start() + start, match.start() + end, "CITY", confidence)
                    i = j - 1
                    break
            i += 1
    for match in _IN_PLACE.finditer(text):
        place = match[3]
        if not any(map(is_plain_word, re.split(r"[ \t-]", place))) and len(place) >= _LEAST_UNKNOWN:
            yield Identifier(*match.span(3), "CITY", 0.52 if match["weak"] else 0.58)
