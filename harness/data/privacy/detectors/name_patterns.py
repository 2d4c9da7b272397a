"""Names of people: by titles, by the words around them, by lists, and wherever a part of a name that was found occurs again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from re import Match

from harness.data.privacy.detectors.identifier import Identifier
from harness.data.privacy.detectors.plain_words import CAPITALISED, is_first_name, is_last_name, is_listed_name, is_plain_word

_PARTICLE = (
    r"(?:van der|van den|van de|von der|de la|de los|van|von|de|del|della|da|dos|di|du|der|den|ter|ten|le|la|bin|ibn|al|el|af|av|y|e)"
)
_INITIAL = r"[A-ZÀ-ÖØ-Þ]\."
_WORD = rf"(?:{CAPITALISED})"
_GAP = r"[ \t]+"
# Words that can be a name together: "Mara Oduya", "J. R. van der Berg", "Maria de la Cruz"
_SEQUENCE = re.compile(
    rf"(?<![\w@/.'’-])(?:{_INITIAL}[ \t]?){{0,3}}{_WORD}(?:{_GAP}(?:[A-Z]\.?(?={_GAP}[A-Z])|{_PARTICLE}{_GAP}{_WORD}|{_WORD}))*(?![@\w/])"
)
_TOKEN = re.compile(rf"{_WORD}|{_INITIAL}|[A-Z]\b|[a-z]+")
_ONE_WORD = re.compile(rf"(?<![\w@.'’-]){CAPITALISED}(?![\w@])")
_TITLES = (
    r"(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Doctor|Sir|Dame|Madam|Rev|Fr|Sister|Nurse|Hon|Judge|Capt|Captain|Sgt|Lt|Col|Uncle|Aunt|"
    r"Herr|Frau|Señora?|Mme|M)"
)
_TITLE_BEFORE = re.compile(rf"(?:^|[^\w]){_TITLES}\.?,?[ \t]+$", re.IGNORECASE)
_AFTER_TITLE = re.compile(
    rf"(?<![\w'’]){_TITLES}\.?{_GAP}((?:{_INITIAL}{_GAP}?|{_WORD}{_GAP}){{0,3}}(?:{_PARTICLE}{_GAP})?{_WORD})", re.MULTILINE
)
_LABEL = re.compile(
    r"(?:\b(?:patient(?:'s)?(?:[ _]name)?|(?:full|first|last|middle|given|family|maiden|sur|legal|contact|mother'?s|father'?s|"
    r"spouse)?[ _]?name|surname|dictated by|signed(?: by)?|"
    r"electronically signed by|attending(?: physician)?|physician|provider|referr(?:ed|ing)(?: physician| by| provider)?|surgeon|"
    r"assistant|anesthesiologist|author|"
    r"next of kin|emergency contact|guardian|mother|father|wife|husband|daughter|son|spouse|caregiver|attn|attention|cc|pcp|from|to|"
    r"transcribed by|reviewed by|"
    r"seen by|interviewer|informant|client|employer|contact(?: person)?|witness|therapist|counselor|sincerely|regards|cheers|"
    r"yours(?: truly)?)\s*[:,]\s*)$",
    re.IGNORECASE,
)
_INTRODUCED = re.compile(
    r"\b(?:my name is|name is|i am|i'm|this is|it's|called|named|i am called|call me|goes by|known as|nicknamed|signed|meet|hello|hi|"
    r"hey|dear|thanks|thank you|regards|"
    r"sincerely|says|said|asked|told|replied|(?:spoke|talked|speaking|discussed|discussion|conversation|consulted|appointment|lives) "
    r"(?:to|with)|called by|tell|ask|met(?: with)?|married(?: to)?|by|seeing|saw|wife|husband|son|daughter|brother|"
    r"sister|mother|father|friend|partner|uncle|aunt|neighbou?r|colleague|nephew|niece|grandson|granddaughter|caregiver|boss|"
    r"referred by|seen by|"
    r"accompanied by|signed by|directed by|written by|starring|attn)[,:]?[ \t\n]+$",
    re.IGNORECASE,
)
_STRONG_INTRODUCTION = re.compile(
    r"(?:name is|my name's|call me|named|i am called|signed|directed by|says|said)[,:]?[ \t\n]+$", re.IGNORECASE
)
_SIGNATURE = re.compile(rf"(?:[Rr]egards|[Ss]incerely|[Tt]hanks|[Cc]heers|[Yy]ours(?: truly)?),?\s*\n+\s*({_WORD}(?:{_GAP}{_WORD}){{0,2}})")
_REVERSED = re.compile(rf"(?<![\w.])({_WORD}),[ \t]({_WORD}(?:[ \t][A-Z]\.?)?)(?!\w)")
_LOWER_INTRODUCED = re.compile(
    r"\b(?:my name is|patient name:?|patient:|name:|mr\.?|mrs\.?|ms\.?|dr\.?)[ \t]+([a-zà-ž'-]{2,20}(?:[ \t][a-zà-ž'-]{2,20})?)\b",
    re.IGNORECASE,
)
_INTRODUCING = ("name", "patient", "mr", "ms", "dr")
_SPEECH = re.compile(
    r"[ \t]+(?:says|said|asked|replied|told|reports|reported|denies|denied|states|stated|complains|presents|presented|lives|agreed|"
    r"arrived|works|shouted|"
    r"began|noticed|describes|is an? \d+|is (?:very|here|with us)|(?:was|has been|were) (?:called|seen|born|told|asked|advised|"
    r"informed|admitted|discharged|referred))\b"
)
_NOT_PERSON_AFTER = re.compile(
    r"(?:['’]s)?[ \t]+(?:disease|syndrome|sign|test|score|scale|palsy|maneuver|phenomenon|criteria|lymphoma|catheter|stain|index|"
    r"classification|fracture|"
    r"Hospital|Clinic|Cent(?:er|re)|University|College|School|Institute|Street|Avenue|Road|Inc|Ltd|LLC|Corp|GmbH|Group|Bank|Company|"
    r"Orchestra|Foundation|Museum|Airport)\b"
)
_BEFORE_THING = re.compile(r"\b(?:the|a|an|at|on|in|our|your|their|with|of|for|via)[ \t]+$", re.IGNORECASE)
_WITH = re.compile(r"\b(?:with|on|for|of|about|via)[ \t]+$", re.IGNORECASE)
_DOSE_AFTER = re.compile(r"[ \t]*\(?\d|[ \t]+(?:for|tablets?|capsules?|drops?|cream|inhaler|injection|spray|and [a-z])")
_LOWER_BEFORE = re.compile(r"[a-z][a-z,;]+[ \t]+$")
_OTHER_NAME_AFTER = re.compile(rf"[ \t]+(?:and|or|&)[ \t]+{CAPITALISED}")
_OTHER_NAME_BEFORE = re.compile(rf"{CAPITALISED}[ \t]+(?:and|or|&)[ \t]+$")
_LEAST_UNKNOWN = 4  # letters of a word in no list that is taken for a name
_LOOK_BACK = 5  # words of a sequence that decide about the next
_MIN_REPEATED = 3  # letters of a part of a name that is searched for in the rest of the text


def find_names(text: str) -> Iterator[Identifier]:
    """Names, with every further mention of one of their parts."""
    parts: set[str] = set()
    named = list(_find_candidates(text))
    for each in named:
        for token in _TOKEN.findall(text[each.start : each.end]):
            if len(token) >= _MIN_REPEATED and token[0].isupper() and (each.confidence >= 0.6 or not is_plain_word(token)):
                parts.add(token)
    yield from named
    repeatable = {form for part in parts if not is_plain_word(part) for form in (part, part.upper())}
    if repeatable:
        for match in _ONE_WORD.finditer(text):
            if match.group() in repeatable:
                yield Identifier(*match.span(), "NAME", 0.56)


def _find_candidates(text: str) -> Iterator[Identifier]:
    for match in _SEQUENCE.finditer(text):
        yield from _judge_sequence(text, match)
    for match in _AFTER_TITLE.finditer(text):
        start, end = _strip_plain(text, *match.span(1), keep_first=True)
        first = text[start:end].split(maxsplit=1)[0] if end > start else ""
        if first and not (is_plain_word(first) and not is_listed_name(first)):
            yield Identifier(start, end, "NAME", 0.9)
    for match in _SIGNATURE.finditer(text) if "\n" in text else ():
        if not is_plain_word(match[1].split()[0]):
            yield Identifier(*match.span(1), "NAME", 0.8)
    for match in _REVERSED.finditer(text):
        last, first = match[1], match[2].split()[0]
        if (
            (is_last_name(last) or not is_plain_word(last))
            and is_first_name(first)
            and not is_plain_word(first)
            and not is_first_name(last)
        ):
            yield Identifier(*match.span(), "NAME", 0.65)
    lower = text.lower()
    for match in _LOWER_INTRODUCED.finditer(text) if any(word in lower for word in _INTRODUCING) else ():
        words = match[1].split()
        is_strong = match.group().lower().startswith(("my name", "patient name"))
        known = [word for word in words if (is_strong or is_listed_name(word)) and not is_plain_word(word)]
        if match[1].islower() and known and words[0] in known:
            end = match.end(1) if len(known) == len(words) else match.start(1) + len(words[0])
            yield Identifier(match.start(1), end, "NAME", 0.7)


def _judge_sequence(text: str, match: Match[str]) -> Iterator[Identifier]:
    """The runs of words in a sequence of capitalised words that can be names, each judged by its words and what is around it."""
    run: list[tuple[int, int]] = []
    tokens = [(m.start() + match.start(), m.end() + match.start()) for m in _TOKEN.finditer(match.group())]
    for position, (start, end) in enumerate(tokens):
        word = text[start:end]
        following = text[tokens[position + 1][0] : tokens[position + 1][1]] if position + 1 < len(tokens) else ""
        if _can_be_part(word, following, [text[a:b] for a, b in run[-_LOOK_BACK:]]):
            run.append((start, end))
            continue
        yield from _judge_run(text, run)
        run = []
    yield from _judge_run(text, run)


def _can_be_part(word: str, following: str, before: list[str]) -> bool:
    if len(word.rstrip(".")) == 1:
        return True
    if word[0].islower():  # a particle
        return bool(before)
    if not is_plain_word(word):
        return True
    # "Grace Hopper", "Michael Brown": an ordinary word can be a part of a name beside one that is not
    previous = next((w for w in reversed(before) if len(w.rstrip(".")) > 1 and w[0].isupper()), "")
    if is_last_name(word) and is_first_name(previous):
        return True
    is_before_last = following.islower() or (is_last_name(following) and not is_plain_word(following))
    return is_first_name(word) and bool(following) and is_before_last


def _judge_run(text: str, run: list[tuple[int, int]]) -> Iterator[Identifier]:
    while run and (text[run[-1][0]].islower() or (len(run) > 1 and run[-1][1] - run[-1][0] == 1 and text[run[-1][0] : run[-1][1]] in "AI")):
        run = run[:-1]
    if not run:
        return
    start, end = run[0][0], run[-1][1]
    end = _without_possessive(text, start, end)
    words = [text[a:b] for a, b in run]
    full = [w for w in words if len(w.rstrip(".")) > 1 and w[0].isupper()]
    if not full or _NOT_PERSON_AFTER.match(text, end):
        return
    confidence = _confidence(text, start, end, full)
    if confidence >= 0.5:
        yield Identifier(start, end, "NAME", confidence)


def _confidence(text: str, start: int, end: int, words: list[str]) -> float:
    """How certain a name is, by the first rule that applies; 0 if none does."""
    before = text[max(0, start - 40) : start]
    listed_first = any(is_first_name(w) for w in words)
    listed = listed_first or any(is_last_name(w) for w in words)
    is_capitals = all(w.isupper() for w in words)
    if _TITLE_BEFORE.search(before):
        return 0.9
    if not (is_capitals and len(words) == 1 and not listed) and _LABEL.search(before):
        return 0.8
    if _STRONG_INTRODUCTION.search(before):
        return 0.75
    if is_capitals:
        return 0.65 if listed_first and len(words) > 1 and all(is_listed_name(w) for w in words) else 0.0
    if len(words) > 1 and listed:
        return 0.7
    return 0.7 if _INTRODUCED.search(before) or _SPEECH.match(text, end) else _unannounced_confidence(text, start, end, words)


def _unannounced_confidence(text: str, start: int, end: int, words: list[str]) -> float:
    """How certain a name is that no word announces: several unknown words, or one word."""
    if len(words) > 1:
        before = text[max(0, start - 12) : start]
        return 0.3 if _BEFORE_THING.search(before) and not _WITH.search(before) else 0.52
    if is_first_name(words[0]):
        return 0.6
    if is_last_name(words[0]) and len(words[0]) >= _LEAST_UNKNOWN:
        return 0.54
    return 0.51 if _is_alone_in_sentence(text, start, end, words[0]) else 0.0


def _is_alone_in_sentence(text: str, start: int, end: int, word: str) -> bool:
    """Whether an unknown word is capitalised in the middle of a sentence, without an article, a dose or a capitalised word beside it."""
    if len(word) < _LEAST_UNKNOWN or not word[1:].islower() or _BEFORE_THING.search(text, max(0, start - 12), start):
        return False
    if _DOSE_AFTER.match(text, end):
        return False
    return bool(
        _LOWER_BEFORE.search(text, max(0, start - 20), start)
        or _OTHER_NAME_AFTER.match(text, end)
        or _OTHER_NAME_BEFORE.search(text, max(0, start - 30), start)
    )


def _without_possessive(text: str, start: int, end: int) -> int:
    return end - 2 if text[start:end].endswith(("'s", "’s")) else end


def _strip_plain(text: str, start: int, end: int, *, keep_first: bool) -> tuple[int, int]:
    """Cut the ordinary words at the end: of "Dr. Oduya Will" the last."""
    tokens = [(m.start() + start, m.end() + start) for m in _TOKEN.finditer(text[start:end])]
    least = 1 if keep_first else 0
    while (
        len(tokens) > least and is_plain_word(text[tokens[-1][0] : tokens[-1][1]]) and not is_last_name(text[tokens[-1][0] : tokens[-1][1]])
    ):
        tokens.pop()
    return (start, _without_possessive(text, start, tokens[-1][1])) if tokens else (start, start)
