"""What to do about a finding: a sentence, the line of the task's YAML, and a command that runs as it is printed."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import takewhile

from harness.data.checks import DataCheck
from harness.types import DataFinding, FindingCode

CLEAN_FILE = "clean.jsonl"


@dataclass(frozen=True)
class FindingFix:
    """What to do.

    Attributes:
        advice: in a sentence.
        yaml: a line of the task's YAML; empty if none helps.
        command: empty if only a person can decide.
    """

    advice: str
    yaml: str = ""
    command: str = ""


def find_fix(finding: DataFinding, check: DataCheck) -> FindingFix:
    """What to do about a finding of this check."""
    return _FIXES[finding.code](finding, check)


def write_command(check: DataCheck, *words: str) -> str:
    """The command of the check with further words."""
    return shlex.join([*check.command, *words])


def _clean(name: str, advice: str) -> Callable[[DataFinding, DataCheck], FindingFix]:
    def fix(finding: DataFinding, check: DataCheck) -> FindingFix:
        if "source" in check.origin or "hub" in check.origin:  # there is no file to clean
            return FindingFix(advice)
        return FindingFix(advice, command=write_command(check, "--fix", name, "--out", CLEAN_FILE))

    return fix


def _train_on_unseen(finding: DataFinding, check: DataCheck) -> FindingFix:
    fix = _clean("rare-classes", "Add training examples of these classes, or remove their rows.")(finding, check)
    if not check.is_split or not check.guessed:
        return fix
    return replace(fix, advice=f"Add training examples of these classes, {_SPLIT_AGAIN}, or remove their rows.", yaml=_split_again(check))


def _test_all_classes(finding: DataFinding, check: DataCheck) -> FindingFix:
    if not check.is_split:
        return FindingFix(
            "Test on a larger share of the rows, so that rare classes get test examples.",
            yaml="data: {split: {train: 0.7, validation: 0.1, test: 0.2}}",
        )
    if check.guessed:
        return FindingFix(f"Move some examples of these classes to the test set, or {_SPLIT_AGAIN}.", yaml=_split_again(check))
    return _list_all("Move some examples of these classes to the test set.")(finding, check)


_SPLIT_AGAIN = "let bench split all rows again, with every class in training"


def _split_again(check: DataCheck) -> str:
    """The line that reads all files as one, so that they are split at random and by class."""
    files = list(takewhile(lambda word: not word.startswith("--"), check.command[3:]))
    return f"data: {{path: {json.dumps(files, ensure_ascii=False)}}}"


def _fold(finding: DataFinding, check: DataCheck) -> FindingFix:
    inputs = [column for role, column in check.columns.items() if role not in ("target", "group", "id")]
    advice = "Combine the rows of the test set into one example with several references."
    if len(inputs) != 1:
        return FindingFix(f"{advice} Name a column that is the same for rows with the same inputs in fold_references_by.")
    return FindingFix(
        advice,
        yaml=f"data: {{fold_references_by: {json.dumps(inputs[0], ensure_ascii=False)}}}",
        command=write_command(check, "--fold-references-by", inputs[0]) if _takes_columns(check) else "",
    )


def _keep_together(finding: DataFinding, check: DataCheck) -> FindingFix:
    fix = _clean("near-duplicates", "Remove the similar rows from the earlier split.")(finding, check)
    if check.is_split:
        return fix
    advice = "Keep similar rows in one split, or remove those of the earlier split."
    return replace(fix, advice=advice, yaml="data: {split: {near_duplicates: together}}")


def _group(finding: DataFinding, check: DataCheck) -> FindingFix:
    column = next(iter(finding.values))
    column = check.columns.get(column, column) if finding.limits.get("is_input") else column
    advice = "Make it the group: rows of a group then stay in one split."
    return FindingFix(
        advice,
        yaml=f"data: {{fields: {{group: {json.dumps(column, ensure_ascii=False)}}}}}",
        command=write_command(check, "--group", column) if _takes_columns(check) else "",
    )


def _split_by_time(finding: DataFinding, check: DataCheck) -> FindingFix:
    column = json.dumps(next(iter(finding.values)), ensure_ascii=False)
    return FindingFix("Train on the past and test on what came later.", yaml=f"data: {{split: {{by: {column}}}}}")


def _list_all(advice: str) -> Callable[[DataFinding, DataCheck], FindingFix]:
    def fix(finding: DataFinding, check: DataCheck) -> FindingFix:
        return FindingFix(advice, command=write_command(check, "--format", "html", "--out", "check.html"))

    return fix


def _takes_columns(check: DataCheck) -> bool:
    """Whether the command can name columns: it names files, or a task with data options. The columns of a task are in its YAML."""
    return check.guessed or any(word.startswith(("--data", "--train", "--hub")) for word in check.command)


_FIXES: Mapping[FindingCode, Callable[[DataFinding, DataCheck], FindingFix]] = {
    "leaks": _clean("leaks", "Remove them from training and validation."),
    "near_leaks": _keep_together,
    "duplicates": _clean("duplicates", "Keep the first of each."),
    "near_duplicates": _clean("near-duplicates", "Look at some pairs. If they say the same, keep the first of each."),
    "conflicts": _clean("conflicts", "Decide which label is right, or remove all of these rows."),
    "several_references": _fold,
    "empty": _clean("empty", "Complete them, or remove them."),
    "unusable": lambda finding, check: FindingFix(
        "Correct the rows, or let a run skip and count them.", yaml="data: {skip_bad_rows: true}"
    ),
    "unseen_classes": _train_on_unseen,
    "small_classes": _clean(
        "rare-classes", "Collect more examples of these classes, merge classes that need no distinction, or remove their rows."
    ),
    "untested_classes": _test_all_classes,
    "dominant_class": lambda finding, check: FindingFix("Judge by a score in which every class counts equally.", yaml="primary: macro_f1"),
    "repeated_targets": _clean(
        "repeated-targets", "Look at the rows. If the text is a template and not an answer, keep the first row of each."
    ),
    "placeholder_targets": _clean("placeholders", "If they are not the right answer, remove them."),
    "damaged_encoding": _clean("encoding", "Repair the texts, or export the data again as UTF-8."),
    "lost_characters": _list_all("The characters cannot be restored from this file. Export the data again as UTF-8."),
    "control_characters": _clean("encoding", "Remove the characters."),
    "shared_groups": _group,
    "divided_groups": _clean("leaks", "Remove the examples of these groups from training and validation, as a run does."),
    "label_suspects": _list_all("Let a person look at these rows; the first are the most certain."),
    "unsupported_targets": _list_all("Look at some rows. Add what the writer knew to the input, or remove such statements from targets."),
    "cut_prompts": _list_all("Choose a model with a longer context, or shorten the texts. Check another model with --model."),
    "other_languages": _list_all("Make sure that the model and the metrics know these languages, or remove the rows."),
    "long_texts": _list_all("Make sure that they are complete, and one example each."),
    "unlike_others": _list_all("Make sure that they belong to this task."),
    "ordered_by_time": _split_by_time,
}
