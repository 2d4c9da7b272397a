"""Messages about a file whose texts must not appear in them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.data.privacy.detectors import find_identifiers

_QUOTED = re.compile(r"'[^\n]*'")  # to the last quote of a line: a value may contain quotes itself


def withhold_values(message: str, name: str) -> str:
    """The message without the values that it quotes, and with a tag for every identifier in the rest.

    Args:
        name: of the file, which stays at the start of a message.
    """
    head = name if message.startswith(name) else ""
    return head + tag_identifiers(_QUOTED.sub("'…'", message.removeprefix(head)))


def tag_identifiers(text: str) -> str:
    """The text with a tag such as [NAME] for each identifier that patterns find."""
    for each in reversed(find_identifiers(text)):
        text = f"{text[: each.start]}[{each.kind}]{text[each.end :]}"
    return text


def nameable_columns(columns: Iterable[str]) -> list[str]:
    """The columns that a message may name. The first row of a file without a header is taken for names of columns."""
    return [column for column in columns if not find_identifiers(column)]
