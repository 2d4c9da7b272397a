"""Items whose right answers are known, mixed blind into a packet: gold items of the user, and attention checks made from references."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from harness.errors import BenchError, setting
from harness.review.packets.packet import CheckItem, Mode, ReviewItem
from harness.text import plural
from harness.types import Example

_OTHER_SIDE = {"A": "B", "B": "A"}


def make_attention_checks(
    examples: Sequence[Example], sampled: Collection[str], mode: Mode, count: int, rng: np.random.Generator
) -> list[CheckItem]:
    """Checks that a rater passes who reads: the reference of an example, and that of another one shown as its output.

    In pairs, the reference has to win. Where errors are marked, the reference of another example must have an error, and the example's own
    none that is critical; the two take turns. Examples that are not rated themselves come first.

    Raises:
        BenchError: the mode asks for scales, on which the text of another example may deserve any answer; or too few examples have
            references that differ.
    """
    option = setting("attention", str(count))
    if mode == "scales":
        raise BenchError(
            f"{option}: is not for {setting('mode', 'scales')}, where no answer is wrong for certain. Use {setting('gold', 'FILE')}."
        )
    usable = [example for example in examples if example.targets and example.targets[0].strip()]
    order = sorted((int(i) for i in rng.permutation(len(usable))), key=lambda i: usable[i].id in sampled)
    checks: list[CheckItem] = []
    for position in order:
        if len(checks) == count:
            break
        own = usable[position]
        other = next((usable[int(i)] for i in rng.permutation(len(usable)) if _is_wrong_for(own, usable[int(i)])), None)
        if other is not None:
            checks.append(_make_check(own, other, mode, is_right=len(checks) % 2 == 1))
    if len(checks) < count:
        raise BenchError(
            f"{option}: only {plural(len(checks), 'test example')} can be used, because it takes a reference that differs from those of "
            f"another example. Use fewer, or {setting('gold', 'FILE')}."
        )
    return checks


def _is_wrong_for(own: Example, other: Example) -> bool:
    """Whether the reference of the other example is not one of this example's, and is about something else."""
    known = {_normalize(target) for target in own.targets}
    same_group = own.group is not None and own.group == other.group
    return not same_group and own.inputs != other.inputs and not known & {_normalize(target) for target in other.targets}


def _normalize(text: str) -> str:
    return " ".join(text.split()).casefold()


def _make_check(own: Example, other: Example, mode: Mode, *, is_right: bool) -> CheckItem:
    check = CheckItem("attention", own.inputs, own.targets, (), {})
    if mode == "pairwise":
        return replace(check, outputs=(own.targets[0], other.targets[0]), accepted={"preference": ("A",)})
    if is_right:
        return replace(check, outputs=(own.targets[0],), accepted={"severity": ("none", "minor")})
    return replace(check, outputs=(other.targets[0],), accepted={"severity": ("minor", "critical")})


def add_checks(
    items: Sequence[ReviewItem], checks: Sequence[CheckItem], raters: Sequence[str], *, seed: int, salt: str
) -> tuple[tuple[ReviewItem, ...], dict[str, CheckItem]]:
    """Mix every check into the items of every rater, at random positions, with balanced sides.

    Args:
        items: of all raters, each rater's in the order in which they are seen.
        salt: makes item ids unguessable.

    Returns:
        All items, and the checks by item id.
    """
    rng = np.random.default_rng([seed, 78])
    mixed: list[ReviewItem] = []
    by_id: dict[str, CheckItem] = {}
    for rater in raters:
        own = [item for item in items if item.rater == rater]
        swaps = rng.permutation(np.arange(len(checks)) % 2)
        for number, check in enumerate(checks):
            item = f"r{hashlib.sha256(f'{salt}/check/{rater}/{number}'.encode()).hexdigest()[:11]}"
            by_id[item] = _swap_sides(check) if swaps[number] else check
            own.insert(int(rng.integers(len(own) + 1)), ReviewItem(item, rater, ""))
        mixed += own
    return tuple(mixed), by_id


def _swap_sides(check: CheckItem) -> CheckItem:
    """The same check with the outputs of a pair exchanged."""
    if len(check.outputs) < 2:
        return check
    accepted = {question: tuple(_OTHER_SIDE.get(answer, answer) for answer in answers) for question, answers in check.accepted.items()}
    return replace(check, outputs=check.outputs[::-1], accepted=accepted)
