"""A guess as the YAML file of a task, with the reasons as comments. Pure: nothing is read or written."""

from __future__ import annotations

from collections.abc import Mapping

from harness.data.inspect.task_guess import TaskGuess
from harness.data.inspect.yaml_text import comment_lines, indent, to_quoted_scalar, to_scalar, with_remark
from harness.text import plural
from harness.types import FilesSpec, Paths, Task

SHOWN_LABELS = 20
MAX_NEW_TOKENS = 512  # half of the context of the included model: the draft must run on it, with room for the prompt
MAX_LENGTH = 32768
INSTRUCTION_TOKENS = 64


def draft_yaml(
    guess: TaskGuess,
    *,
    name: str,
    path: Paths | FilesSpec,
    prompt: str,
    split_files: Mapping[str, str] | None = None,
    has_splits: bool = False,
    sizes: Mapping[str, int] | None = None,
    subset: str | None = None,
) -> str:
    """The YAML file of a task.

    Args:
        path: the data files, relative to the YAML file.
        prompt: the template (see `draft_prompt`).
        split_files: files by split, if files beside the data file look like its splits.
        has_splits: whether the data has its own splits.
        sizes: examples per split, if the data has been loaded.
        subset: the configuration of the data, if it was named.
    """
    parts = [
        _heading(guess),
        [f"name: {to_scalar(name)}", *with_remark(f"kind: {guess.kind}", guess.reasons.get("kind", "")), ""],
        ["data:", *indent(_data(guess, path, split_files or {}, sizes or {}, has_splits, subset))],
        _labels(guess),
        ["", *_prompt(prompt), ""],
        comment_lines(f"Metrics and margin are those of `bench tasks show {'classification' if guess.labels else guess.kind}`."),
        ["", *_guardrails(guess), ""],
        _limits(guess),
    ]
    return "\n".join(line.rstrip() for part in parts for line in part) + "\n"


