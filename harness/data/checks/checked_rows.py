"""The rows that are checked: examples with their split and their place, and how a finding names them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property

from harness.data.identity import normalized_inputs
from harness.types import Example, FlaggedRow, RowName, SplitName, Task

MOST_ROWS = 10_000  # that a finding names; it counts all
EXCERPT = 160  # characters
SPLIT_ORDER: tuple[SplitName, ...] = ("train", "validation", "test")


class CheckedRows:
    """The rows of all splits in one sequence: training first, test last.

    Args:
        task: whose rows these are.
        examples: by split.
        locate: the file and line of a row, by split and position in it; None where rows have none.

    Attributes:
        splits: of each row.
    """

    def __init__(
        self, task: Task, examples: Mapping[SplitName, Sequence[Example]], locate: Callable[[SplitName, int], str] | None = None
    ) -> None:
        self.task = task
        self.examples = [example for split in SPLIT_ORDER for example in examples[split]]
        self.splits: list[SplitName] = [split for split in SPLIT_ORDER for _ in examples[split]]
        self.sizes: dict[SplitName, int] = {split: len(examples[split]) for split in SPLIT_ORDER}
        self._locate = locate

    def __len__(self) -> int:
        return len(self.examples)

    def of_split(self, *splits: SplitName) -> list[int]:
        """The rows of some splits, by number."""
        return [row for row, split in enumerate(self.splits) if split in splits]

    @cached_property
    def input_keys(self) -> list[int]:
        """A number for each row; rows with the same normalized inputs have the same. Texts that differ in case or spaces are the same."""
        numbers: dict[str, int] = {}
        return [numbers.setdefault(normalized_inputs(example), len(numbers)) for example in self.examples]

    @cached_property
    def target_keys(self) -> list[int]:
        """A number for each row; rows with the same normalized targets have the same."""
        numbers: dict[tuple[str, ...], int] = {}
        return [numbers.setdefault(tuple(map(normalize, example.targets)), len(numbers)) for example in self.examples]

    @cached_property
    def inputs(self) -> list[str]:
        """The names of the inputs, the one that differs most between rows first: a question before its passage."""
        names = dict.fromkeys(name for example in self.examples for name in example.inputs)
        distinct = {name: len({hash(example.inputs.get(name)) for example in self.examples}) for name in names}
        return sorted(names, key=lambda name: -distinct[name])

    @property
    def has_folds(self) -> bool:
        """Whether rows with the same inputs are references of one example."""
        return self.task.data.fold_references_by is not None

    def main_text(self, row: int) -> str:
        """The input that tells the row from others; the row may lack it."""
        inputs = self.examples[row].inputs
        return next((inputs[name] for name in self.inputs if name in inputs), "")

    def whole_text(self, row: int) -> str:
        """All inputs of a row, the most distinctive first."""
        inputs = self.examples[row].inputs
        return "\n".join(inputs[name] for name in self.inputs if name in inputs)

    def name(self, row: int) -> RowName:
        """How a finding names a row."""
        split = self.splits[row]
        first = next(position for position, other in enumerate(SPLIT_ORDER) if other == split)
        start = sum(self.sizes[other] for other in SPLIT_ORDER[:first])
        return RowName(split, self.examples[row].id, self._locate(split, row - start) if self._locate else "")

    def flag(self, row: int, *, value: str = "", expected: str = "", other: int | None = None, score: float | None = None) -> FlaggedRow:
        """A row of a finding, with the start of its distinctive text."""
        return FlaggedRow(
            self.name(row),
            excerpt=excerpt(self.main_text(row)),
            value=excerpt(value),
            expected=excerpt(expected),
            other=None if other is None else self.name(other),
            other_excerpt="" if other is None else excerpt(self.main_text(other)),
            score=score,
        )

    def count_by_split(self, rows: Iterable[int]) -> dict[str, int]:
        """How many of these rows are in each split; splits without any are left out."""
        counts: dict[str, int] = dict.fromkeys(SPLIT_ORDER, 0)
        for row in rows:
            counts[self.splits[row]] += 1
        return {split: count for split, count in counts.items() if count}


def normalize(text: str) -> str:
    """The text without differences of case and white space."""
    return " ".join(text.casefold().split())


def excerpt(text: str) -> str:
    """The start of a text on one line."""
    line = " ".join(text[: 4 * EXCERPT].split())
    return line if len(line) <= EXCERPT else line[: EXCERPT - 1] + "…"
