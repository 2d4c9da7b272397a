"""What `bench watch` says: whether the data has changed, since when, and which signals, slices and words moved."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal, TypeAlias

from harness.lifecycle.watch import (
    ALPHA,
    CLASSIFIER,
    IDENTIFIER,
    LEAST_EXAMPLES,
    NEW_WORD,
    TOPIC,
    MovedWord,
    SignalFinding,
    WatchOutcome,
    WatchResult,
    group_word,
)
from harness.reporting.wording import names, numbers
from harness.reporting.wording.data import anonymize_sentences
from harness.reporting.wording.text_table import TextTable
from harness.text import one_line, plural

OUTCOMES: Mapping[WatchOutcome, str] = {"stable": "Stable", "drifted": "Drifted", "not_enough_data": "Not enough data"}
LABELS: Mapping[str, str] = {
    "skip": "Skip to the answer",
    "task": "Task",
    "model": "Model in service",
    "promoted": "Promoted",
    "data": "Data",
    "moved": "What moved",
    "signals": "Signals",
    "slices": "Parts of the data",
    "words": "Words that have become more frequent",
    "examples": "Examples",
    "next": "What to do",
    "method": "How the data is watched",
}
DAILY, AT_PROMOTION = "mean of each day", "test examples"
_Unit: TypeAlias = Literal["share", "words", "score", "area", "number"]
_UNITS: Mapping[str, _Unit] = {
    "input_length": "words",
    "output_length": "words",
    "input_likeness": "number",
    "input_tokens_per_word": "number",
    "feedback": "number",
    "score": "score",
    CLASSIFIER: "area",
}  # all others are shares
_NAMES: Mapping[str, str] = {
    "input_length": "Length of inputs",
    "input_new_words": "Words of inputs that the test examples do not have",
    "input_likeness": "Similarity of inputs to the test examples",
    "input_language": "Inputs in another language",
    "input_tokens_per_word": "Tokens per word of inputs",
    "input_unknown_tokens": "Tokens of inputs that the model does not know",
    CLASSIFIER: "Inputs that a classifier can tell from the test examples (AUC)",
    "output_length": "Length of outputs",
    "output_new_words": "Words of outputs that the test outputs do not have",
    "output_no_answer": "Outputs that are empty, or refuse",
    "output_unsupported": "Content of outputs that the input does not support",
    "feedback": "Feedback of users",
}
# Signals of many tests, which are one line of the table while none of them has moved.
_COLLECTED: Mapping[str, str] = {
    NEW_WORD: "New words that become frequent",
    TOPIC: "Topics of inputs: groups of similar texts",
    IDENTIFIER: "Identifiers of people in inputs, by kind",
}
_NOTES: Mapping[str, str] = {
    "no_tokenizer": "The base model is not on this machine, so the tokens of inputs were not counted. Name its folder with --model-path.",
}
_MOST_NAMED = 6  # findings in the answer
_MOST_WORDS = 3
_NEXT = (
    "Read the examples. If the new data is what the model will see from now on, label some of it, add it to the task, and run the task "
    "again: a model that passes the gate replaces this one, and the watch starts anew with its test examples."
)
_METHOD = (
    "The reference is the test set of the model in service, with the model's outputs. Each new value is ranked among the reference and "
    "everything since; while nothing changes, these ranks are uniform. The watch bets against that every day, and sounds an alarm when the "
    "bets have won more than chance allows.",
    f"A false alarm has a chance of at most {ALPHA:.0%}, for all signals, parts of the data and days together, however long you look. The "
    "size of the reference is taken into account.",
    "It is assumed that rows are independent; of rows that share a group (a patient), one counts, on the first day. Changes by weekday or "
    "season are reported as drift, unless the test examples have them, too.",
    "“Now” is the mean since the change began; without an alarm, that of all new rows. Where the period was chosen because it differs, the "
    "95% CI of the difference is too narrow: it describes, and the alarm decides.",
    "Words and examples are those of the rows of this look. The reference has hashed words only, so that some new words are missed.",
)


def title_page(task: str) -> str:
    """The heading of the page."""
    return f"Has the data of {task} changed?"


def describe_outcome(result: WatchResult) -> list[str]:
    """The answer in a few sentences."""
    if result.outcome == "drifted":
        return [_describe_drift(result), *_describe_moved(result)]
    if result.outcome == "stable":
        return [f"Stable: nothing has moved in {plural(result.units, 'independent example')}{_describe_days(result)}."]
    if result.reference_units < LEAST_EXAMPLES:
        return [
            f"Not enough data: the model was tested on {plural(result.reference_units, 'independent example')}. A change can be seen with "
            f"{LEAST_EXAMPLES} or more."
        ]
    return [
        f"Not enough data: {plural(result.units, 'independent example')}{_describe_days(result)}. From {LEAST_EXAMPLES} on, a large change "
        "is usually found."
    ]


def describe_rows(result: WatchResult) -> str:
    """How many rows this look had, and all looks."""
    known = f", {plural(result.known_rows, 'row')} known before" if result.known_rows else ""
    return (
        f"{plural(result.new_rows, 'new row')} in this look{known}; {result.rows:,} since the promotion{_describe_days(result)}. "
        f"Reference: {plural(result.reference_examples, 'test example')} ({result.reference_units:,} independent)."
    )


def list_notes(result: WatchResult) -> list[str]:
    """What limits this look."""
    notes = [_NOTES[note] for note in result.notes]
    if result.absent_columns:
        names = ", ".join(one_line(column, 40) for column in result.absent_columns)
        notes.append(f"Not watched, because the new rows do not have these columns of the test examples: {names}.")
    return notes


def describe_next_step(result: WatchResult) -> str:
    """What to do; empty if nothing has moved."""
    return _NEXT if result.outcome == "drifted" else ""


def list_method() -> list[str]:
    """How the data is watched."""
    return list(_METHOD)


def name_signal(finding: SignalFinding, result: WatchResult) -> str:
    """What is measured, for people. Names of classes and slices come from the data and are hostile."""
    test = finding.test
    name = _NAMES.get(test.signal, "")
    if test.signal == "score":
        name = names.SCORE_NAMES.get(result.score, result.score)
    elif test.signal == IDENTIFIER:
        name = (
            f"Inputs with {anonymize_sentences.KIND_NAMES[test.label][1]}"
            if test.label in anonymize_sentences.KIND_NAMES
            else "Inputs with an identifier"
        )
    elif test.signal == NEW_WORD:
        words = [f"“{word.word}”" for word in result.words if word.place == "inputs" and group_word(word.word) == test.label]
        name = "Inputs with a new word" + (f", such as {', '.join(words[:_MOST_WORDS])}" if words else f" of group {test.label}")
    elif test.signal == TOPIC:
        name = f"Inputs on topic {test.label} of the test examples"
    elif test.signal in ("answer", "label"):
        noun = "Outputs" if test.signal == "answer" else "Labels"
        name = f"{noun} “{test.label}”" if test.label else f"{noun} that the test examples do not have"
    if test.column is None:
        return name
    part = f"{test.column} = {test.value}" if test.value else f"{test.column}: values that the test examples do not have"
    return f"Share of {part}" if test.signal == "slice" else f"{name}, {part}"


def write_value(value: float | None, finding: SignalFinding, result: WatchResult) -> str:
    """A value of a signal with its unit."""
    if value is None:
        return numbers.NOTHING
    unit = _unit(finding)
    if unit == "share":
        return numbers.share(value)
    if unit == "words":
        return f"{value:,.0f} words" if value >= 10 else f"{value:.1f} words"
    return numbers.score(value, result.score_unit if unit == "score" else "score" if unit == "area" else "")


def describe_change(finding: SignalFinding, result: WatchResult) -> str:
    """One finding as a sentence: "Length of inputs: 124 words → 159 words (95% CI of the difference: +27 to +43), since 2026-05-24."."""
    before, now = write_value(finding.reference, finding, result), write_value(finding.now, finding, result)
    interval = _write_difference(finding, result)
    detail = f" (95% CI of the difference: {interval})" if interval else ""
    since = f", since {finding.since.isoformat()}" if finding.since else ""
    return f"{name_signal(finding, result)}: {before} → {now}{detail}{since}."


def build_signal_table(result: WatchResult) -> TextTable:
    """The signals over all rows. Of many tests for one thing, those without an alarm are one line."""
    shown = [each for each in result.signals if each.has_moved or each.test.signal not in _COLLECTED]
    rows = [_build_row(each, result) for each in shown]
    for signal, name in _COLLECTED.items():
        own = [each for each in result.signals if each.test.signal == signal]
        if own and not any(each.has_moved for each in own):
            rows.append((name, numbers.NOTHING, numbers.NOTHING, "", "", _describe_state(own[0])))
    return TextTable(LABELS["signals"], _COLUMNS, _NUMERIC, tuple(rows))


def build_slice_table(result: WatchResult) -> TextTable | None:
    """The parts of the data with an alarm, and the shares of all; None without slices."""
    shown = [each for each in result.slices if each.has_moved or each.test.signal == "slice"]
    shown = [each for each in shown if each.has_moved or each.test.value]
    if not shown:
        return None
    return TextTable(LABELS["slices"], _COLUMNS, _NUMERIC, tuple(_build_row(each, result) for each in shown))


def build_word_table(result: WatchResult) -> TextTable | None:
    """The words that have become more frequent; None if none has."""
    if not result.words:
        return None
    rows = tuple(
        (word.word, "Inputs" if word.place == "inputs" else "Outputs", numbers.share(word.before), numbers.share(word.now))
        for word in result.words
    )
    under = "Share of texts with the word. Words are chosen because they moved most: this describes, and no alarm rests on it."
    return TextTable(LABELS["words"], ("Word", "In", "Test examples", "Now"), (False, False, True, True), rows, under)


def list_examples(word: MovedWord) -> list[str]:
    """Rows that have the word, each on one line."""
    return [f"{one_line(id_, 40)}: {one_line(text, 200)}" for id_, text in word.examples]


def title_chart(finding: SignalFinding, result: WatchResult) -> str:
    """The title of the chart of a signal."""
    return f"{name_signal(finding, result)}, by day"


def describe_chart(finding: SignalFinding, result: WatchResult) -> str:
    """The chart for screen readers."""
    return f"{describe_change(finding, result)} {plural(len(finding.days), 'day')} with data."


_COLUMNS = ("Signal", "Test examples", "Now", "Difference (95% CI)", "Since", "Result")
_NUMERIC = (False, True, True, True, False, False)


def _build_row(finding: SignalFinding, result: WatchResult) -> tuple[str, ...]:
    return (
        name_signal(finding, result),
        write_value(finding.reference, finding, result),
        write_value(finding.now, finding, result),
        _write_difference(finding, result),
        finding.since.isoformat() if finding.since else "",
        _describe_state(finding),
    )


def _describe_state(finding: SignalFinding) -> str:
    if finding.has_moved:
        return "▲ moved" if finding.rises else "▼ moved"
    return "no change found" if finding.n_now else "no data"


def _write_difference(finding: SignalFinding, result: WatchResult) -> str:
    interval = finding.difference
    if interval is None or interval.low is None or interval.high is None:
        return ""
    unit = _unit(finding)
    if unit == "share":
        return f"{_sign(interval.low)}{numbers.share(interval.low)} to {_sign(interval.high)}{numbers.share(interval.high)}"
    if unit == "words":
        return f"{_sign(interval.low)}{interval.low:,.0f} to {_sign(interval.high)}{interval.high:,.0f}".replace("-", "−")
    return numbers.signed_interval(interval.low, interval.high, result.score_unit if unit == "score" else "score")


def _sign(value: float) -> str:
    return "+" if value > 0 else ""


def _unit(finding: SignalFinding) -> _Unit:
    return _UNITS.get(finding.test.signal, "share")


def _describe_drift(result: WatchResult) -> str:
    since = f" since about {result.since.isoformat()}" if result.since else ""
    noticed = f" (found on {result.first_alarm.isoformat()})" if result.first_alarm and result.first_alarm != result.since else ""
    return f"Drifted{since}{noticed}: {plural(len(result.moved), 'signal')} moved."


def _describe_moved(result: WatchResult) -> list[str]:
    """The first findings; those about parts of the data only where nothing moved over all rows, or where the part itself moved."""
    whole = [each for each in result.moved if each.test.column is None or each.test.signal == "slice"]
    shown = (whole or list(result.moved))[:_MOST_NAMED]
    sentences = [describe_change(each, result) for each in shown]
    left = len(result.moved) - len(shown)
    return sentences + ([f"{left} more in the table."] if left else [])


def _describe_days(result: WatchResult) -> str:
    if result.first_day is None or result.last_day is None:
        return ""
    if result.first_day == result.last_day:
        return f" on {_day(result.first_day)}"
    return f" from {_day(result.first_day)} to {_day(result.last_day)}"


def _day(day: date) -> str:
    return day.isoformat()
