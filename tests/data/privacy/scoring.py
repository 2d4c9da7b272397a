"""Precision and recall of detectors, by kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from harness.data.privacy import Identifier

Span = tuple[int, int, str]  # start, end, kind


@dataclass
class Score:
    """Counts over texts.

    Attributes:
        total: annotated identifiers by kind.
        hit: those of which at least half of the letters and digits were found, as whatever kind.
        whole: those that were found whole.
        right, wrong: found identifiers by kind that overlap an annotated one of whatever kind, or none.
    """

    total: Counter[str] = field(default_factory=Counter)
    hit: Counter[str] = field(default_factory=Counter)
    whole: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)

    def recall(self, kinds: Iterable[str] | None = None, *, whole: bool = False) -> float:
        """The share of identifiers that were found."""
        chosen = list(self.total if kinds is None else kinds)
        found = self.whole if whole else self.hit
        return sum(found[kind] for kind in chosen) / sum(self.total[kind] for kind in chosen)

    @property
    def precision(self) -> float:
        """The share of found identifiers that overlap an annotated one."""
        return self.right.total() / (self.right.total() + self.wrong.total())


def score(
    texts: Iterable[tuple[str, Sequence[Span]]],
    find: Callable[[str], Sequence[Identifier]],
    others: Callable[[int], Sequence[Span]] = lambda i: (),
) -> Score:
    """Compare what is found with what is annotated.

    Args:
        texts: each with its annotated identifiers.
        others: by the number of a text, annotations that count for precision but not for recall.
    """
    result = Score()
    for number, (text, annotated) in enumerate(texts):
        covered = bytearray(len(text))
        found = find(text)
        for each in found:
            covered[each.start : each.end] = b"\1" * (each.end - each.start)
            is_right = any(start < each.end and each.start < end for start, end, _ in (*annotated, *others(number)))
            (result.right if is_right else result.wrong)[each.kind] += 1
        for start, end, kind in annotated:
            places = [place for place in range(start, end) if text[place].isalnum()]
            count = sum(covered[place] for place in places)
            result.total[kind] += 1
            result.hit[kind] += 2 * count >= len(places)
            result.whole[kind] += count == len(places)
    return result
