"""Which words a text denies, and whether a summary reverses that."""

from __future__ import annotations

import pytest

from harness.metrics.faithfulness.negation import mentions, reversed_words


@pytest.mark.parametrize(
    ("text", "denied", "open_"),
    [
        ("She has no fever or chills, and it hurts.", {"fever", "chill"}, set()),
        ("Denies: fever, chills, back pain", {"fever", "chill", "back", "pain"}, set()),
        ("No, four months of cough.", set(), set()),
        ("I can't wait for the concert.", set(), set()),
        ("He didn't come because it rained.", {"come"}, set()),
        ("Do not take aspirin.", set(), {"take", "aspirin"}),
        ("It must not meet aspirin.", set(), {"meet", "aspirin"}),
        ("Any fever?\nPatient: No, never.", {"fever"}, set()),
        ("Any fever?\nPatient: Since Monday.", set(), {"fever"}),
        ("Chest pain: none. Cough was ruled out.", {"pain", "cough"}, set()),
        ("It is never to be combined with aspirin.", set(), {"combin", "aspirin"}),
        ("Any other pain apart from the fall? No.", set(), {"pain", "apart", "fall"}),
        ("Any pain in the chest?\nPatient: Absolutely not.", {"pain"}, {"chest"}),
        ("The lymph nodes are fine. She asked about allergies, names none.", {"allergi"}, {"node"}),
        ("Have you had any cough.\nPatient: No.", {"cough"}, set()),
        ("You have no fever?\nPatient: Right.", {"fever"}, set()),
        ("He never saw the long blue train station again.", {"see", "long", "blue"}, {"train", "station"}),
    ],
)
def test_denied_words(text: str, denied: set[str], open_: set[str]) -> None:
    found = mentions(text)
    assert {m.stem for m in found if m.denied} - {"patient"} == denied
    assert {m.stem for m in found if m.denied is None} - {"patient", "sinc", "monday"} == open_


@pytest.mark.parametrize(
    ("sentence", "text", "reversed_"),
    [
        ("Ben is not cooking on Saturday.", "Ben: I'm cooking on Saturday!", ("cook", "saturday")),
        ("Ben is cooking.", "Ben: sorry, I'm not cooking", ("cook",)),
        ("She has a fever and a cough.", "Fever? No. She has a cough. She has had no fever.", ("fever",)),
        ("She has no fever.", "She has no fever.", ()),
        ("She likes fish.", "Please don't eat fish.", ()),
        ("She has a fever.", "No fever on Monday, but fever since Tuesday.", ()),
        ("She denies asthma.", "She came by bus.", ()),
        ("Vital signs: none", "Signed for the late shift.", ()),
        ("She denies chest pain.", "She has back pain.", ()),
        ("She denies pain.", "She has back pain.", ("pain",)),
        ("There is sensory loss.", "She denies weight loss.", ()),
        ("Not with: digoxin (clash)", "Risedronate is never to be combined with digoxin.", ()),
        ("Allergies: soy (allergy)", "She reacts badly to soy. The test ruled out an allergy to perindopril.", ()),
    ],
)
def test_reversed_words(sentence: str, text: str, reversed_: tuple[str, ...]) -> None:
    assert reversed_words(sentence, (text,), frozenset({"ben"})) == reversed_
