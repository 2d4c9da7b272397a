"""From a table to a task: its kind and the role of each column, with reasons. Users can change every part of the guess."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.data.inspect import column_names
from harness.data.inspect.column_names import match_name, plain_name
from harness.data.inspect.column_profile import ColumnProfile, profile_columns, quantile
from harness.data.inspect.guess_notes import find_fold_column, find_other_targets, find_passage_group, label_notes
from harness.data.inspect.id_and_group import find_group, find_id, note_unusable_ids
from harness.data.inspect.input_columns import (
    assign_variables,
    contains_answers,
    find_question_inputs,
    find_text_inputs,
    is_question,
    is_yes_or_no,
)
from harness.data.inspect.remarks import Remarks, how_to_name
from harness.data.inspect.split_guess import choose_split_column, names_splits
from harness.data.inspect.target_column import TargetChoice, find_target
from harness.data.inspect.whole_prompts import UnfoldedPrompts, unfold_prompts
from harness.data.mapping import find_media, find_preference_pair, media_problem, preference_problem
from harness.data.records import BadRows, Preview, name_hint, quote
from harness.errors import BenchError
from harness.text import plural
from harness.types import Kind, RowLayout

MAX_CHOICES = 10  # a question with more distinct answers is answered in words
NO_ANSWER = "unanswerable"

_SUMMARY_NAMES = ("summary", "summaries", "highlights", "tldr", "tl dr", "abstract", "headline", "title")
# names of a target that do not tell its kind: the lengths decide
_NEUTRAL_NAMES = ("target", "targets", "target text", "output", "outputs", "output text", "reference", "references", "ref", "refs", "gold")


@dataclass(frozen=True)
class TextLengths:
    """How long a text is.

    Attributes:
        median_words, max_words: over the rows.
        tokens: an estimate that 99% of the rows stay below.
    """

    median_words: int
    max_words: int
    tokens: int


@dataclass(frozen=True)
class TaskGuess:
    """What the table seems to be.

    Attributes:
        inputs: prompt variable to column.
        optional: variables that some rows lack, so that the prompt must test for them.
        columns: the names of all columns.
        labels: with their number of rows, the most frequent first.
        no_answer: the output for questions without an answer; None if all have one.
        fold_by: the column by which references are folded.
        join_targets: whether a list in the target is one text rather than several references.
        one_line_targets: whether no target contains a line break.
        split: the column that names the split of each row.
        skip_bad_rows: whether some rows cannot be used.
        rows: the number of rows that were inspected.
        reasons: by role, why its column was chosen.
        alternatives: other choices that are plausible.
        notes: what else the user should know.
        doubt: what is uncertain about the target; empty if nothing is.
        layout: how the rows hold whole prompts. `inputs` and `target` then describe columns that a run finds by itself.
    """

    kind: Kind
    inputs: Mapping[str, str]
    target: str
    group: str | None
    id: str | None
    optional: tuple[str, ...]
    columns: tuple[str, ...]
    labels: tuple[tuple[str, int], ...]
    no_answer: str | None
    fold_by: str | None
    join_targets: bool
    one_line_targets: bool
    skip_bad_rows: bool
    rows: int
    input_lengths: TextLengths
    target_lengths: TextLengths
    reasons: Mapping[str, str]
    alternatives: tuple[str, ...]
    notes: tuple[str, ...]
    doubt: str = ""
    split: str | None = None
    layout: RowLayout | None = None

    @property
    def disabled_roles(self) -> list[str]:
        """Roles without a column although an unused column has their name. The task must disable them, or loading would use that column."""
        used = {*self.inputs.values(), self.target, self.group, self.id}
        unused = {name.casefold() for name in self.columns if name not in used}
        return [role for role, column in (("group", self.group), ("id", self.id)) if column is None and role in unused]


def guess_task(table: Preview, *, target: str | None = None, inputs: Sequence[str] = (), kind: Kind | None = None) -> TaskGuess:
    """Guess which kind of task a table is for and which column has which role.

    Args:
        target, inputs, kind: given by the user; only the rest is guessed.

    Raises:
        BenchError: no row is usable, no column stands out as the target, a given column does not exist, or no input is left.
    """
    if table.bad_rows and not table.records:
        raise _no_usable_rows(table)
    if target is None and not inputs and (unfolded := unfold_prompts(table)):
        return _guess_whole_prompts(unfolded, kind)
    if target is None and (pair := find_preference_pair(table.columns)):
        raise BenchError(preference_problem(table.name, *pair))
    if not inputs and (media := find_media(table.columns, [record.values for record in table.records])):
        raise BenchError(media_problem(table.name, *media))
    all_columns = profile_columns(table)
    columns = [column for column in all_columns if column.type not in ("empty", "messages")]
    by_name = {column.name: column for column in columns}
    for role, name in (("target", target), *(("input", name) for name in inputs)):
        if name is not None and name not in by_name:
            raise BenchError(f"{table.name}: no column {quote(name)} for the {role}.{name_hint(name, list(by_name))}")
    remarks = Remarks()
    split_columns = [column for column in columns if column.name not in (target, *inputs) and names_splits(column)]
    split_column = choose_split_column(split_columns, remarks)
    columns = [column for column in columns if column not in split_columns]
    choice = TargetChoice(by_name[target], "as given") if target else find_target(columns, all_columns, table.name, inputs)
    remarks.reasons["target"] = choice.reason
    others = [column for column in columns if column is not choice.column]
    not_inputs = [column for column in others if column.name not in inputs]
    id_column = find_id(not_inputs)
    group = find_group([column for column in others if column is not id_column], remarks)
    note_unusable_ids(not_inputs, remarks)
    given_inputs = assign_variables([by_name[name] for name in inputs]) if inputs else None
    candidates = [c for c in others if c is not id_column and c is not group and not column_names.names_a_prediction(c.name)]
    if not candidates and not given_inputs:
        raise BenchError(
            f"{table.name}: no column is left for the input beside the target {quote(choice.column.name)}. {how_to_name(all_columns)}"
        )
    asks = kind == "qa" or (kind is None and is_question(choice.column, candidates))
    if given_inputs is not None:
        variables = given_inputs
        remarks.reasons["inputs"] = "as given"
    else:
        variables = (find_question_inputs if asks else find_text_inputs)(choice.column, candidates, remarks)
    guessed_kind = kind or ("qa" if asks else _guess_kind(choice.column, list(variables.values()), remarks))
    remarks.reasons.setdefault("kind", "as given" if kind else "a question and its answer")
    return _complete(table, guessed_kind, choice, variables, group, id_column, columns, remarks, split_column)


def _guess_whole_prompts(unfolded: UnfoldedPrompts, kind: Kind | None) -> TaskGuess:
    """The guess for rows that hold whole prompts: their answers are labels, or texts of any kind."""
    table = unfolded.table
    if not table.records:
        raise _no_usable_rows(table)
    (answer,) = (column for column in profile_columns(table) if column.name == unfolded.answer)
    guessed_kind: Kind = kind or ("classification" if answer.is_label else "generation")
    guess = guess_task(table, target=unfolded.answer, inputs=[unfolded.prompt], kind=guessed_kind)
    reasons = {**guess.reasons, "inputs": unfolded.reason, "target": "what the model is to write"}
    if kind is None:
        labels = f"{answer.distinct} short answers that repeat" if answer.is_label else "answers in words"
        reasons["kind"] = labels
    return replace(guess, layout=unfolded.columns.layout, reasons=reasons, fold_by=None, alternatives=())


def _no_usable_rows(table: Preview) -> BenchError:
    bad_rows = BadRows()
    for row in table.bad_rows:
        bad_rows.add(row)
    return bad_rows.to_error("No row is usable. Correct the file.")


def _guess_kind(target: ColumnProfile, inputs: Sequence[ColumnProfile], remarks: Remarks) -> Kind:
    """The kind of a task that is not a question."""
    if target.is_label:
        remarks.reasons["kind"] = f"{quote(target.name)} has {target.distinct} short values that repeat"
        return "classification"
    name = plain_name(target.name)
    words = sum(c.median_words for c in inputs)
    is_shortened = words >= 40 and 2 * target.median_words <= words
    is_neutral = name in _NEUTRAL_NAMES or match_name(target.name, column_names.TEXTS) == 0
    if name in _SUMMARY_NAMES or (is_shortened and is_neutral):
        remarks.reasons["kind"] = f"about {words} words are shortened to {target.median_words}"
        return "summarization"
    remarks.reasons["kind"] = f"a text of about {target.median_words} words, written from {words}"
    return "generation"


def _complete(
    table: Preview,
    kind: Kind,
    choice: TargetChoice,
    inputs: Mapping[str, ColumnProfile],
    group: ColumnProfile | None,
    id_column: ColumnProfile | None,
    columns: Sequence[ColumnProfile],
    remarks: Remarks,
    split_column: ColumnProfile | None,
) -> TaskGuess:
    """The guess with everything that follows from kind, target and inputs."""
    target = choice.column
    has_choices = kind == "qa" and target.is_label and target.distinct <= MAX_CHOICES and 5 * target.distinct <= target.filled
    if has_choices and "context" in inputs and "options" not in inputs and not is_yes_or_no(target):
        has_choices = not contains_answers(inputs["context"], target)
    labels = tuple(target.counts.most_common()) if kind == "classification" or has_choices else ()
    no_answer = NO_ANSWER if kind == "qa" and not labels and target.empty else None
    if no_answer:
        remarks.notes.append(f"{plural(target.empty, 'question')} without an answer: the expected output is '{no_answer}'")
    if kind == "qa" and group is None:
        group = find_passage_group(inputs, columns, remarks)
    optional = tuple(variable for variable, column in inputs.items() if kind == "qa" and variable == "context" and column.empty)
    remarks.notes += [
        f"{plural(inputs[variable].empty, 'question')} without a {variable}: the prompt leaves it out" for variable in optional
    ]
    needed = [column for variable, column in inputs.items() if variable not in optional]
    needed += [*(c for c in (group, id_column, split_column) if c), *(() if no_answer else (target,))]
    incomplete = sum(1 for row in zip(*(c.texts for c in needed), strict=True) if not all(row))
    if incomplete:
        parts = "the target, an input, the group or the split" if split_column else "the target, an input or the group"
        remarks.notes.append(f"{plural(incomplete, 'row')} without {parts}: skipped and counted")
    if table.bad_rows:
        first = table.bad_rows[0].redacted()
        remarks.notes.append(f"{plural(len(table.bad_rows), 'unusable row')} (the first: {first}): skipped and counted")
    possible = [column for column in columns if column not in (group, id_column)]
    remarks.alternatives += find_other_targets(target, possible, list(inputs.values()), MAX_CHOICES)
    remarks.notes += label_notes(labels, target, inputs) if labels else []
    join_targets = target.is_list and kind == "summarization" and plain_name(target.name) in _SUMMARY_NAMES
    return TaskGuess(
        kind=kind,
        inputs={variable: column.name for variable, column in inputs.items()},
        target=target.name,
        group=group.name if group else None,
        id=id_column.name if id_column else None,
        optional=optional,
        columns=tuple(dict.fromkeys([*table.columns, *(column.name for column in columns)])),
        labels=labels,
        no_answer=no_answer,
        fold_by=None if labels else find_fold_column(target, inputs, remarks),
        join_targets=join_targets,
        one_line_targets=not any("\n" in text for value in target.values for text in value),
        split=split_column.name if split_column else None,
        skip_bad_rows=bool(incomplete or table.bad_rows),
        rows=len(table.records),
        input_lengths=_measure(list(inputs.values())),
        target_lengths=_measure([target], per_item=not join_targets),
        reasons=remarks.reasons,
        alternatives=tuple(dict.fromkeys(remarks.alternatives)),
        notes=tuple(remarks.notes),
        doubt="; ".join(filter(None, [choice.doubt, _header_doubt(target)])),
    )


def _header_doubt(target: ColumnProfile) -> str:
    """The doubt about a file whose first row looks like data: the target's name is also one of its values."""
    if target.name not in target.counts:
        return ""
    return f"{quote(target.name)} is both a column name and a value of the column: if the file has no header, add one"


def _measure(columns: Sequence[ColumnProfile], per_item: bool = False) -> TextLengths:
    """The lengths of the texts of these columns together.

    Args:
        per_item: whether tokens are counted for each item of a list separately.
    """
    return TextLengths(
        sum(c.median_words for c in columns),
        sum(c.words[-1] if c.words else 0 for c in columns),
        sum(quantile(c.item_tokens if per_item else c.tokens, 0.99) for c in columns),
    )
