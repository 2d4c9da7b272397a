"""Words of negation in English, and how far they reach: to the end of their clause.

The idea is NegEx's (Chapman et al. 2001, "A simple algorithm for identifying negated findings and diseases in discharge summaries",
Journal of Biomedical Informatics 34:301–310): a cue in front of a finding negates it, unless the clause ends in between; a few cues
stand behind.
"""

from __future__ import annotations

import re

_BEFORE = r"no|not|nor|none|never|neither|without|denies|denied|deny|denying|absent|cannot|\w+n['’]t|ruled out|free of"
BEFORE = re.compile(rf"\b({_BEFORE})\b", re.IGNORECASE)
CLAUSE_ENDS = re.compile(r"[.!?;\n]|\bbut\b|\bhowever\b", re.IGNORECASE)


def negated_before(text: str) -> bool:
    """Whether what follows this text stands behind a word of negation in its clause."""
    return BEFORE.search(CLAUSE_ENDS.split(text)[-1]) is not None


# "Do not take it" forbids an act and says nothing of a finding; "do not have it" does. "No, four months" takes back what was said.
_FINDING = r"(?:have|has|had|having|feel|felt|feeling|report|show|see|seen|notice|experience|suffer|complain|been)\w*"
_ACTS = "do does did must should can could may might would will shall"
_OF_ACTS = "".join(rf"(?<!\b{word}\s)" for word in _ACTS.split())
DENIES = re.compile(
    r"\b(?:no(?!\s*[,.])|nor|neither|without|denies|denied|deny|denying|absent|free of|ruled out|negative for)\b"
    rf"|{_OF_ACTS}\bnot\b(?!\s+with\b)"
    rf"|\b(?:do|does|did|could|can|would)(?:\s+not|n['’]t)\s+{_FINDING}\b"
    r"|\b(?:is|are|was|were|has|have|had)n['’]t\b"
    rf"|\bnever\s+{_FINDING}\b",
    re.IGNORECASE,
)


def denied_before(text: str) -> bool:
    """Whether a finding that follows this text is denied in its clause."""
    return DENIES.search(CLAUSE_ENDS.split(text)[-1]) is not None
