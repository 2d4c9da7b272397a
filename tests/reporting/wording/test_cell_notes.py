"""The sentences for notes on a cell's result."""

from __future__ import annotations

from typing import Any, get_args

from harness.reporting.wording.cell_notes import note_sentence
from harness.types import CellNote, NoteCode

NOTES = [
    CellNote("prompts_truncated", {"count": 3, "total": 1200}),
    CellNote("training_examples_truncated", {"count": 1200, "total": 5000}),
    CellNote("examples_without_pair", {"pairs": 40, "total": 1000}),
    CellNote("preferences", {"count": 31, "total": 40}),
    CellNote("shots_omitted", {"count": 5, "total": 60, "shots": 8, "fewest": 3}),
    CellNote("shots_omitted", {"count": 5, "total": 60, "shots": 8, "fewest": 0}),
    CellNote("overfitting", {"best_step": 40}),
    CellNote("stopped_early", {"step": 120, "best_step": 80}),
    CellNote("memory_step", {"tokens": 1024, "speed": 71}, ("gradient-checkpointing",)),
    CellNote("memory_step", {"tokens": 512, "speed": 0}, ("offloaded-optimizer",)),
    CellNote("memory_step", {"tokens": 512, "speed": 0}, ("\x1b[31mred",)),
    CellNote("trained_together", {"count": 6}),
    CellNote("no_validation_examples"),
    CellNote("foreign_adapter", texts=("LORA on org/\x1b[31mbase",)),
    CellNote("foreign_model"),
    CellNote("test_examples_unseen", texts=("the test visits are from June, and its training ended in May",)),
    CellNote("external_outputs", texts=("answers.jsonl",)),
    CellNote("hosted_model", {"tokens": 22_000, "median": 430, "slow": 1900, "at_once": 4}, ("big-2026", "api.example.com")),
    CellNote("hosted_model", {"tokens": 22_000, "median": 430, "slow": 1900, "at_once": 4}),  # packed without texts
    CellNote("another_model", texts=("big-2026", "small")),
    CellNote("host_changed", {"count": 2}, ("big-2026-01", "\x1b[31mbig-2026-02")),
    CellNote("requests_refused", {"count": 3, "total": 200}, ("https://api.example.com/v1: status 400: too long",)),
    CellNote("answers_filtered", {"count": 3, "total": 200}),
    CellNote("answers_cut", {"count": 3, "total": 200}),
    CellNote("answers_from_cache", {"count": 120, "total": 200}, ("2026-01-31",)),
    CellNote("tokens_estimated", {"count": 200, "total": 200}),
    CellNote("requests_unanswered", {"count": 2}),
    CellNote("outputs_missing", {"count": 2, "total": 40}, ("q1", "q2")),
    CellNote("outputs_missing", {"count": 9, "total": 40}, ("q1", "q2", "q3")),
    CellNote("outputs_without_label", {"count": 1, "total": 40}, ("I cannot say which of these it could possibly be, sorry",)),
    CellNote("outputs_without_label", {"count": 1, "total": 40}, ("\x1b[31mred",)),
    CellNote("label_probabilities_missing"),
    CellNote("experts_without_adapter", {"percent": 93}),
    CellNote("experts_not_quantized", {"percent": 93}),
    CellNote("support_texts_cut", {"count": 3, "total": 1200}),
]


def test_every_note_is_a_sentence(snapshot: Any) -> None:
    assert {note.code for note in NOTES} == set(get_args(NoteCode))
    assert "\n".join(map(note_sentence, NOTES)) == snapshot
