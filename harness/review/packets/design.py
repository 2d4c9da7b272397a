"""Who is asked what, in which order, on which side: pure, and seeded.

Strategies stand on either side equally often, for each rater and for each row; every rater has an order of their own; some judgements come
back much later, among others and with the sides turned, which tells how consistent a rater is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from harness.review.packets.packet import Judgement, Mode, Shown


def sides_of(mode: Mode, strategies: Sequence[str], against: str | None) -> list[tuple[str, ...]]:
    """What is shown of each row: every pair of strategies (or those with `against`), or every strategy alone."""
    if mode != "pairwise":
        return [(name,) for name in strategies]
    pairs = list(combinations(strategies, 2))
    return [pair for pair in pairs if against is None or against in pair]


def assign(
    examples: Sequence[str],
    shown: Sequence[tuple[str, ...]],
    raters: Sequence[str],
    *,
    overlap: int,
    repeats: int,
    seed: int,
    salt: str,
) -> tuple[tuple[Judgement, ...], dict[str, Shown]]:
    """The judgements of every rater, in the order in which they see them, and what stands behind each.

    Args:
        shown: what is shown of each row, as `sides_of` gives it.
        overlap: how many raters judge each row.
        repeats: how many judgements of each rater come back.
        salt: what the ids of judgements are made from, beside their number.
    """
    rng = np.random.default_rng([seed, 77])
    judgements: list[Judgement] = []
    behind: dict[str, Shown] = {}
    turned = {sides: _turned(len(examples), len(raters), overlap, rng) for sides in shown}
    for number, rater in enumerate(raters):
        own: list[tuple[Judgement, Shown]] = []
        for place, example in enumerate(examples):
            turn = _turn(number, place, len(raters))
            if turn >= overlap:
                continue
            for sides in shown:
                flip = (turned[sides][place] + turn) % 2
                own.append(_judgement(rater, example, sides[::-1] if flip else sides, None, salt, len(own)))
        order = rng.permutation(len(own))
        own = _with_repeats([own[i] for i in order], repeats, rater, salt, rng)
        judgements += [judgement for judgement, _ in own]
        behind |= {judgement.id: what for judgement, what in own}
    return tuple(judgements), behind


def _turn(rater: int, row: int, raters: int) -> int:
    """The how-many-th a rater is of those who see a row, from 0; beyond the overlap they do not see it."""
    return (rater - row) % raters


def _turned(rows: int, raters: int, overlap: int, rng: np.random.Generator) -> list[int]:
    """0 or 1 a row: whether its first rater sees it the other way round; its next sees it the other way round than that, and so on.

    Rows that are as many apart as there are raters have the same raters: of two such neighbours one is turned, which one by chance, so that
    every rater sees each side equally often, whoever shares a row. The rows that are left over are turned as far as it helps.
    """
    whole = rows // (2 * raters) * 2 * raters
    coins = rng.integers(2, size=(rows // (2 * raters) + 1, raters))
    found = [int(coins[place // (2 * raters), place % raters] + place // raters) % 2 for place in range(whole)]
    turns = np.array([[_turn(rater, row, raters) for row in range(whole, rows)] for rater in range(raters)]).reshape(raters, rows - whole)
    signs = np.where(turns < overlap, 1 - 2 * (turns % 2), 0)  # (raters, rows left over)
    return [*found, *_balanced(signs, rng)]


def _balanced(signs: NDArray[np.int64], rng: np.random.Generator) -> list[int]:
    """0 or 1 a column, by chance, and then changed by ones and twos as long as the sums of the rows of ± `signs` come nearer to 0."""
    columns = signs.shape[1]
    flips = np.where(rng.integers(2, size=columns) > 0, -1, 1)
    moves = [[c] for c in range(columns)] + [list(pair) for pair in combinations(range(columns), 2)][:2000]
    better = True
    while better:
        better = False
        for move in (moves[i] for i in rng.permutation(len(moves))):
            sums = signs @ flips
            changed = sums - 2 * signs[:, move] @ flips[move]
            if (changed**2).sum() < (sums**2).sum():
                flips[move] *= -1
                better = True
    return [int(flip < 0) for flip in flips]


def _with_repeats(
    own: Sequence[tuple[Judgement, Shown]], repeats: int, rater: str, salt: str, rng: np.random.Generator
) -> list[tuple[Judgement, Shown]]:
    """The judgements with some of the first half once more, the sides turned, anywhere in the last third."""
    first = max(1, len(own) // 2)
    places = rng.permutation(first)[: min(repeats, len(own))]
    again = [
        _judgement(rater, judgement.example, what.sides[::-1], judgement.id, salt, len(own) + number)
        for number, (judgement, what) in enumerate(own[int(place)] for place in places)
    ]
    start = len(own) - len(own) // 3
    late = [*own[start:], *again]
    return [*own[:start], *(late[i] for i in rng.permutation(len(late)))]


def _judgement(rater: str, example: str, sides: tuple[str, ...], repeats: str | None, salt: str, number: int) -> tuple[Judgement, Shown]:
    digest = hashlib.sha256(f"{salt}/{rater}/{number}/{example}/{sides}/{repeats}".encode()).hexdigest()[:11]
    digest = f"r{digest}"  # a letter first: a spreadsheet takes 12345678e901 for a number
    return Judgement(digest, rater, example), Shown(sides, repeats)
