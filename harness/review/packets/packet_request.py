"""What a packet should contain, as the user asks for it."""

from __future__ import annotations

from dataclasses import dataclass

from harness.errors import BenchError, setting
from harness.review.packets.packet import CheckItem, Mode
from harness.text import plural
from harness.types import ReviewSpec

_MAX_RATERS = 100


@dataclass(frozen=True)
class PacketRequest:
    """The examples, outputs, raters and questions of a packet."""

    task: str
    strategies: tuple[str, ...]
    """Whose outputs are rated."""
    n: int
    """The number of test examples to sample."""
    mode: Mode
    raters: tuple[str, ...]
    """Their names."""
    sample: str = "random"
    """The sampling method, see `draw_sample`."""
    overlap: int | None = None
    """Raters per example; None for all raters."""
    repeats: int | None = None
    """Repeated items per rater; None for 10% of the items, at most 20."""
    against: str | None = None
    """Only pairs with this strategy."""
    pairs_per_example: int | None = None
    """Of three strategies or more, how many pairs of each example are rated; None for all."""
    with_reference: bool = False
    """Whether raters see the references."""
    seed: int = 0
    """Of the sample, the sides and the order of items."""
    model: str | None = None
    """The base model; None if the run has one."""
    train_size: int | None = None
    """Training examples; None if the run has one size."""
    questions: ReviewSpec | None = None
    """What is asked; None for the questions of the task."""
    gold: tuple[CheckItem, ...] = ()
    """Items with known answers, for every rater; of a pair, the answers are about the outputs in this order."""
    attention: int = 0
    """Items per rater that are made from references, and show whether a rater reads."""

    def check(self) -> None:
        """Check that the fields fit together.

        Raises:
            BenchError: they do not.
        """
        if len(set(self.strategies)) < len(self.strategies):
            raise BenchError(f"{setting('strategies', ','.join(self.strategies))}: a strategy is named twice.")
        if self.mode == "pairwise" and len(self.strategies) < 2:
            alternatives = f"{setting('mode', 'scales')} or {setting('mode', 'errors')}"
            raise BenchError(f"{setting('mode', 'pairwise')}: needs at least two strategies. Name another one, or use {alternatives}.")
        if self.against is not None and (self.mode != "pairwise" or self.against not in self.strategies):
            rule = f"only applies to {setting('mode', 'pairwise')}, and must be one of {', '.join(self.strategies)}"
            raise BenchError(f"{setting('against', self.against)}: {rule}.")
        if self.pairs_per_example is not None and self.mode != "pairwise":
            raise BenchError(f"{setting('pairs_per_example', str(self.pairs_per_example))}: only applies to {setting('mode', 'pairwise')}.")
        for name, value, least in (
            ("n", self.n, 1),
            ("seed", self.seed, 0),
            ("repeats", self.repeats or 0, 0),
            ("attention", self.attention, 0),
            ("pairs_per_example", self.pairs_per_example if self.pairs_per_example is not None else 1, 1),
        ):
            if value < least:
                raise BenchError(f"{setting(name, str(value))}: must be {least} or greater.")
        if self.overlap is not None and self.overlap > len(self.raters):
            raise BenchError(f"{setting('overlap', str(self.overlap))}: there are only {plural(len(self.raters), 'rater')}.")


def parse_raters(text: str) -> tuple[str, ...]:
    """Names of raters: "3" gives rater-1 to rater-3, "anna,ben" gives these names.

    Raises:
        BenchError: no rater, too many, one named twice, or a name that cannot be part of a file name.
    """
    if text.isascii() and text.isdecimal() and len(text) < 4:
        names = tuple(f"rater-{i + 1}" for i in range(int(text)))
    else:
        names = tuple(name.strip() for name in text.split(",") if name.strip())
    option = setting("raters", text)
    if not 1 <= len(names) <= _MAX_RATERS:
        raise BenchError(f"{option}: give 1 to {_MAX_RATERS} raters, as a number or as names separated by commas.")
    invalid = [n for n in names if not all(c.isalnum() or c in "-_." for c in n) or n.startswith(".") or len(n) > 40]
    if invalid:
        rule = "Use up to 40 letters, digits, '-', '_' and '.', and do not start with '.'"
        raise BenchError(f"{option}: '{invalid[0]}' cannot be part of a file name. {rule}.")
    if len({name.casefold() for name in names}) < len(names):
        raise BenchError(f"{option}: a rater is named twice.")
    return names
