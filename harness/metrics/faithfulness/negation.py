"""Negation in English: which words negate, and how far, which is to the end of their clause.

The method is that of NegEx (Chapman et al. 2001, "A simple algorithm for identifying negated findings and diseases in discharge
summaries", Journal of Biomedical Informatics 34:301–310): a cue before a finding negates it, unless a clause ends between them; a few cues
follow the finding.
"""

from __future__ import annotations

import re

_BEFORE = r"no|not|nor|none|never|neither|without|denies|denied|deny|denying|absent|cannot|\w+n['’]t|ruled out|free of"
BEFORE = re.compile(rf"\b({_BEFORE})\b", re.IGNORECASE)
CLAUSE_ENDS = re.compile(r"[.!?;\n]|\bbut\b|\bhowever\b", re.IGNORECASE)


def is_negated_after(text: str) -> bool:
    """Whether words that follow this text are negated by a cue in the same clause."""
    return BEFORE.search(CLAUSE_ENDS.split(text)[-1]) is not None


# "Do not take it" forbids an act and says nothing about a finding, but "do not have it" does. "No, four months" is a correction.
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


def is_denied_after(text: str) -> bool:
    """Whether a finding that follows this text is denied by a cue in the same clause."""
    return DENIES.search(CLAUSE_ENDS.split(text)[-1]) is not None
