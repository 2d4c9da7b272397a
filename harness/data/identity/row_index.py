"""What splitting, overlap checks and folding need to know about every row, in about fifty bytes per row: texts need not be in memory.

Texts are compared by 64-bit hashes. In a million rows, two different texts collide with a probability of 3·10⁻⁸.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

from harness.data.identity.digests import example_digest, inputs_digest, normalized_inputs, seeded_rank_number
from harness.data.similarity import WordSetBuilder
from harness.types import Example

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RowNumbers: TypeAlias = "NDArray[np.int64]"  # rows by their number in the index


class TextNumbers:
    """Texts that many rows share, as numbers; -1 stands for no text."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, text: str | None) -> int:
        """The number of a text, new if the text is."""
        return -1 if text is None else self._numbers.setdefault(text, len(self._numbers))

    def texts(self) -> list[str]:
        """The texts in the order of their numbers."""
        return list(self._numbers)


class RowIndex:
    """The usable rows of all files of a task, in the order in which they were read.

    Args:
        seed: of the split. It is part of the input hashes, so that sorting these gives a random order.
        with_folds: whether rows may be folded into examples with several references.
        with_labels: whether the target is a label.
        with_words: whether near duplicates will be looked for.

    Attributes:
        files, lines: where each row comes from.
        input_hashes: of the normalized inputs.
        content_hashes: the first 64 bits of the digest of inputs and targets; 0 if the row has an id.
        exact_input_hashes: of the inputs verbatim; only with folds.
        fold_hashes: of the value by which rows are folded; only with folds.
        words: of all inputs of each row; only with words.
        groups, labels: as numbers of `group_names` and `label_names`.
        ids: as in the file; empty without an id column.
        choices: the distinct choices of the rows.
    """

    def __init__(self, seed: int, *, with_folds: bool = False, with_labels: bool = False, with_words: bool = False) -> None:
        self.seed, self.with_folds, self.with_labels, self.with_words = seed, with_folds, with_labels, with_words
        self.words = WordSetBuilder(with_repetitions=True)
        self.files = array("i")
        self.lines = array("q")
        self.input_hashes = array("Q")
        self.content_hashes = array("Q")
        self.exact_input_hashes = array("Q")
        self.fold_hashes = array("Q")
        self.groups = array("q")
        self.labels = array("q")
        self.ids: list[str] = []
        self.group_names, self.label_names = TextNumbers(), TextNumbers()
        self.choices: set[tuple[str, ...]] = set()

    def __len__(self) -> int:
        return len(self.ids)

    def add(self, example: Example, *, file: int = 0, line: int = 0, fold_hash: int = 0) -> None:
        """Add the row that an example was read from."""
        self.files.append(file)
        self.lines.append(line)
        self.input_hashes.append(self.hash_inputs(example))
        self.content_hashes.append(0 if example.id else int(example_digest(example)[:16], 16))
        self.groups.append(self.group_names.number(example.group))
        self.ids.append(example.id)
        self.choices.add(example.choices)
        if self.with_folds:
            self.exact_input_hashes.append(int(inputs_digest(example)[:16], 16))
            self.fold_hashes.append(fold_hash)
        if self.with_labels:
            self.labels.append(self.label_names.number(example.targets[0]))
        if self.with_words:
            self.words.add("\n".join(example.inputs.values()))

    def hash_inputs(self, example: Example) -> int:
        """The hash of an example's normalized inputs, comparable with `input_hashes`."""
        return seeded_rank_number(self.seed, "inputs " + normalized_inputs(example))

    def truncate(self, length: int) -> None:
        """Drop all rows after the first `length`."""
        for column in self._columns():
            del column[length:]
        if self.with_words:
            self.words.truncate(length)

    def column(self, name: str, rows: RowNumbers | None = None) -> NDArray[Any]:
        """A column by name, of all rows or of some. While the array of all rows exists, no row can be added."""
        import numpy as np

        values: NDArray[Any] = np.asarray(getattr(self, name))
        return values if rows is None else values[rows]

    def get_labels(self, rows: RowNumbers) -> list[str]:
        """The label of each of these rows."""
        names = self.label_names.texts()
        return [names[number] for number in self.column("labels", rows).tolist()]

    def _columns(self) -> Iterable[Any]:
        hashes = (self.input_hashes, self.content_hashes, self.exact_input_hashes, self.fold_hashes)
        return (self.files, self.lines, *hashes, self.groups, self.labels, self.ids)
