"""The label that a text names."""

from __future__ import annotations

import re
from collections.abc import Sequence

_EDGES = re.compile(r"^[\W_]+|[\W_]+$")


def match_label(text: str, choices: Sequence[str]) -> str | None:
    """The label that an output names: compared exactly, then ignoring case, then ignoring the punctuation around it.

    None if it names no label, or could mean several.
    """
    if text.strip() in choices:
        return text.strip()
    for normalize in (str.casefold, lambda label: _EDGES.sub("", label).casefold()):
        matches = [choice for choice in choices if normalize(choice.strip()) == normalize(text.strip()) != ""]
        if matches:
            return matches[0] if len(matches) == 1 else None
    return None
