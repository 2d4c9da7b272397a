"""What splitting, checking and folding must know of every row, in some fifty bytes a row: the texts themselves need not be in memory.

Texts are compared by 64-bit hashes. Of a million rows, two different ones are taken for the same with a probability of 3·10⁻⁸.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

from harness.data.mapping.digests import example_digest, inputs_digest, order_of, same_inputs_key
from harness.types import Example

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Places: TypeAlias = "NDArray[np.int64]"  # rows by their number in the index


class Names:
    """Texts that many rows share, as numbers; -1 is none."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, text: str | None) -> int:
        """The number of a text; the same one for the same text."""
        return -1 if text is None else self._numbers.setdefault(text, len(self._numbers))

    def texts(self) -> list[str]:
        """The texts in the order of their numbers."""
        return list(self._numbers)


class Index:
    """The rows of all files of a task, in the order in which they were read.

    Args:
        seed: of the split; it is part of the hash of the inputs, so that these hashes are a random order as well.
        folding: whether rows may become further references of others.
        choosing: whether the target is a label.
    """

    def __init__(self, seed: int, *, folding: bool = False, choosing: bool = False) -> None:
        self.seed, self.folding, self.choosing = seed, folding, choosing
        self.files = array("i")
        self.lines = array("q")
        self.inputs = array("Q")  # of the inputs up to case and white space
        self.contents = array("Q")  # the start of the digest of inputs and targets; 0 where the row has an id
        self.exact = array("Q")  # of the inputs as they are; only where rows are folded
        self.folds = array("Q")
        self.groups = array("q")
        self.labels = array("q")
        self.ids: list[str] = []
        self.group_names, self.label_names = Names(), Names()
        self.choices: set[tuple[str, ...]] = set()

    def __len__(self) -> int:
        return len(self.ids)

    def add(self, example: Example, *, file: int = 0, line: int = 0, fold: int = 0) -> None:
        """Takes in a row; `fold` is the hash of what the rows to be folded agree in."""
        self.files.append(file)
        self.lines.append(line)
        self.inputs.append(order_of(self.seed, "inputs " + same_inputs_key(example)))
        self.contents.append(0 if example.id else int(example_digest(example)[:16], 16))
        self.groups.append(self.group_names.number(example.group))
        self.ids.append(example.id)
        self.choices.add(example.choices)
        if self.folding:
            self.exact.append(int(inputs_digest(example)[:16], 16))
            self.folds.append(fold)
        if self.choosing:
            self.labels.append(self.label_names.number(example.targets[0]))

    def back_to(self, length: int) -> None:
        """Forgets all rows after the first `length`."""
        for column in self._columns():
            del column[length:]

    def column(self, name: str, rows: Places | None = None) -> NDArray[Any]:
        """One column, of all rows or of some. While the result lives, no row can be added."""
        import numpy as np

        values: NDArray[Any] = np.asarray(getattr(self, name))
        return values if rows is None else values[rows]

    def labels_of(self, rows: Places) -> list[str]:
        """The label of each of these rows."""
        names = self.label_names.texts()
        return [names[number] for number in self.column("labels", rows).tolist()]

    def _columns(self) -> Iterable[Any]:
        return (self.files, self.lines, self.inputs, self.contents, self.exact, self.folds, self.groups, self.labels, self.ids)
