"""What identifiers become: surrogates drawn from a key, type tags, or nothing."""

from __future__ import annotations

from harness.data.privacy.surrogates.characters import replace_characters
from harness.data.privacy.surrogates.keyed_choice import KeyedChoice
from harness.data.privacy.surrogates.replacement import REMOVED, Removal, Replacement, Surrogates, Tags
from harness.data.privacy.surrogates.scope import SHIFTS, Scope, weeks_to_shift

__all__ = [
    "REMOVED",
    "SHIFTS",
    "KeyedChoice",
    "Removal",
    "Replacement",
    "Scope",
    "Surrogates",
    "Tags",
    "replace_characters",
    "weeks_to_shift",
]
