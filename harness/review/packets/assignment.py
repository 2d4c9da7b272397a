"""Who rates what, in which order, with which output on which side: pure and seeded.

Every strategy appears on either side equally often, for each rater and for each example. Every rater has a different order. Some items are
repeated much later with the sides swapped, to measure how consistent each rater is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from harness.review.packets.packet import ItemKey, Mode, ReviewItem


def list_comparisons(mode: Mode, strategies: Sequence[str], against: str | None) -> list[tuple[str, ...]]:
    """What is shown of each example: every pair of strategies (or only those with `against`), or every strategy alone."""
    if mode != "pairwise":
        return [(name,) for name in strategies]
    pairs = list(combinations(strategies, 2))
    return [pair for pair in pairs if against is None or against in pair]


def assign_items(
    examples: Sequence[str],
    comparisons: Sequence[tuple[str, ...]],
    raters: Sequence[str],
    *,
    overlap: int,
    repeats: int,
    seed: int,
    salt: str,
    per_example: int | None = None,
) -> tuple[tuple[ReviewItem, ...], dict[str, ItemKey]]:
    """The items of every rater in the order in which they see them, and the strategies behind each.

    Args:
        examples: ids of the sampled test examples.
        comparisons: what is shown of each example, as `list_comparisons` returns it.
        overlap: how many raters rate each example.
        repeats: how many items of each rater are repeated.
        salt: makes item ids unguessable.
        per_example: how many of the comparisons are shown of each example, all equally often; None for all.
    """
    rng = np.random.default_rng([seed, 77])
    shown = _choose_comparisons(len(examples), len(comparisons), per_example, rng)
    items: list[ReviewItem] = []
    keys: dict[str, ItemKey] = {}
    first_swapped = {
        sides: _choose_swaps_of(np.flatnonzero(shown[:, number]), len(examples), len(raters), overlap, rng)
        for number, sides in enumerate(comparisons)
    }
    for number, rater in enumerate(raters):
        assigned: list[tuple[ReviewItem, ItemKey]] = []
        for position, example in enumerate(examples):
            turn = _get_turn(number, position, len(raters))
            if turn >= overlap:
                continue
            for sides in (sides for number, sides in enumerate(comparisons) if shown[position, number]):
                swapped = (first_swapped[sides][position] + turn) % 2
                assigned.append(_build_item(rater, example, sides[::-1] if swapped else sides, None, salt, len(assigned)))
        order = rng.permutation(len(assigned))
        assigned = _add_repeats([assigned[i] for i in order], repeats, rater, salt, rng)
        items += [item for item, _ in assigned]
        keys |= {item.id: key for item, key in assigned}
    return tuple(items), keys


def _choose_comparisons(examples: int, comparisons: int, per_example: int | None, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which comparisons are shown of each example, (examples, comparisons): those that were shown least often so far, by lot."""
    if per_example is None or per_example >= comparisons:
        return np.ones((examples, comparisons), dtype=np.bool_)
    shown = np.zeros((examples, comparisons), dtype=np.bool_)
    for example in range(examples):
        shown[example, np.lexsort((rng.random(comparisons), shown.sum(axis=0)))[:per_example]] = True
    return shown


def _choose_swaps_of(positions: NDArray[np.int64], examples: int, raters: int, overlap: int, rng: np.random.Generator) -> dict[int, int]:
    """0 or 1 for each of these examples, as `_choose_swaps`; those of some of the examples are balanced as far as possible."""
    if len(positions) == examples:
        return dict(enumerate(_choose_swaps(examples, raters, overlap, rng)))
    turns = np.array([[_get_turn(rater, int(example), raters) for example in positions] for rater in range(raters)])
    signs = np.where(turns < overlap, 1 - 2 * (turns % 2), 0)
    return dict(zip(positions.tolist(), _balance_swaps(signs, rng), strict=True))


def _get_turn(rater: int, example: int, raters: int) -> int:
    """The position of a rater among those who see an example, from 0; a turn beyond the overlap means that they do not see it."""
    return (rater - example) % raters


def _choose_swaps(examples: int, raters: int, overlap: int, rng: np.random.Generator) -> list[int]:
    """0 or 1 per example: whether its first rater sees the sides swapped. Each further rater sees them the other way round.

    Examples whose positions differ by the number of raters have the same raters. One of two such neighbours is swapped, chosen at
    random, so that every rater sees each side equally often. The remaining examples are balanced as far as possible.
    """
    whole = examples // (2 * raters) * 2 * raters
    coins = rng.integers(2, size=(examples // (2 * raters) + 1, raters))
    swaps = [int(coins[position // (2 * raters), position % raters] + position // raters) % 2 for position in range(whole)]
    turns = np.array([[_get_turn(rater, example, raters) for example in range(whole, examples)] for rater in range(raters)])
    turns = turns.reshape(raters, examples - whole)
    signs = np.where(turns < overlap, 1 - 2 * (turns % 2), 0)  # (raters, remaining examples)
    return [*swaps, *_balance_swaps(signs, rng)]


def _balance_swaps(signs: NDArray[np.int64], rng: np.random.Generator) -> list[int]:
    """0 or 1 per column: random, then flipped one or two at a time while that brings the row sums of ± `signs` closer to 0."""
    columns = signs.shape[1]
    flips = np.where(rng.integers(2, size=columns) > 0, -1, 1)
    moves = [[c] for c in range(columns)] + [list(pair) for pair in combinations(range(columns), 2)][:2000]
    improved = True
    while improved:
        improved = False
        for move in (moves[i] for i in rng.permutation(len(moves))):
            sums = signs @ flips
            changed = sums - 2 * signs[:, move] @ flips[move]
            if (changed**2).sum() < (sums**2).sum():
                flips[move] *= -1
                improved = True
    return [int(flip < 0) for flip in flips]


def _add_repeats(
    assigned: Sequence[tuple[ReviewItem, ItemKey]], repeats: int, rater: str, salt: str, rng: np.random.Generator
) -> list[tuple[ReviewItem, ItemKey]]:
    """The items, with some of the first half repeated with swapped sides at random positions in the last third."""
    half = max(1, len(assigned) // 2)
    positions = rng.permutation(half)[: min(repeats, len(assigned))]
    repeated = [
        _build_item(rater, item.example, key.strategies[::-1], item.id, salt, len(assigned) + number)
        for number, (item, key) in enumerate(assigned[int(position)] for position in positions)
    ]
    start = len(assigned) - len(assigned) // 3
    late = [*assigned[start:], *repeated]
    return [*assigned[:start], *(late[i] for i in rng.permutation(len(late)))]


def _build_item(
    rater: str, example: str, strategies: tuple[str, ...], repeats: str | None, salt: str, number: int
) -> tuple[ReviewItem, ItemKey]:
    digest = hashlib.sha256(f"{salt}/{rater}/{number}/{example}/{strategies}/{repeats}".encode()).hexdigest()[:11]
    # A letter first: a spreadsheet would read 12345678e901 as a number.
    return ReviewItem(f"r{digest}", rater, example), ItemKey(strategies, repeats)
