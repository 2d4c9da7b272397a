"""What each split may use of the lists: test has names, drugs and symptoms of its own, and no pair of drugs in common with train.

Drugs are dealt into `HANDS` hands by their position. The drugs of a test record come from one hand; those of a train or validation record
from hands that all differ. So two drugs that stand together in one record of test never do in train, whatever the size.
"""

from __future__ import annotations

import random

from harness.data.clinic.drugs import DRUGS, Drug
from harness.data.clinic.names import FIRST_NAMES, LAST_NAMES
from harness.data.clinic.symptoms import SYMPTOMS
from harness.types import SplitName

HANDS = 8
# of ten names, which each split takes
NAMES_OF: dict[SplitName, tuple[int, ...]] = {"train": (0, 1, 2, 4, 6, 8), "validation": (3,), "test": (5, 7, 9)}


def of_test(position: int) -> bool:
    """Whether the symptom or drug at this position of its list is shown by test alone: every fifth is."""
    return position % 5 == 3


_FIRST, _LAST = (
    {split: tuple(name for i, name in enumerate(names) if i % 10 in own) for split, own in NAMES_OF.items()}
    for names in (FIRST_NAMES, LAST_NAMES)
)
_SHARED_SYMPTOMS = tuple(symptom for i, symptom in enumerate(SYMPTOMS) if not of_test(i))
_SHARED_HANDS = tuple(tuple(drug for i, drug in enumerate(DRUGS) if i % HANDS == hand and not of_test(i)) for hand in range(HANDS))
_HANDS = tuple(DRUGS[hand::HANDS] for hand in range(HANDS))


def name(rng: random.Random, split: SplitName) -> str:
    """First and last name, both of the split."""
    return f"{rng.choice(_FIRST[split])} {rng.choice(_LAST[split])}"


def symptom(rng: random.Random, split: SplitName) -> tuple[str, bool]:
    """A symptom and whether it takes "a"."""
    return rng.choice(SYMPTOMS if split == "test" else _SHARED_SYMPTOMS)


def cast(rng: random.Random, split: SplitName) -> list[Drug]:
    """The drugs that one record may name, the prescribed one first: `HANDS` at most, no two of a class."""
    if split == "test":
        return _one_a_class(rng.sample(rng.choice(_HANDS), HANDS))
    return _one_a_class([rng.choice(hand) for hand in rng.sample(_SHARED_HANDS, HANDS)])


def _one_a_class(drugs: list[Drug]) -> list[Drug]:
    return list({drug.group: drug for drug in drugs}.values())
