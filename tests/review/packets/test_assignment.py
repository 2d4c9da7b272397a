"""Assignment of items to raters: balanced, ordered, repeated."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.review.packets.assignment import assign_items, list_comparisons


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 5), st.integers(1, 5), st.integers(0, 6), st.integers(0, 5))
def test_sides_are_balanced_for_every_rater_and_every_example(rows: int, raters: int, overlap: int, repeats: int, seed: int) -> None:
    overlap = min(overlap, raters)
    names = [f"r{i}" for i in range(raters)]
    examples = [f"row-{i}" for i in range(rows)]
    pairs = list_comparisons("pairwise", ("base", "lora", "qlora"), None)
    items, keys = assign_items(examples, pairs, names, overlap=overlap, repeats=repeats, seed=seed, salt="s")
    first = [j for j in items if keys[j.id].repeats is None]
    assert len(first) == rows * len(pairs) * overlap
    assert len({j.id for j in items}) == len(items)
    for pair in pairs:
        own = [j for j in first if set(keys[j.id].strategies) == set(pair)]
        for example in examples:
            of_row = Counter(keys[j.id].strategies for j in own if j.example == example)
            assert abs(of_row[pair] - of_row[pair[::-1]]) <= 1
        for rater in names:
            mine = Counter(keys[j.id].strategies for j in own if j.rater == rater)
            assert abs(mine[pair] - mine[pair[::-1]]) <= overlap


@pytest.mark.parametrize(("rows", "raters"), [(20, 20), (10, 10), (5, 5), (50, 30), (7, 3), (100, 8)])
@pytest.mark.parametrize("seed", range(3))
def test_sides_are_balanced_with_as_many_raters_as_examples(rows: int, raters: int, seed: int) -> None:
    names, pair = [f"r{i}" for i in range(raters)], ("base", "lora")
    items, keys = assign_items([f"row-{i}" for i in range(rows)], [pair], names, overlap=raters, repeats=0, seed=seed, salt="s")
    left = Counter(j.rater for j in items if keys[j.id].strategies == pair)
    assert max(abs(2 * left[name] - rows) for name in names) <= 2


def test_repeated_items_are_swapped_late_and_mixed_with_others() -> None:
    items, keys = assign_items([f"row-{i}" for i in range(30)], [("base", "lora")], ["anna", "ben"], overlap=2, repeats=6, seed=1, salt="s")
    for rater in ("anna", "ben"):
        own = [j for j in items if j.rater == rater]
        place = {j.id: k for k, j in enumerate(own)}
        again = [j for j in own if keys[j.id].repeats]
        assert len(again) == 6
        for j in again:
            before = own[place[keys[j.id].repeats or ""]]
            assert j.example == before.example and keys[j.id].strategies == keys[before.id].strategies[::-1]
            assert place[before.id] < 15 and place[j.id] >= 20
        assert [j.id for j in again] != [j.id for j in own[-6:]], "not a block at the end"


def test_every_rater_has_an_own_order() -> None:
    items, _ = assign_items(
        [f"row-{i}" for i in range(30)], [("base",), ("lora",)], ["anna", "ben"], overlap=2, repeats=0, seed=1, salt="s"
    )
    orders = [[j.example for j in items if j.rater == rater] for rater in ("anna", "ben")]
    assert orders[0] != orders[1] and sorted(orders[0]) == sorted(orders[1])


@pytest.mark.parametrize(("against", "pairs"), [(None, 3), ("base", 2)])
def test_comparisons_are_all_pairs_or_those_with_one_strategy(against: str | None, pairs: int) -> None:
    assert len(list_comparisons("pairwise", ("base", "lora", "qlora"), against)) == pairs
    assert list_comparisons("errors", ("base", "lora"), None) == [("base",), ("lora",)]
