"""Splitting by time: training has the oldest rows, and test the newest, as a model in service meets them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from harness.data.pipeline.file_rows import FileRows
from harness.data.records import quote
from harness.errors import BenchError
from harness.text import plural
from harness.types import SplitName, SplitSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.data.identity import RowNumbers

_DATES = (
    "%d.%m.%Y",
    "%d.%m.%y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y/%m/%d",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
)
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p")


def split_by_time(
    rows: RowNumbers, file_rows: FileRows, column: str, spec: SplitSpec, file: str
) -> tuple[dict[SplitName, RowNumbers], str]:
    """Split rows at two points in time, so that the shares are as near as possible to those of the spec. Each split keeps its rows' order.

    Args:
        file: the name of the file or files in messages.

    Returns:
        The splits, and a line for the data report that names the times.

    Raises:
        BenchError: the times cannot be read or are ambiguous, or all rows have one time.
    """
    import numpy as np

    values = [file_rows.times[row] for row in rows.tolist()]
    times = _read_times(values, column, lambda position: file_rows.location(int(rows[position])))
    distinct, of_row = np.unique(times, return_inverse=True)
    if len(distinct) < 2:
        raise BenchError(f"{file}: split.by: all {plural(len(rows), 'row')} have the same time in column '{column}', so no row is newer")
    ends = np.cumsum(np.bincount(of_row)) / len(rows)  # the share of rows up to each time
    newest = len(distinct) - 1
    first_test = 1 + int(np.argmin(np.abs(ends[:newest] - (1 - spec.test))))
    first_validation = first_test
    if spec.validation > 0 and first_test > 1:
        first_validation = 1 + int(np.argmin(np.abs(ends[: first_test - 1] - spec.train)))
    parts: dict[SplitName, RowNumbers] = {
        "train": rows[of_row < first_validation],
        "validation": rows[(of_row >= first_validation) & (of_row < first_test)],
        "test": rows[of_row >= first_test],
    }
    last, first = (values[int(np.flatnonzero(of_row == number)[0])] for number in (first_validation - 1, first_test))
    return parts, f"split by time ({column}): training until {_show(last)}, test from {_show(first)}"


def _show(value: str | float) -> str:
    return quote(value) if isinstance(value, str) else f"{value:.15g}"


def _read_times(values: Sequence[str | float], column: str, location: Callable[[int], str]) -> NDArray[Any]:
    """(rows,) Numbers in the order of the times. All values must be numbers, or dates in one format; times without a zone are UTC.

    Raises:
        BenchError: they are not, or the order of day and month is ambiguous.
    """
    import numpy as np

    readers: list[Callable[[str], float]] = [float, _read_iso, *(_reader(date + clock) for date in _DATES for clock in _CLOCKS)]
    furthest = 0
    read: list[NDArray[Any]] = []
    for reader in readers:
        numbers = np.empty(len(values))
        for position, value in enumerate(values):
            try:
                numbers[position] = value if isinstance(value, float) and reader is float else reader(str(value))
            except (ValueError, OverflowError):
                furthest = max(furthest, position)
                break
        else:
            if np.isfinite(numbers).all():
                read.append(numbers)
                if reader in readers[:2]:
                    break
    if not read:
        example = "All values need one format, such as 2024-01-31 or 2024-01-31T16:45"
        raise BenchError(
            f"{location(furthest)}: split.by (column '{column}') is {quote(values[furthest])}, which cannot be read. {example}"
        )
    if any((np.argsort(numbers, kind="stable") != np.argsort(read[0], kind="stable")).any() for numbers in read[1:]):
        raise BenchError(
            f"{location(0)}: split.by (column '{column}'): the order of day and month is ambiguous, as in {quote(values[0])}. "
            "Write the dates as 2024-01-31"
        )
    return read[0]


def _read_iso(text: str) -> float:
    return _seconds(datetime.fromisoformat(text))


def _reader(form: str) -> Callable[[str], float]:
    return lambda text: _seconds(datetime.strptime(text, form))


def _seconds(time: datetime) -> float:
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
