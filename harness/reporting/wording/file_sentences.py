"""What checking and packing the files of a run has shown."""

from __future__ import annotations

from collections.abc import Sequence

from harness.reporting.wording import numbers
from harness.store import PackedFile, PackedRun, Verification
from harness.text import one_line, plural

_MOST_UNCHECKED = 8

# What a packed run holds, by the beginning and the end of a file's path.
_KINDS: Sequence[tuple[str, tuple[str, str], str]] = (
    ("pages for people", ("report.", ""), "open report.html"),
    ("plan", ("run.json", ""), "tasks, prompts, strategies, versions, and the paths of your data files"),
    ("test examples", ("data/", ".parquet"), "ids, inputs, references, and digests of the training inputs"),
    ("key of these digests", ("data/", ".key"), "with it, one can test whether a text was among the training inputs"),
    ("results", ("cells/", "cell.json"), "costs, versions, and the type of your machine"),
    ("outputs", ("cells/", "predictions.parquet"), "what the models wrote, with scores"),
    ("examples of few-shot prompts", ("cells/", "shots.json"), "texts of training examples"),
    ("training curves", ("cells/", "training.jsonl"), "losses"),
    ("notes about removed weights", ("cells/", "removed.json"), "digests of the weights, and when they were removed"),
    ("records of hosted answers", ("cells/", "answers.jsonl"), "ids, versions, tokens and times of answers, without their texts"),
    ("trained weights", ("cells/", ""), "a model can repeat texts that it was trained on"),
    ("reviews", ("review/", ""), "outputs, names of raters, and which strategy is behind each output: not for raters"),
    ("verdicts of the gate", ("gates/", ""), "scores, and outputs that got worse"),
    ("approvals of verdicts", ("approvals/", ""), "names of the people who approved, their reasons and public keys"),
    ("verdicts of judges", ("judges/", ""), "their prompts quote inputs and outputs"),
    ("list of reviews, verdicts and approvals", ("added.json", ""), "a file that was deleted or replaced is noticed"),
    ("digests of all files", ("seal.json", ""), "`bench verify` checks them"),
)
_WITHOUT_TEXT = {
    "plan": "tasks, prompts, strategies, versions, and the names of your data files without their folders",
    "test examples": "pseudonyms of ids and groups",
    "outputs": "scores and numbers of tokens, by pseudonym",
}


def describe_verification(verification: Verification) -> list[str]:
    """The result as lines: each problem, then a summary."""
    lines = [one_line(f"{each.path}: {each.problem}.") for each in verification.problems]
    if verification.lost:
        lines.append(one_line(f"Lost: {', '.join(f'{place} (accepted on {at[:10]})' for place, at in verification.lost.items())}."))
    if verification.unchecked:
        shown = [*verification.unchecked[:_MOST_UNCHECKED], *(["…"] if len(verification.unchecked) > _MOST_UNCHECKED else [])]
        lines.append(one_line(f"Without a digest: {', '.join(shown)}."))
    if verification.removed:
        size = numbers.size(sum(each.size for each in verification.removed.values()))
        dates = sorted({each.at[:10] for each in verification.removed.values()})
        lines.append(
            one_line(
                f"Removed to free disk space: the trained weights of {plural(len(verification.removed), 'cell')} ({size}), on "
                f"{', '.join(dates)}. Their digests are kept."
            )
        )
    if verification.packed is not None:
        lines.append(f"The run was packed without: {', '.join(each.what for each in verification.packed.left_out)}.")
    checked = f"{plural(verification.files, 'file')} ({numbers.size(verification.size)})"
    if verification.is_intact:
        lines.append(f"Intact: {checked} {'is' if verification.files == 1 else 'are'} as written.")
    else:
        lines.append(
            f"DAMAGED: {numbers.count(len(verification.problems))} of {checked}. Restore them from a backup, or run the same command again."
        )
    if verification.digest is not None:
        lines.append(f"sha256 of the run: {verification.digest}")
    elif not verification.is_finished:
        lines.append("The run is not finished, so files that are missing may go unnoticed.")
    if verification.digest is not None and verification.is_intact and not verification.made_here:
        lines.append("The run comes from another machine. Digests reveal damage, not forgery: `bench promote` lets its model answer again.")
    return lines


def describe_pack(packed: PackedRun) -> str:
    """What is in a packed run, and what is not."""
    without_text = not packed.note.with_text
    lines = [f"Run {packed.run}{', without texts' if without_text else ''}", "", "Inside:"]
    for noun, files, meaning in _group(packed.files):
        shown = _WITHOUT_TEXT.get(noun, meaning) if without_text else meaning
        lines.append(f"  {noun}: {plural(len(files), 'file')}, {numbers.size(sum(file.size for file in files))} ({shown})")
    if packed.note.left_out:
        lines += ["", "Left out:", *(f"  {each.what}: {each.why}" for each in packed.note.left_out)]
    return "\n".join([*lines, ""])


def _group(files: Sequence[PackedFile]) -> list[tuple[str, list[PackedFile], str]]:
    """The files of each kind; every file is of the first kind that it fits."""
    groups: dict[str, list[PackedFile]] = {}
    for file in files:
        noun = next((noun for noun, (start, end), _ in _KINDS if file.path.startswith(start) and file.path.endswith(end)), "other files")
        groups.setdefault(noun, []).append(file)
    return [(noun, groups[noun], meaning) for noun, _, meaning in (*_KINDS, ("other files", ("", ""), "")) if noun in groups]
