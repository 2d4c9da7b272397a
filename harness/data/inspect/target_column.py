"""Which column is the target, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from harness.data.inspect import column_names
from harness.data.inspect.column_names import match_name
from harness.data.inspect.column_profile import ColumnProfile, has_same_texts, is_equivalent
from harness.data.inspect.remarks import how_to_name
from harness.data.records import join_names, quote
from harness.errors import BenchError

LONG_TEXT = 8  # words; a title has fewer


class TargetChoice(NamedTuple):
    """The column chosen as the target.

    Attributes:
        reason: why it was chosen.
        doubt: what is uncertain about the choice; empty if nothing is.
    """

    column: ColumnProfile
    reason: str
    doubt: str = ""


def find_target(columns: Sequence[ColumnProfile], all_columns: Sequence[ColumnProfile], file: str, inputs: Sequence[str]) -> TargetChoice:
    """Find the column to be learned: by its name if one is typical, else by its content.

    Args:
        columns: those with usable content.
        all_columns: those and all others.
        file: the table's name in messages.
        inputs: names of columns that are inputs already.

    Raises:
        BenchError: there is no such column, or nothing distinguishes it from the others.
    """
    if len(all_columns) < 2:
        count = f"only one column, {quote(all_columns[0].name)}" if all_columns else "no columns"
        raise BenchError(f"{file}: {count}. A task needs a column with the input and one with the target (a label, an answer, a summary)")
    candidates = [c for c in columns if _is_candidate(c) and c.name not in inputs]
    ranked = sorted((c for c in candidates if _name_strength(c)), key=_name_strength, reverse=True)
    if ranked:
        best = ranked[0]
        equals = [c.name for c in ranked[1:] if _name_strength(c) == _name_strength(best) and not is_equivalent(c, best)]
        doubt = f"several columns could be the target: {join_names(map(quote, [best.name, *equals]))}" if equals else ""
        return TargetChoice(best, "by name", doubt)
    choice = _choose_by_content(candidates)
    if choice is None:
        raise BenchError(f"{file}: cannot tell which column is the target. {how_to_name(all_columns)}")
    return choice


def _is_candidate(column: ColumnProfile) -> bool:
    has_variety = column.distinct > 1 or column.filled == 1
    return has_variety and column.type != "date" and not column_names.names_a_prediction(column.name)


def _name_strength(column: ColumnProfile) -> int:
    """How strongly a column's name, together with its content, indicates the target; 0 for not at all."""
    if column.is_label:
        as_label = {2: 60, 1: 45, 0: 0}[match_name(column.name, column_names.LABELS)]
        as_attribute = {2: 40, 1: 30, 0: 0}[match_name(column.name, column_names.ATTRIBUTES)]
    else:
        as_label = as_attribute = 0
    # a 'label_text' is preferred to a numbered 'label'
    readable = 1 if as_label and column.type == "text" else 0
    return max(as_label + readable, as_attribute, {2: 50, 1: 35, 0: 0}[match_name(column.name, column_names.TEXTS)])


def _choose_by_content(candidates: Sequence[ColumnProfile]) -> TargetChoice | None:
    """The target if no name indicates it: a second text beside the input, a column with few values, or the much shorter of the texts.

    A column that tells where a row comes from is the target only beside no second text that could be one.
    """
    texts = [c for c in candidates if c.is_text and not c.is_label]
    inputs = [c for c in texts if match_name(c.name, column_names.INPUTS) == 2]
    other_texts = [c for c in texts if c not in inputs and not any(has_same_texts(c, i) for i in inputs)]
    few_values = [c for c in candidates if c.is_label and not column_names.names_an_id(c.name) and not column_names.names_a_group(c.name)]
    labels = [c for c in few_values if not column_names.names_provenance(c.name)]
    if inputs and other_texts and (not few_values or other_texts[-1].median_words >= LONG_TEXT):
        is_only = len(other_texts) == 1
        reason = f"the only other text beside {quote(inputs[0].name)}" if is_only else f"the last of {len(other_texts)} other texts"
        return _uncertain(other_texts[-1], reason)
    if labels and (texts or candidates[-1] is labels[-1]):
        return _uncertain(labels[-1], _describe_label(labels))
    if few_values:
        texts = [c for c in texts if c.median_words >= LONG_TEXT]
    if len(texts) >= 2:
        by_length = sorted(texts, key=lambda c: c.median_words)
        if 2 * by_length[0].median_words <= by_length[-1].median_words:
            return _uncertain(by_length[0], f"much shorter than {quote(by_length[-1].name)}")
    elif few_values and not labels and (texts or candidates[-1] is few_values[-1]):
        return _uncertain(few_values[-1], _describe_label(few_values))
    return None


def _describe_label(labels: Sequence[ColumnProfile]) -> str:
    return "the only column with a few values that repeat" if len(labels) == 1 else "the last column with a few values that repeat"


def _uncertain(column: ColumnProfile, reason: str) -> TargetChoice:
    return TargetChoice(column, reason, f"no column has a typical target name; {quote(column.name)} is {reason}")
