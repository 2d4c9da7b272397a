"""Decision records in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from harness.errors import setting

_FILES = {
    "same": "is here, and has the files that it had.",
    "changed": "is here, but its files are not those of the record.",
    "not found": "is not here, so its files were not checked.",
}
_CARD = {
    "same": "The data card is the one of the record.",
    "changed": "The data card is not the one of the record.",
    "not found": f"The data card was not checked. Name its folder: {setting('card', 'FOLDER')}.",
}


def describe_signer(fingerprint: str) -> str:
    """Who signed a record that was written."""
    return f"Signed with the key {fingerprint}. Give this fingerprint to those who check the record, by another way than the file."


def describe_check(
    subject: str,
    made: str,
    fingerprint: str | None,
    *,
    is_expected: bool | None,
    run: Literal["same", "changed", "not found"],
    card: Literal["same", "changed", "not found"] | None,
) -> Iterator[str]:
    """What the check of a record found, a sentence for each line.

    Args:
        fingerprint: None if the signature does not fit.
        is_expected: whether it is the fingerprint that the caller named; None if none was named.
    """
    yield f"Decision record of {subject}, made {made}."
    if fingerprint is None:
        yield "The signature does not fit: the record was changed after it was signed, or was never signed."
    else:
        yield f"The record is as it was signed, with the key {fingerprint}."
        if is_expected is False:
            yield "That is not the expected key: another person signed it."
        elif is_expected is None:
            yield "Compare the fingerprint with the one that you were given: every user can sign a record with a key of their own."
    yield f"{subject[0].upper()}{subject[1:]} {_FILES[run]}"
    if card is not None:
        yield _CARD[card]
