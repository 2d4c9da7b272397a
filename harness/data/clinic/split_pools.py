"""What each split may draw from: test has its own names, drugs and symptoms, and shares no pair of drugs with training.

Drugs are dealt into `HANDS` hands by their position. All drugs of a test record come from one hand; those of a training or validation
record come from different hands. Two drugs that occur together in a test record therefore never do in training, at any size.
"""

from __future__ import annotations

import random

from harness.data.clinic.drugs import DRUGS, Drug
from harness.data.clinic.person_names import FIRST_NAMES, LAST_NAMES
from harness.data.clinic.symptoms import SYMPTOMS
from harness.types import SplitName

HANDS = 8
# the names of each split, by position modulo 10
NAME_POSITIONS: dict[SplitName, tuple[int, ...]] = {"train": (0, 1, 2, 4, 6, 8), "validation": (3,), "test": (5, 7, 9)}


def is_test_only(position: int) -> bool:
    """Whether the symptom or drug at this position of its list occurs in test only, as every fifth does."""
    return position % 5 == 3


_FIRST, _LAST = (
    {split: tuple(name for i, name in enumerate(names) if i % 10 in positions) for split, positions in NAME_POSITIONS.items()}
    for names in (FIRST_NAMES, LAST_NAMES)
)
_SHARED_SYMPTOMS = tuple(symptom for i, symptom in enumerate(SYMPTOMS) if not is_test_only(i))
_SHARED_HANDS = tuple(tuple(drug for i, drug in enumerate(DRUGS) if i % HANDS == hand and not is_test_only(i)) for hand in range(HANDS))
_HANDS = tuple(DRUGS[hand::HANDS] for hand in range(HANDS))


def draw_name(rng: random.Random, split: SplitName) -> str:
    """Draw a first and a last name of the split."""
    return f"{rng.choice(_FIRST[split])} {rng.choice(_LAST[split])}"


def draw_symptom(rng: random.Random, split: SplitName) -> tuple[str, bool]:
    """Draw a symptom.

    Returns:
        The symptom, and whether it takes an article.
    """
    return rng.choice(SYMPTOMS if split == "test" else _SHARED_SYMPTOMS)


def draw_drugs(rng: random.Random, split: SplitName) -> list[Drug]:
    """Draw the drugs that one record may name, the prescribed one first: at most `HANDS`, no two of the same class."""
    if split == "test":
        return _one_per_class(rng.sample(rng.choice(_HANDS), HANDS))
    return _one_per_class([rng.choice(hand) for hand in rng.sample(_SHARED_HANDS, HANDS)])


def _one_per_class(drugs: list[Drug]) -> list[Drug]:
    return list({drug.group: drug for drug in drugs}.values())
