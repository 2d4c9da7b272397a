"""Who says and does what in a dialogue."""

from __future__ import annotations

import pytest

from harness.metrics.faithfulness.claims import sentences
from harness.metrics.faithfulness.dialogue import misattributed, parse_dialogue

CHAT = "Amy: Can you bring the tent, Ben?\nBen: Sure! I borrowed it from my uncle\nAmy: great, I'll cook a curry"


@pytest.mark.parametrize(
    "summary",
    [
        "Ben will bring the tent that he borrowed from his uncle.",
        "Amy asks Ben to bring the tent.",
        "Amy will cook a curry.",
        "Amy: great, I'll cook a curry",
        "Somebody will cook a curry.",
        "",
    ],
)
def test_right_person(summary: str) -> None:
    assert misattributed(sentences(summary), CHAT) == ()


@pytest.mark.parametrize(
    ("summary", "wrong"),
    [
        ("Amy will bring the tent.", {("amy", "bring"), ("amy", "tent")}),
        ("Ben asks Amy to bring the tent.", {("ben", "bring"), ("ben", "tent")}),
        ("Ben will cook a curry.", {("ben", "cook"), ("ben", "curry")}),
    ],
)
def test_wrong_person(summary: str, wrong: set[tuple[str, str]]) -> None:
    assert set(misattributed(sentences(summary), CHAT)) == wrong


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Amy cooks.\nBen eats.",
        "Note: one line",
        "Doctor: Any pain?\nPatient: Yes, in my knee.",
        "Name: Amy Miller, 54\nComplaint: headache\nTakes: lisinopril\nDenies: fever",
    ],
)
def test_text_without_named_speakers_is_not_a_dialogue(text: str) -> None:
    assert parse_dialogue(text) is None
    assert misattributed(("Doctor has pain in the knee.",), text) == ()
