"""Sentences and phrases of visits, questions, messages and discharge instructions: tables without logic, one module per kind of text.

Where a table pairs two tuples, training and validation use the first and test uses the second (`SplitSentences`).
"""

from harness.data.clinic.phrases import (
    discharge_phrases,
    question_note_phrases,
    question_phrases,
    triage_phrases,
    visit_dialogue,
    visit_lead_ins,
    visit_notes,
    visit_prose,
    visit_styles,
)
from harness.data.clinic.phrases.sentence_types import Sentences, SplitSentences

__all__ = [
    "Sentences",
    "SplitSentences",
    "discharge_phrases",
    "question_note_phrases",
    "question_phrases",
    "triage_phrases",
    "visit_dialogue",
    "visit_lead_ins",
    "visit_notes",
    "visit_prose",
    "visit_styles",
]
