"""Rows of similar length in groups, such that computing each group, padded to its longest row, costs least in all."""

from __future__ import annotations

from collections.abc import Sequence


def group_by_length(lengths: Sequence[int], overhead: int) -> list[list[int]]:
    """The groups of rows of these lengths, each by number and in the order of lengths.

    Args:
        overhead: what a group costs beside its tokens, in tokens.
    """
    order = sorted(range(len(lengths)), key=lambda i: lengths[i])
    return [order[begin:end] for begin, end in split_in_order([lengths[i] for i in order], overhead)]


def split_in_order(lengths: Sequence[int], overhead: int) -> list[tuple[int, int]]:
    """The groups of neighbors among rows of these lengths: the first row of each, and the one behind its last.

    Args:
        overhead: see `group_by_length`.
    """
    best: list[tuple[int, int]] = [(0, 0)]  # of the first rows up to here: the cost, and where the last group begins
    for end in range(1, len(lengths) + 1):
        width, ways = 0, []
        for begin in reversed(range(end)):
            width = max(width, lengths[begin])
            ways.append((best[begin][0] + overhead + (end - begin) * width, begin))
        best.append(min(ways))
    groups, end = [], len(lengths)
    while end:
        begin = best[end][1]
        groups.append((begin, end))
        end = begin
    return groups[::-1]
