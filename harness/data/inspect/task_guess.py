"""From a table to a task: the kind, the role of each column, and why. Every guess is one that its owner may change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.data.inspect import column_names as naming
from harness.data.inspect.column_names import match, plain_name
from harness.data.inspect.column_profile import Column, profile, quantile
from harness.data.inspect.roles import (
    SMALLEST_GROUPS,
    Pick,
    Said,
    about,
    about_ids,
    by_variable,
    find_group,
    find_id,
    find_target,
    how_to_say,
    is_question,
    question_inputs,
    says_the_same,
    text_inputs,
)
from harness.data.records import BadRows, Preview, name_hint, quote
from harness.errors import BenchError
from harness.types import Kind

FEW_LABELS = 10  # a question with more different answers than this is answered in words
NO_ANSWER = "unanswerable"

_SUMMARIES = ("summary", "summaries", "highlights", "tldr", "tl dr", "abstract", "headline", "title")
# They name what is written, not what it is: the lengths decide.
_NEUTRAL = ("target", "targets", "target text", "output", "outputs", "output text", "reference", "references", "ref", "refs", "gold")


@dataclass(frozen=True)
class Lengths:
    """How long a text is over the rows: words in the middle and at most, tokens (estimated) that 99 of 100 stay below."""

    median_words: int
    most_words: int
    tokens: int


@dataclass(frozen=True)
class Guess:
    """What the table seems to be. `inputs` maps the prompt's variables to columns, and the prompt does without those in `optional`;
    `columns` are the names of all; `reasons` has an entry a role; `others` names what else it could be; `doubt` says what is not sure,
    and is empty where nothing is."""

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
    input_lengths: Lengths
    target_lengths: Lengths
    reasons: Mapping[str, str]
    others: tuple[str, ...]
    notes: tuple[str, ...]
    doubt: str = ""

    @property
    def unwanted(self) -> list[str]:
        """The roles that a column is called like without playing them: loading the data would take it, unless it is told not to."""
        played = {*self.inputs.values(), self.target, self.group, self.id}
        free = {name.casefold() for name in self.columns if name not in played}
        return [role for role, column in (("group", self.group), ("id", self.id)) if column is None and role in free]


def guess(table: Preview, *, target: str | None = None, inputs: Sequence[str] = (), kind: Kind | None = None) -> Guess:
    """What kind of task a table is for and which column is which.

    Args:
        target, inputs, kind: what the user has said already; only the rest is guessed.

    Raises:
        BenchError: no row can be used, no target can be told from the others, a named column is not there, or no input is left.
    """
    if table.bad_rows and not table.records:
        raise _no_rows(table)
    every = profile(table)
    columns = [column for column in every if column.type not in ("empty", "messages")]
    named = {column.name: column for column in columns}
    for role, name in (("target", target), *(("input", name) for name in inputs)):
        if name is not None and name not in named:
            raise BenchError(f"{table.name}: no column {quote(name)} for the {role}.{name_hint(name, list(named))}")
    said = Said()
    picked = Pick(named[target], "you said so") if target else find_target(columns, every, table.name, inputs)
    said.reasons["target"] = picked.why
    free = [column for column in columns if column is not picked.column]
    unread = [column for column in free if column.name not in inputs]
    id_ = find_id(unread)
    group = find_group([column for column in free if column is not id_], said)
    about_ids(unread, said)
    mapped = by_variable([named[name] for name in inputs]) if inputs else None
    rest = [c for c in free if c is not id_ and c is not group and not naming.is_somebodys_guess(c.name)]
    if not rest and not mapped:
        alone = f"beside the target {quote(picked.column.name)} no column is left for the input"
        raise BenchError(f"{table.name}: {alone}. {how_to_say(every)}")
    asks = kind == "qa" or (kind is None and is_question(picked.column, rest))
    if mapped is None:
        mapped = question_inputs(picked.column, rest, said) if asks else text_inputs(picked.column, rest, said)
    else:
        said.reasons["inputs"] = "you said so"
    found = kind or ("qa" if asks else _kind(picked.column, list(mapped.values()), said))
    said.reasons.setdefault("kind", "you said so" if kind else "a question and its answer")
    return _put_together(table, found, picked, mapped, group, id_, columns, said)


def _no_rows(table: Preview) -> BenchError:
    bad = BadRows()
    for row in table.bad_rows:
        bad.add(row)
    return bad.to_error("No row can be used: correct the file.")


# -------------------------------------------------------------------------------------------------------------------- kind


def _kind(target: Column, inputs: Sequence[Column], said: Said) -> Kind:
    if target.is_label:
        said.reasons["kind"] = f"{quote(target.name)} has {target.distinct} short values that repeat"
        return "classification"
    name = plain_name(target.name)
    words = sum(c.median_words for c in inputs)
    shorter = words >= 40 and 2 * target.median_words <= words
    said.reasons["kind"] = f"about {words} words become {target.median_words}"
    if name in _SUMMARIES or (shorter and (name in _NEUTRAL or match(target.name, naming.TEXTS) == 0)):
        return "summarization"
    said.reasons["kind"] = f"a text to write, about {words} words to {target.median_words}"
    return "generation"


def _put_together(
    table: Preview,
    kind: Kind,
    picked: Pick,
    inputs: Mapping[str, Column],
    group: Column | None,
    id_: Column | None,
    columns: Sequence[Column],
    said: Said,
) -> Guess:
    target = picked.column
    few = kind == "qa" and target.is_label and target.distinct <= FEW_LABELS and 5 * target.distinct <= target.filled
    labels = tuple(target.counts.most_common()) if kind == "classification" or few else ()
    no_answer = NO_ANSWER if kind == "qa" and not labels and target.empty else None
    if no_answer:
        said.notes.append(f"{target.empty} questions have no answer: what is right for them is '{no_answer}'")
    if kind == "qa" and group is None:
        group = _repeated_context(inputs, columns, said)
    optional = tuple(variable for variable, column in inputs.items() if kind == "qa" and variable == "context" and column.empty)
    said.notes += [f"{inputs[variable].empty} questions have no {variable}: the prompt leaves it out there" for variable in optional]
    needed = [column for variable, column in inputs.items() if variable not in optional]
    needed += [*(c for c in (group, id_) if c), *(() if no_answer else (target,))]
    holes = sum(1 for row in zip(*(c.texts for c in needed), strict=True) if not all(row))
    if holes:
        said.notes.append(f"{_counted(holes)} without the target, an input or the group: skipped and counted")
    if table.bad_rows:
        said.notes.append(f"{_counted(len(table.bad_rows))} that cannot be used ({table.bad_rows[0].redacted()}): skipped and counted")
    said.others += _other_targets(target, [c for c in columns if c not in inputs.values() and c not in (group, id_)])
    said.notes += _about_labels(labels, target, inputs) if labels else []
    join = target.is_list and kind == "summarization" and plain_name(target.name) in _SUMMARIES
    return Guess(
        kind=kind,
        inputs={variable: column.name for variable, column in inputs.items()},
        target=target.name,
        group=group.name if group else None,
        id=id_.name if id_ else None,
        optional=optional,
        columns=tuple(dict.fromkeys([*table.columns, *(column.name for column in columns)])),
        labels=labels,
        no_answer=no_answer,
        fold_by=None if labels else _fold_by(target, inputs, said),
        join_targets=join,
        one_line_targets=not any("\n" in text for value in target.values for text in value),
        skip_bad_rows=bool(holes or table.bad_rows),
        rows=len(table.records),
        input_lengths=_lengths(list(inputs.values())),
        target_lengths=_lengths([target], one_by_one=not join),
        reasons=said.reasons,
        others=tuple(dict.fromkeys(said.others)),
        notes=tuple(said.notes),
        doubt="; ".join(filter(None, [picked.doubt, _no_header(target)])),
    )


def _no_header(target: Column) -> str:
    """What is said where the first row looks like data: the name of the column is one of its values."""
    if target.name not in target.counts:
        return ""
    return f"{quote(target.name)} is the name of a column and a value in it: if the file has no header, give it one"


def _counted(rows: int) -> str:
    return f"{rows} row{'s' if rows != 1 else ''}"


def _repeated_context(inputs: Mapping[str, Column], columns: Sequence[Column], said: Said) -> Column | None:
    """Questions about one passage belong together; the title of its document is the better name for it."""
    context = inputs.get("context")
    if context is None or context.is_list or 10 * context.distinct > 9 * context.filled or context.distinct < SMALLEST_GROUPS:
        return None
    titles = [c for c in columns if plain_name(c.name) == "title" and c.distinct >= SMALLEST_GROUPS and not c.empty and not c.is_unique]
    best = titles[0] if titles else context
    if best.empty:
        said.notes.append(f"questions about one text could be kept together by {quote(best.name)}, but {best.empty} rows have none")
        return None
    said.reasons["group"] = f"{best.distinct} different ones in {best.filled} questions: what one tells must not be trained on for another"
    return best


def _other_targets(target: Column, columns: Sequence[Column]) -> list[str]:
    found = []
    for column in columns:
        if column is target or naming.is_somebodys_guess(column.name) or (column.type == "number" and column.distinct > FEW_LABELS):
            continue
        names_rows = naming.names_a_cluster(column.name) or naming.names_an_id(column.name) or match(column.name, naming.TITLES)
        if column.is_label and not names_rows and not says_the_same(column, target):
            found.append(f"target: {quote(column.name)}, a label ({column.distinct} different values)")
        elif match(column.name, naming.TEXTS) and not column.is_label:
            found.append(f"target: {quote(column.name)} ({about(column)})")
    return found


def _about_labels(labels: Sequence[tuple[str, int]], target: Column, inputs: Mapping[str, Column]) -> list[str]:
    notes = []
    (most, n), (least, fewest) = labels[0], labels[-1]
    if n >= 3 * fewest:
        notes.append(f"the labels are unbalanced: {n} rows have {quote(most)}, {fewest} have {quote(least)}")
    rare = [label for label, count in labels if count < 10]
    if rare:
        notes.append(f"{len(rare)} of {len(labels)} labels have fewer than 10 rows: the test split may not hold one of each")
    seen: dict[tuple[str, ...], set[str]] = {}
    for *texts, label in zip(*(c.texts for c in inputs.values()), target.texts, strict=True):
        seen.setdefault(tuple(texts), set()).add(label)
    torn = sum(len(labels) > 1 for labels in seen.values())
    if torn:
        notes.append(f"{torn} inputs stand there with different labels")
    return notes


def _fold_by(target: Column, inputs: Mapping[str, Column], said: Said) -> str | None:
    """The input column that stands in several rows with different targets, if it tells the inputs apart."""
    whole = list(zip(*(c.texts for c in inputs.values()), strict=True))
    answers: dict[tuple[str, ...], set[str]] = {}
    for row, answer in zip(whole, target.texts, strict=True):
        answers.setdefault(row, set()).add(answer)
    several = {row for row, different in answers.items() if len(different) > 1}
    if 5 * sum(row in several for row in whole) < len(whole):
        return None
    for column in inputs.values():
        if column.distinct == len(answers):
            said.reasons["fold"] = f"{len(answers)} different inputs stand in {len(whole)} rows, with different targets"
            return column.name
    return None


def _lengths(columns: Sequence[Column], one_by_one: bool = False) -> Lengths:
    """How long the texts of these columns are together; `one_by_one` takes the items of a list as texts of their own."""
    return Lengths(
        sum(c.median_words for c in columns),
        sum(c.words[-1] if c.words else 0 for c in columns),
        sum(quantile(c.item_tokens if one_by_one else c.tokens, 0.99) for c in columns),
    )
