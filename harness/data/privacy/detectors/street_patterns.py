"""Street addresses in the forms of English-speaking countries and of some others."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.data.privacy.detectors.plain_words import CAPITALISED
from harness.data.privacy.detectors.word_files import split_words

_SUFFIX = (
    r"(?:Streets?|St|Avenue|Ave|Av|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Sq(?:uares?)?|Terrace|Ter|Way|Circle|Cir|"
    r"Parkway|Pkwy|Highway|Hwy|Trail|Trl|Crescent|Close|Row|Alley|Loop|Plaza|Mews|Gardens|Grove|Walk|Hill|Pike|Turnpike|Route|Bypass|"
    r"Causeway|Crossing|Heights|Park|Wharf)\b\.?"
)
_NUMBER = r"\d{1,6}[A-Za-z]?(?:[-/]\d{1,4}[A-Za-z]?)?"
_UNIT = r"(?:\b(?:Apt|Apartment|Suite|Ste|Unit|Room|Rm|Floor|Fl|Flat|Building|Bldg)\b\.?[ \t]*#?|#)[ \t]*[A-Za-z]?-?\d{1,5}[A-Za-z]?\b"
_UNIT_AFTER = rf"(?:[,\s]{{0,3}}{_UNIT})"
# A word of a street's name, in one line: "Martin Luther King", "5th"
_WORDS = rf"(?:(?:{CAPITALISED}|\d{{1,3}}(?:st|nd|rd|th)|[NSEW]\.?|of|the|de|la|del)[ \t]+){{1,5}}"
_NUMBERED = re.compile(rf"\b{_NUMBER},?[ \t]+(?:{_NUMBER}[ \t]+)?{_WORDS}{_SUFFIX}(?:[ \t]+[NSEW]{{1,2}}\b)?{_UNIT_AFTER}?")
_NAMED_KINDS = ("Street", "Avenue", "Road", "Boulevard", "Lane", "Drive", "Terrace", "Crescent")
_NAMED = re.compile(
    rf"\b(?!The\b|This\b|My\b|Our\b|That\b|In\b|On\b|At\b)(?:{CAPITALISED}[ \t]+){{1,3}}(?:{'|'.join(_NAMED_KINDS)})\b"
    rf"(?:[ \t]+{_NUMBER}\b)?{_UNIT_AFTER}?"
)
_BOX = re.compile(r"\bP\.?\s?O\.?\s?Box\s+\d{1,6}\b|\b(?:PSC|Unit|CMR)\s+\d{1,5},?\s+Box\s+\d{1,6}\b")
_UNIT_ALONE = re.compile(_UNIT.replace("|#)", ")"))
# 10252 Dalmatinova 43 Apt. 678; 213 Pilekrogen 53,
_TWO_NUMBERS = re.compile(
    rf"\b\d{{2,6}}[ \t]+(?:{CAPITALISED}[ \t]+){{1,4}}\d{{1,4}}[A-Za-z]?\.?(?={_UNIT_AFTER}|[ \t]*[,\n]){_UNIT_AFTER}?"
)
_BEFORE_UNIT = re.compile(rf"\b(?:{CAPITALISED}[ \t]+){{1,4}}\d{{1,4}}[ \t\n,>]+{_UNIT}")
# Rue de Piétrain 371, ul. Więckowskiego 28, Via Roma 12, Calle Mayor 3
_KIND_FIRST = re.compile(
    r"\b(?:rue|via|calle|rua|ul\.|ulica|avenida|av\.|plaza|piazza|strada|corso|viale|avenue|chemin|allée|quai|impasse|boulevard|carrer|"
    r"travessa|ruta|c/|paseo|camino|str\.|sos\.|os\.|al\.|vico|largo|praça|bul\.)[ \t]+"
    rf"(?-i:(?:(?:{CAPITALISED}|d[eiuao]s?|della|del|dei|la|las|los|le|les|l'|d'|\d{{1,2}}(?:\.|er)?)[ \t]*){{1,5}}),?[ \t]*"
    r"(?:n[º°.]?[ \t]*)?\d{1,5}[A-Za-z]?\b(?:/\d+)?",
    re.IGNORECASE,
)
# Hammarvägen 15, Koskikatu 25, Hauptstraße 7; Fő út 12, Hoog St 4
_WORD_AND_NUMBER = re.compile(r"([^\W\d_]+)(\.?)[ \t]+\d{1,4}[A-Za-z]?\b\.?")
_ENDINGS = split_words(
    """
    straße strasse weg platz gasse allee damm ufer ring vägen gatan gränd stigen katu tie kuja polku laan straat plein dreef kade
    gade vej vænget allé vei veien veg gata utca útja tér ulice cesta ulica trg nám třída götu gate
    """
)
_KINDS_AFTER = ("u", "út", "utca", "tér", "körút", "köz", "krt", "st", "rd", "ave", "katu", "tie", "kuja", "str", "strasse", "straße")
_LEAST_WORD = 6  # letters of a word with such an ending: "tie 2" and "ring 3" are none
_WORDS_BEFORE = re.compile(rf"(?:\b\d{{2,6}}[ \t]+)?(?:\b{CAPITALISED}[ \t]+){{1,3}}$")
_NUMBER_BEFORE = re.compile(r"\b\d{2,6}[ \t]+$")
_REACH = 60  # characters before a word in which its street may start


def find_streets(text: str) -> Iterator[tuple[int, int]]:
    """Where streets and numbers of boxes and apartments are. Each pattern runs only where something in the text announces it."""
    if any(kind in text for kind in _NAMED_KINDS):
        yield from (match.span() for match in _NAMED.finditer(text))
    if not any(map(str.isdigit, text)):
        return
    patterns = [_NUMBERED, _UNIT_ALONE, _TWO_NUMBERS]
    if "Box" in text:
        patterns.append(_BOX)
    if _UNIT_ALONE.search(text) or "#" in text:
        patterns.append(_BEFORE_UNIT)
    for pattern in patterns:
        yield from (match.span() for match in pattern.finditer(text))
    for match in _KIND_FIRST.finditer(text):
        before = _NUMBER_BEFORE.search(text, max(0, match.start() - 10), match.start())
        yield before.start() if before else match.start(), match.end()
    yield from _find_kinds_after(text)


def _find_kinds_after(text: str) -> Iterator[tuple[int, int]]:
    for match in _WORD_AND_NUMBER.finditer(text):
        word = match[1].lower()
        is_compound = match[1][0].isupper() and len(word) >= _LEAST_WORD and word.endswith(_ENDINGS)
        if not (is_compound or word in _KINDS_AFTER):
            continue
        before = _WORDS_BEFORE.search(text, max(0, match.start() - _REACH), match.start())
        before = before or (_NUMBER_BEFORE.search(text, max(0, match.start() - 10), match.start()) if is_compound else None)
        if before or is_compound:
            yield before.start() if before else match.start(), match.end()
