"""Numbers and codes whose digits and letters are replaced, so that length, separators and case stay."""

from __future__ import annotations

import string

from harness.data.privacy.surrogates.keyed_choice import KeyedChoice


def replace_characters(text: str, choice: KeyedChoice, *subject: str) -> str:
    """The text with other digits for its digits and other letters for its letters. A first digit that is not 0 stays not 0."""
    result: list[str] = []
    is_first = True
    for place, character in enumerate(text):
        draw = (*subject, str(place))
        if character.isdigit():
            result.append(str(1 + choice.number(9, *draw)) if is_first and character != "0" else str(choice.number(10, *draw)))
            is_first = False
        elif character.isalpha():
            letters = string.ascii_uppercase if character.isupper() else string.ascii_lowercase
            result.append(choice.item(letters, *draw))
        else:
            result.append(character)
    surrogate = "".join(result)
    return surrogate if surrogate != text or not any(map(str.isalnum, text)) else replace_characters(text, choice, *subject, "again")


def fill_digits(text: str, digits: str) -> str:
    """Replace the last digits of a text, keeping everything else: ("(030) 1234", "99") gives "(030) 1299"."""
    characters = list(text)
    places = [place for place, character in enumerate(text) if character.isdigit()]
    for place, digit in zip(reversed(places), reversed(digits), strict=False):
        characters[place] = digit
    return "".join(characters)


def keep_case(surrogate: str, original: str) -> str:
    """The surrogate in capitals, or without, if the original is written so."""
    if len(original) > 1 and original.isupper():
        return surrogate.upper()
    return surrogate.lower() if original.islower() else surrogate
