"""What is watched, decided when a model is promoted: every test with its share of the chance of a false alarm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.data.privacy import KINDS
from harness.lifecycle.watch.scales import COUNT, SHARE, SMALL_SHARE, UNBOUNDED, ValueScale
from harness.lifecycle.watch.text_values import WORD_GROUPS
from harness.lifecycle.watch.watched_rows import WatchedRow

CLASSIFIER, IDENTIFIER, NEW_WORD, TOPIC = "input_classifier", "input_identifier", "input_new_word", "input_topic"
FEEDBACK, SCORE = "feedback", "score"
_INPUT_SCALES: Mapping[str, ValueScale] = {
    "input_length": COUNT,
    "input_new_words": SMALL_SHARE,
    "input_likeness": SMALL_SHARE,
    "input_language": SHARE,
    "input_tokens_per_word": COUNT,
    "input_unknown_tokens": SMALL_SHARE,
}
_OUTPUT_SCALES: Mapping[str, ValueScale] = {
    "output_length": COUNT,
    "output_new_words": SMALL_SHARE,
    "output_no_answer": SHARE,
    "output_unsupported": SMALL_SHARE,
}
_OF_SLICES = ("input_new_words", "input_length", SCORE)

_SHARE_OF_SLICES = 0.2  # of the chance of a false alarm
_MOST_LABELS = 40
_MOST_COLUMNS, _MOST_VALUES, _MOST_SLICES = 4, 12, 16
_LEAST_IN_SLICE = 5  # independent examples of the first half of the reference
_LEAST_EXAMPLES = 2

Measured = Sequence[tuple[WatchedRow, Mapping[str, float]]]


@dataclass(frozen=True)
class PlannedTest:
    """One value that is watched.

    Attributes:
        signal: what is measured: a name of `measure_row`, "answer" or "label" (the share of one class), "slice" (the share of one
            slice), "input_identifier" (the share of inputs with one kind of identifier), or "input_new_word" (the share of inputs with a
            word of one group that the first half of the reference never uses: a new drug name has its group nearly for itself), or
            "input_topic" (the share of inputs in one group of similar texts).
        share: of the chance of a false alarm; the shares of all tests sum to 1.
        label: of a class, the kind of identifier, the group of words, or the topic; empty for every class that the reference does not have.
        column, value: of a slice; an empty value is every value that the reference does not have.
        known: all classes, or values of the column, that the reference has, where the test is about the others.
    """

    signal: str
    share: float
    scale: ValueScale
    label: str | None = None
    column: str | None = None
    value: str | None = None
    known: tuple[str, ...] = ()

    @property
    def is_learned(self) -> bool:
        """Whether the first half of the reference decided what is watched, so that its own rows do not count."""
        return self.column is not None or self.signal in ("answer", "label")

    @property
    def key(self) -> str:
        """The name of the test among all of its fingerprint."""
        of_class = "" if self.label is None else f"={self.label}"
        of_slice = "" if self.column is None else f"@{self.column}={self.value}"
        return f"{self.signal}{of_class}{of_slice}"

    def read(self, row: WatchedRow, measures: Mapping[str, float]) -> float | None:
        """The value of a row; None where the row has none.

        Args:
            measures: of the row, see `measure_row`.
        """
        if self.column is not None:
            if self.column not in row.example.meta:  # a file without the column says nothing about it
                return None
            value = name_slice(row, self.column)
            is_inside = value == self.value if self.value else value not in self.known
            if self.signal == "slice":
                return float(is_inside)
            return measures.get(self.signal) if is_inside else None
        if self.label is None or self.signal in (IDENTIFIER, NEW_WORD, TOPIC):
            return measures.get(self.key)
        named = name_answer(row) if self.signal == "answer" else name_label(row)
        if named is None:
            return None
        return float(named == self.label if self.label else named not in self.known)


def plan_tests(measured: Measured, fit: Measured, *, chooses: bool, score_scale: ValueScale) -> tuple[PlannedTest, ...]:
    """Everything to watch, with equal shares: of each signal over all rows, of which classes share one, and of all slices together.

    Args:
        measured: the independent rows of the reference with their values.
        fit: those of its first half, which decide on classes and slices. If all rows did, a class that they lack by chance would look
            new.
        chooses: whether answers are labels.
        score_scale: of the primary score.
    """
    counts = Counter(name for _, measures in measured for name in measures)
    scales = {**_INPUT_SCALES, **({"output_no_answer": SHARE} if chooses else _OUTPUT_SCALES), SCORE: score_scale}
    signals = [[PlannedTest(name, 0.0, scale)] for name, scale in scales.items() if counts[name] >= _LEAST_EXAMPLES]
    signals.append([PlannedTest(IDENTIFIER, 0.0, SHARE, label=kind) for kind in KINDS])
    if counts["input_new_words"] >= _LEAST_EXAMPLES:
        signals.append([PlannedTest(NEW_WORD, 0.0, SHARE, label=str(group)) for group in range(WORD_GROUPS)])
    topics = sum(name.startswith(f"{TOPIC}=") for name in counts)
    if topics:
        signals.append([PlannedTest(TOPIC, 0.0, SHARE, label=str(topic + 1)) for topic in range(topics)])
    signals += [[PlannedTest(CLASSIFIER, 0.0, SHARE)], [PlannedTest(FEEDBACK, 0.0, UNBOUNDED)]]
    if chooses:
        signals += [classes for classes in (_plan_classes("answer", fit), _plan_classes("label", fit)) if classes]
    slices = _plan_slices(measured, fit, score_scale)
    left = 1 - _SHARE_OF_SLICES if slices else 1.0
    planned = [replace(test, share=left / len(signals) / len(tests)) for tests in signals for test in tests]
    return (*planned, *(replace(test, share=_SHARE_OF_SLICES / len(slices)) for test in slices))


def name_answer(row: WatchedRow) -> str | None:
    """The class that the output names, or the output itself; None without an output."""
    return None if row.prediction is None else row.prediction.answer


def name_label(row: WatchedRow) -> str | None:
    """The label of a row; None where none is known."""
    return row.example.targets[0] if row.example.targets else None


def name_slice(row: WatchedRow, column: str) -> str:
    """The value of a row in a column, as text; empty where it has none."""
    value: Any = row.example.meta.get(column)
    return "" if value is None else str(value)


def _plan_classes(signal: str, measured: Measured) -> list[PlannedTest]:
    names = Counter(name for row, _ in measured if (name := name_answer(row) if signal == "answer" else name_label(row)) is not None)
    known = tuple(name for name, _ in names.most_common(_MOST_LABELS) if name)
    if not known:
        return []
    tests = [PlannedTest(signal, 0.0, SHARE, label=name) for name in known]
    return [*tests, PlannedTest(signal, 0.0, SHARE, label="", known=known)]


def _plan_slices(measured: Measured, fit: Measured, score_scale: ValueScale) -> list[PlannedTest]:
    scales = {"input_new_words": SMALL_SHARE, "input_length": COUNT, SCORE: score_scale}
    counts = Counter(name for _, measures in measured for name in measures)
    tests: list[PlannedTest] = []
    slices = 0
    for column, values in _find_columns(fit).items():
        for value in (value for value, count in values.most_common() if count >= _LEAST_IN_SLICE and slices < _MOST_SLICES):
            slices += 1
            tests.append(PlannedTest("slice", 0.0, SHARE, column=column, value=value))
            tests += [
                PlannedTest(signal, 0.0, scales[signal], column=column, value=value)
                for signal in _OF_SLICES
                if counts[signal] >= _LEAST_EXAMPLES
            ]
        tests.append(PlannedTest("slice", 0.0, SHARE, column=column, value="", known=tuple(sorted(values))))
    return tests


def _find_columns(measured: Measured) -> dict[str, Counter[str]]:
    """The first columns of the data that cut the reference into a few parts, with the number of rows of each."""
    columns = dict.fromkeys(
        name for row, _ in measured for name, value in row.example.meta.items() if isinstance(value, str | bool | int) and value != ""
    )
    cut: dict[str, Counter[str]] = {}
    for column in columns:
        values = Counter(value for row, _ in measured if (value := name_slice(row, column)))
        if 2 <= len(values) <= _MOST_VALUES and len(cut) < _MOST_COLUMNS:
            cut[column] = values
    return cut
