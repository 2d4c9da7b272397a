"""Surrogates of people's names. A part of a name keeps its surrogate within a scope; first names keep the gender of the lists."""

from __future__ import annotations

import re

from harness.data.privacy.detectors import read_list, read_words, split_words
from harness.data.privacy.surrogates.characters import keep_case
from harness.data.privacy.surrogates.keyed_choice import KeyedChoice
from harness.data.privacy.surrogates.scope import Scope

_PART = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_TRIES = 50
_MALE, _FEMALE = (
    re.compile(r"\b(?:Mr|Sir|Herr|Señor|Uncle)\.?\s*$", re.IGNORECASE),
    re.compile(r"\b(?:Mrs|Ms|Miss|Frau|Señora|Aunt|Mme)\.?\s*$", re.IGNORECASE),
)
_PARTICLES = frozenset(split_words("van von der den de del della da dos di du ter ten le la bin ibn al el af av y e"))
_KEPT = frozenset(split_words("mr mrs ms miss mx dr prof professor doctor jr sr md phd rn"))


def replace_name(text: str, before: str, scope: Scope, choice: KeyedChoice) -> str:
    """The name with a surrogate for each of its parts; particles, punctuation and case stay.

    Args:
        before: the text before the name, which may end in a title.
    """
    parts = [match.group() for match in _PART.finditer(text)]
    words = [part for part in parts if len(part) > 1 and part.lower() not in _PARTICLES]
    is_reversed = "," in text
    gender = "male" if _MALE.search(before) else "female" if _FEMALE.search(before) else None

    def replace(match: re.Match[str]) -> str:
        part = match.group()
        lower = part.casefold()
        if lower in _KEPT or (lower in _PARTICLES and not part[0].isupper()):
            return part
        if len(part) == 1:
            return keep_case(choice.item("ABCDEFGHJKLMNPRSTW", scope.name, "initial", lower), part)
        place = words.index(part)
        is_last = place == 0 if is_reversed else place == len(words) - 1 and (len(words) > 1 or gender is not None)
        return keep_case(surrogate_part(part, scope, choice, is_last=is_last, gender=gender), part)

    return _PART.sub(replace, text)


def surrogate_part(part: str, scope: Scope, choice: KeyedChoice, *, is_last: bool, gender: str | None = None) -> str:
    """The surrogate of one part of a name, the same at every mention in the scope, and no one else's."""
    lower = part.casefold()
    if lower not in scope.names:
        kind = _choose_list(lower, is_last, gender)
        names = read_list(kind)
        used = {name.casefold() for name in scope.names.values()} | scope.names.keys() | {lower}
        for attempt in range(_TRIES):
            scope.names[lower] = choice.item(names, scope.name, "name", lower, str(attempt))
            if scope.names[lower].casefold() not in used:
                break
    return scope.names[lower]


def _choose_list(lower: str, is_last: bool, gender: str | None) -> str:
    female, male, last = (lower in read_words(name) for name in ("first_names_female", "first_names_male", "last_names"))
    if is_last and (last or not (female or male)):
        return "surrogate_last"
    if female != male:
        return "surrogate_female" if female else "surrogate_male"
    if is_last or (last and not female):
        return "surrogate_last"
    return f"surrogate_{gender or 'female'}"
