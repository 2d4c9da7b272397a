"""How many errors the faithfulness scores find in texts with one known error each: the synthetic clinic, and everyday chats."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.data import load_splits
from harness.metrics.faithfulness.claims import extract_claims
from harness.metrics.faithfulness.omission import omitted_pieces
from harness.metrics.faithfulness.unsupported import Kind, UnsupportedPiece, unsupported_pieces
from harness.types import Example, Task

CHATS = yaml.safe_load((Path(__file__).parent / "chats.yaml").read_text(encoding="utf-8"))

Change = Callable[[str, Example, Example, random.Random], str | None]


def text_of(example: Example) -> str:
    return "\n".join(example.inputs.values())


def pieces(text: str) -> list[str]:
    """Lines or sentences, and the separators between them."""
    return re.split(r"(\n|(?<=[.!?]) )", text)


def indices_with_claims(parts: list[str]) -> list[int]:
    """The indices of the parts that claim something."""
    return [i for i, part in enumerate(parts) if len(extract_claims(part))]


def changed_number(target: str, example: Example, other: Example, rng: random.Random) -> str | None:
    match = rng.choice(list(re.finditer(r"(?<![\w.])\d+(?:\.\d+)?", target)))
    new = str(int(float(match.group())) + rng.choice([1, 2, 3, 5, 7, 10, 20, 100]))
    return target[: match.start()] + new + target[match.end() :]


def swapped_name(target: str, example: Example, other: Example, rng: random.Random) -> str | None:
    return target.replace(example.meta["name"], other.meta["name"])


def inserted(target: str, example: Example, other: Example, rng: random.Random) -> str | None:
    parts, others = pieces(target), pieces(other.targets[0])
    at = rng.randrange(0, len(parts), 2)
    return "".join([*parts[:at], others[rng.choice(indices_with_claims(others))], "\n" if "\n" in target else " ", *parts[at:]])


def dropped(target: str, example: Example, other: Example, rng: random.Random) -> str | None:
    parts = pieces(target)
    at = rng.choice(indices_with_claims(parts))
    return "".join(parts[:at] + parts[at + 2 :])


def negated(target: str, example: Example, other: Example, rng: random.Random) -> str | None:
    parts = pieces(target)
    if "\n" in target:
        at = rng.choice([i for i, part in enumerate(parts) if part.startswith(("Denies:", "Complaint:"))])
        before, after = ("Denies:", "Has:") if parts[at].startswith("Denies:") else ("Complaint:", "Denies:")
        parts[at] = parts[at].replace(before, after)
        return "".join(parts)
    denying = [i for i, part in enumerate(parts) if re.search(r"\b(no|without)\b", part)]
    if not denying:
        return None
    at = rng.choice(denying)
    parts[at] = re.sub(r"\b(no|without)\b", lambda m: "with" if m.group() == "without" else "some", parts[at], count=1)
    return "".join(parts)


@pytest.fixture(scope="module", params=["summarization", "generation"])
def clinic(request: pytest.FixtureRequest) -> tuple[list[Example], frozenset[str]]:
    """Records of the clinic, and the ids of those in the test set, whose sentences and drugs no training record has."""
    data = {"source": "clinic", "size": 400, "seed": 11}
    task = Task(name="notes", kind=request.param, data=data, prompt="{{ input }}", metrics=("rouge",), primary="rougeL")
    splits = load_splits(task, folder=Path())
    return [*splits.train, *splits.test], frozenset(example.id for example in splits.test)


CHANGES: dict[Change, Kind | None] = {
    changed_number: "number", swapped_name: "name", inserted: None, dropped: None, negated: "negation"
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda f: f.__name__)
def test_planted_errors_are_found(clinic: tuple[list[Example], frozenset[str]], change: Change) -> None:
    """By kind of error, in all records and in those whose style of sentences was never seen while the rules were written."""
    examples, unseen = clinic
    rng = random.Random(0)
    found: dict[bool, list[bool]] = {True: [], False: []}
    for example in examples:
        other, target = rng.choice(examples), example.targets[0]
        if other.meta["name"] == example.meta["name"]:
            continue
        wrong = change(target, example, other, rng)
        if wrong is None or wrong == target:
            continue
        found[example.id in unseen].append(_is_found(change, wrong, target, text_of(example)))
    everything = found[True] + found[False]
    assert len(everything) > 300 and len(found[True]) > 60
    assert sum(everything) >= 0.95 * len(everything), f"{sum(everything)} of {len(everything)}"
    assert sum(found[True]) >= 0.95 * len(found[True]), f"{sum(found[True])} of {len(found[True])} in unseen styles"


def _is_found(change: Change, wrong: str, target: str, text: str) -> bool:
    if change is dropped:
        return bool(omitted_pieces(wrong, target))
    pieces = unsupported_pieces(wrong, (text, target))
    kind = CHANGES[change]
    return any(piece.kind == kind for piece in pieces) if kind else len(pieces) > len(unsupported_pieces(target, (text, target)))


def test_false_alarms_are_rare(clinic: tuple[list[Example], frozenset[str]]) -> None:
    """A correct text has no unsupported piece, and compared with the input alone hardly ever a wrong number, name or negation."""
    examples, _ = clinic
    texts = [(target, text_of(example)) for example in examples[::3] for target in example.targets]
    assert not any(unsupported_pieces(target, (text, target)) or omitted_pieces(target, target) for target, text in texts)
    alarms = [piece for target, text in texts for piece in unsupported_pieces(target, (text,))]
    for kind in ("number", "name", "negation"):
        assert sum(piece.kind == kind for piece in alarms) < 0.02 * len(texts), [piece for piece in alarms if piece.kind == kind][:5]


def _pieces(summary: str, chat: dict[str, Any]) -> tuple[UnsupportedPiece, ...]:
    return unsupported_pieces(summary, (chat["chat"],))


@pytest.mark.parametrize(("kind", "least"), [("number", 0.95), ("word", 0.95), ("name", 0.9), ("person", 0.75), ("negation", 0.75)])
def test_errors_in_summaries_of_chats_are_found(kind: str, least: float) -> None:
    """Third-person summaries of first-person chats: "I" and "you" are names, and a swap of two names leaves every word in place."""
    wrong = [_pieces(chat["wrong"][kind], chat) for chat in CHATS if kind in chat["wrong"]]
    found = sum(any(piece.kind == kind for piece in pieces) for pieces in wrong)
    assert len(wrong) > 10 and found >= least * len(wrong), f"{found} of {len(wrong)}"


@pytest.mark.parametrize(("kind", "most"), [("number", 0.0), ("name", 0.02), ("person", 0.1), ("negation", 0.1)])
def test_right_summaries_of_chats_have_few_alarms(kind: str, most: float) -> None:
    right = [_pieces(summary, chat) for chat in CHATS for summary in chat["right"]]
    alarms = [pieces for pieces in right if any(piece.kind == kind for piece in pieces)]
    assert len(right) == 60 and len(alarms) <= most * len(right), alarms


def test_wrong_summaries_of_chats_have_more_unsupported_pieces_than_right_ones() -> None:
    right = [len(_pieces(summary, chat)) for chat in CHATS for summary in chat["right"]]
    wrong = [len(_pieces(summary, chat)) for chat in CHATS for summary in chat["wrong"].values()]
    auroc = sum((w > r) + 0.5 * (w == r) for w in wrong for r in right) / len(wrong) / len(right)
    assert auroc >= 0.8