def output_tokens(guess: TaskGuess) -> int:
    """The drafted limit of an output that the model writes, in tokens."""
    return min(MAX_NEW_TOKENS, max(16, -(-guess.target_lengths.tokens // 16) * 16))


def _heading(guess: TaskGuess) -> list[str]:
    lines = comment_lines(
        f"Drafted by `bench init` from {plural(guess.rows, 'row')}. Every line is a guess based on names and content. Correct what is "
        "wrong, then check the file with `bench tasks validate`."
    )
    if guess.doubt:
        lines += ["#", *comment_lines(f"CHECK: {guess.doubt}. See `target` below.")]
    if guess.notes:
        lines += ["#", *(line for note in guess.notes for line in comment_lines(f"- {note}"))]
    return [*lines, ""]


def _data(
    guess: TaskGuess,
    path: Paths | FilesSpec,
    split_files: Mapping[str, str],
    sizes: Mapping[str, int],
    has_splits: bool,
    subset: str | None,
) -> list[str]:
    lines = [*_path(path), *([f"subset: {to_scalar(subset)}"] if subset is not None else [])]
    if split_files:
        files = ", ".join(f"{split}: {to_scalar(file)}" for split, file in split_files.items())
        lines += [f"# path: {{{files}}}", *comment_lines("If these files are the given splits, use this line instead of the one above.")]
    fields = _fields(guess)
    if guess.layout is not None:
        lines += comment_lines(f"The rows are {guess.reasons['inputs']}. Their columns need no names here.")
    lines += ["fields:", *indent(fields)] if fields else []
    if guess.join_targets:
        lines += with_remark(
            "target_lists: join", "the items of the list form one text; with references, each is a correct answer by itself"
        )
    if guess.fold_by:
        lines += with_remark(f"fold_references_by: {to_scalar(guess.fold_by)}", guess.reasons["fold"])
    counts = ", ".join(f"{sizes[split]:,} {split}" for split in ("train", "validation", "test") if split in sizes)
    if has_splits or isinstance(path, FilesSpec):
        lines += comment_lines("The data has its own splits" + (f" (examples: {counts})." if counts else "."))
    elif guess.split:
        lines += with_remark(f"split: {{column: {to_quoted_scalar(guess.split)}}}", guess.reasons["split"])
    else:
        lines += with_remark("split: {train: 0.8, validation: 0.1, test: 0.1, seed: 13}", f"examples: {counts}" if counts else "")
    if guess.skip_bad_rows:
        lines += with_remark("skip_bad_rows: true", "with false, incomplete rows are an error")
    return lines


def _path(path: Paths | FilesSpec) -> list[str]:
    if not isinstance(path, FilesSpec):
        return [f"path: {_files(path)}"]
    by_split = ((split, getattr(path, split)) for split in ("train", "validation", "test"))
    return ["path:", *indent([f"{split}: {_files(files)}" for split, files in by_split if files is not None])]


def _files(paths: Paths) -> str:
    return to_scalar(paths) if isinstance(paths, str) else f"[{', '.join(map(to_scalar, paths))}]"


def _fields(guess: TaskGuess) -> list[str]:
    inputs_and_target = {} if guess.layout is not None else {**guess.inputs, "target": guess.target}
    roles = {**inputs_and_target, "group": guess.group, "id": guess.id}
    remarks = dict.fromkeys(list(guess.inputs)[:1], guess.reasons.get("inputs", "")) | {
        "target": guess.reasons.get("target", ""),
        "group": f"kept in one split; {guess.reasons['group']}" if guess.group else "",
        "id": "different in every row" if guess.id else "",
    }
    lines: list[str] = []
    for role, column in roles.items():
        if column is not None:
            lines += with_remark(f"{to_scalar(role)}: {to_scalar(column)}", remarks.get(role, ""))
    for role in guess.disabled_roles:
        lines += with_remark(f"{role}: null", f"none; without this line, the column of that name would be the {role}")
    return [*lines, *(line for alternative in guess.alternatives for line in comment_lines(f"alternative: {alternative}"))]


def _labels(guess: TaskGuess) -> list[str]:
    if not guess.labels:
        return ["", f"no_answer: {to_scalar(guess.no_answer)}"] if guess.no_answer else []
    counts = [f"{to_scalar(label)} ({rows:,})" for label, rows in guess.labels[:SHOWN_LABELS]]
    others = f" and {len(guess.labels) - SHOWN_LABELS} more" if len(guess.labels) > SHOWN_LABELS else ""
    lines = ["", *comment_lines(f"Labels and their number of rows: {', '.join(counts)}{others}.")]
    if guess.kind == "classification":
        return [*lines, *comment_lines("They are the distinct targets of the data. To fix them, add `labels: […]`.")]
    return [*lines, f"labels: [{', '.join(to_quoted_scalar(label) for label, _ in guess.labels)}]"]


def _prompt(prompt: str) -> list[str]:
    if prompt.endswith("\n"):
        return ["prompt: |", *indent(prompt.splitlines())]
    comment = (
        "The rows contain complete prompts, so the model reads them unchanged: no instruction is added, no line break at the end, and no "
        "chat template. To have a chat model read them as turns of a user, remove `prompt_format: plain`."
    )
    return [*comment_lines(comment), f"prompt: {to_scalar(prompt)}", "prompt_format: plain"]


def _guardrails(guess: TaskGuess) -> list[str]:
    """Limits on errors that do harm. Which class is critical only the owner of the data knows, so for labels they are an example."""
    if guess.labels:
        rarest = to_scalar(f"class={guess.labels[-1][0]}")
        return [
            *comment_lines(
                "Guardrails are limits that must hold whatever the primary score says. If errors on some class do harm, limit them: the "
                "accuracy on the examples of a class is its recall. Without a guardrail, the best model is only the best of those tested."
            ),
            "# guardrails:",
            f"#   accuracy: {{at_least: 0.9, slice: {rarest}}}",
        ]
    lines = comment_lines(
        "Guardrails are limits that must hold whatever the primary score says. A text can be close to its reference and still be wrong in "
        "a way that does harm, so raters judge a sample (`bench review`). Adjust the limit to what you can accept."
    )
    proposed = "review.critical_error_rate: {at_most: 0.05}"
    lines += ["guardrails:", *indent(with_remark(proposed, "raters see a critical error in at most 5% of outputs"))]
    if guess.kind == "qa":
        return lines
    return [
        *lines,
        "  # These scores count as kept once they agree with raters: numbers, doses and dates without support, and words and numbers.",
        "  # number_error_rate: {not_worse_than: base, by: 0.05}",
        "  # unsupported_rate: {not_worse_than: base, by: 0.05}",
    ]


def _limits(guess: TaskGuess) -> list[str]:
    """Limits for prompts and outputs, from the lengths in the data."""
    answer = guess.target_lengths.tokens
    total = guess.input_lengths.tokens + answer + INSTRUCTION_TOKENS
    default = Task.model_fields["max_length"].default
    max_length = default if total <= default else min(MAX_LENGTH, -(-total // 1024) * 1024)
    remark = f"tokens; 99% of prompts with their answers have fewer than about {total:,}. The model's own limit also applies"
    lines = with_remark(f"max_length: {max_length}", remark)
    if guess.labels:
        return lines
    new_tokens = output_tokens(guess)
    stop = ', stop: ["\\n"]' if guess.kind == "qa" and guess.one_line_targets else ""
    words = "" if answer <= MAX_NEW_TOKENS else "more would leave the included model too little room for the prompt; "
    words += f"answers have {guess.target_lengths.median_words} words (median), at most {guess.target_lengths.max_words:,}"
    return [
        *lines,
        *with_remark(f"decode: {{max_new_tokens: {new_tokens}{stop}}}", f"{words}; 99% have fewer than about {answer:,} tokens"),
    ]
