"""Results of several systems, checked against each other: the same examples, the same scores, and names that tell them apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.data.identity import example_digest
from harness.errors import BenchError, did_you_mean, setting
from harness.interchange.imported import ImportedResult, clean_name
from harness.types import StoredScore

BASE = "base"


@dataclass(frozen=True)
class ImportedTask:
    """All systems on one task.

    Attributes:
        scores: those that all systems have, the primary one first.
        results: all with examples, in the order of the first, or all with totals alone.
    """

    name: str
    scores: tuple[StoredScore, ...]
    results: tuple[ImportedResult, ...]

    @property
    def has_examples(self) -> bool:
        """Whether the outputs of single examples are known, and not only totals."""
        return bool(self.results[0].examples)


def assemble(
    results: Sequence[ImportedResult],
    *,
    base: str | None = None,
    primary: str | None = None,
    higher_is_better: Sequence[str] = (),
    lower_is_better: Sequence[str] = (),
) -> tuple[ImportedTask, ...]:
    """The tasks, in the order in which they were read.

    Args:
        base: the system that others are compared with, by its name or by what its file calls it; it becomes the strategy "base".
        primary: the score that decides, by its name or its plain name; None: the first that all systems have.
        higher_is_better, lower_is_better: scores of which the files do not say which values are better, named in the same way.

    Raises:
        BenchError: systems with equal names, or that cannot be compared.
    """
    results = _with_distinct_names(results)
    if base is not None:
        results = _with_base(results, base)
    asked = [("primary", name) for name in ([] if primary is None else [primary])]
    asked += [("higher_is_better", name) for name in higher_is_better] + [("lower_is_better", name) for name in lower_is_better]
    known = dict.fromkeys(name for result in results for score in result.scores for name in (score.name, result.labels[score.name]))
    if problems := [f"{setting(*each)}: no file has this score.{did_you_mean(each[1], known)}" for each in asked if each[1] not in known]:
        raise BenchError(problems)
    results = [_with_directions(result, higher_is_better, lower_is_better) for result in results]
    by_task: dict[str, list[ImportedResult]] = {}
    for result in results:
        by_task.setdefault(result.task, []).append(result)
    return tuple(_assemble_task(name, own, primary) for name, own in by_task.items())


def _with_distinct_names(results: Sequence[ImportedResult]) -> list[ImportedResult]:
    """Systems whose names are equal get the name of their file, too."""
    files: dict[str, set[str]] = {}
    for result in results:
        files.setdefault(result.system, set()).add(result.file)
    named = [result if len(files[result.system]) == 1 else _named_after_file(result) for result in results]
    seen: dict[tuple[str, str], str] = {}
    for result in named:
        key = result.task, result.system
        if key in seen:
            raise BenchError(
                f"{result.file}: has results of '{result.system}' on '{result.task}', as {seen[key]} has. "
                "Leave one of them out, or rename its file."
            )
        seen[key] = result.file
    return named


def _named_after_file(result: ImportedResult) -> ImportedResult:
    return replace(result, system=clean_name(f"{result.system}-{Path(result.file).stem}", fallback="system"))


def _with_directions(result: ImportedResult, higher: Sequence[str], lower: Sequence[str]) -> ImportedResult:
    """The result with the directions that the user states.

    Raises:
        BenchError: the file states the opposite.
    """
    scores = []
    for score in result.scores:
        names = {score.name, result.labels[score.name]}
        stated = "higher" if names & set(higher) else "lower" if names & set(lower) else score.direction
        if score.direction not in ("none", stated):
            option = setting(f"{stated}_is_better", score.name)
            raise BenchError(f"{result.file}: of '{score.name}', {score.direction} values are better. Leave out {option}.")
        scores.append(replace(score, direction=stated))
    return replace(result, scores=tuple(scores))


def _with_base(results: Sequence[ImportedResult], base: str) -> list[ImportedResult]:
    chosen = {result.system for result in results if base in (result.system, result.description)}
    if len(chosen) != 1:
        known = dict.fromkeys(result.system for result in results)
        problem = "several systems have this name" if chosen else "no file has results of this system"
        raise BenchError(f"{setting('base', base)}: {problem}.{did_you_mean(base, known)}")
    return [replace(result, system=BASE) if result.system in chosen else result for result in results]


def _assemble_task(name: str, results: Sequence[ImportedResult], primary: str | None) -> ImportedTask:
    first = results[0]
    for other in results[1:]:
        if bool(other.examples) != bool(first.examples):
            with_examples, without = (first, other) if first.examples else (other, first)
            raise BenchError(
                f"{without.file}: has only totals on '{name}', and {with_examples.file} has the outputs of each example. "
                "Import both with their outputs, or both without them."
            )
        _check_same_examples(name, first, other)
    scores = _shared_scores(name, results)
    chosen = next((score for score in scores if primary in (score.name, first.labels[score.name])), None) if primary else None
    chosen = chosen or next((score for score in scores if score.direction != "none"), None)
    if chosen is None:
        raise BenchError(
            f"{first.file}: '{name}' has no score of which the file says whether higher or lower values are better. Say so with "
            f"{setting('higher_is_better', scores[0].name)} or {setting('lower_is_better', scores[0].name)}."
        )
    ordered = (chosen, *(score for score in scores if score is not chosen))
    return ImportedTask(name, ordered, tuple(_in_order_of(first, result) for result in results))


def _check_same_examples(name: str, first: ImportedResult, other: ImportedResult) -> None:
    ours, theirs = ({example.id: example for example in each.examples} for each in (first, other))
    if ours.keys() != theirs.keys():
        only_one = next(id_ for id_ in (*ours, *theirs) if (id_ in ours) != (id_ in theirs))
        raise BenchError(
            f"{other.file}: has {len(theirs):,} examples of '{name}', and {first.file} has {len(ours):,}; '{only_one[:80]}' is in one "
            "of them only. Evaluate all systems on the same examples, with the same limit."
        )
    changed = next((id_ for id_, example in ours.items() if example_digest(example) != example_digest(theirs[id_])), None)
    if changed is not None:
        raise BenchError(
            f"{other.file}: the example '{changed[:80]}' of '{name}' has another input or target than in {first.file}. "
            "Evaluate all systems on the same version of the data."
        )


def _shared_scores(name: str, results: Sequence[ImportedResult]) -> tuple[StoredScore, ...]:
    """The scores that all systems have, in the order of the first.

    Raises:
        BenchError: there is none, or systems compute a score of the same name differently.
    """
    first, *others = results
    shared = []
    for score in first.scores:
        same = [next((each for each in other.scores if each.name == score.name), None) for other in others]
        for other, theirs in zip(others, same, strict=True):
            if theirs is not None and theirs.signature != score.signature:
                raise BenchError(
                    f"{other.file}: '{score.name}' is another score than in {first.file}: '{theirs.signature}' and '{score.signature}'. "
                    "Evaluate all systems with the same version of the task."
                )
        if None not in same:
            shared.append(score)
    if not shared:
        listed = "; ".join(f"{each.file} has {', '.join(score.name for score in each.scores)}" for each in results[:2])
        raise BenchError(f"the systems have no common score on '{name}': {listed}. Import them separately.")
    return tuple(shared)


def _in_order_of(first: ImportedResult, result: ImportedResult) -> ImportedResult:
    """The result with its examples and outputs in the order of the first."""
    if result is first or not first.examples:
        return result
    by_id = [{prediction.example_id: prediction for prediction in repeat} for repeat in result.repeats]
    return replace(
        result,
        examples=first.examples,
        repeats=tuple(tuple(repeat[example.id] for example in first.examples) for repeat in by_id),
    )
