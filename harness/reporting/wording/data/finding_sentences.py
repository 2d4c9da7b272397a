"""What each finding of a check of data says, in a sentence or two."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.data.checks import FEW_TO_LEARN
from harness.reporting.wording import numbers
from harness.text import one_line
from harness.types import DataFinding, FindingCode

SPLIT_NAMES: Mapping[str, str] = {"train": "training", "validation": "validation", "test": "test"}


def describe(finding: DataFinding) -> str:
    """What was found, in a sentence or two."""
    return _DESCRIBE[finding.code](finding)


def count(finding: DataFinding) -> str:
    """How many rows or classes the finding is about."""
    is_of_classes = finding.code in ("unseen_classes", "small_classes", "untested_classes")
    return f"{finding.count:,} of {finding.of:,} {'classes' if is_of_classes else 'rows'}"


def _of(finding: DataFinding, singular: str, several: str) -> str:
    share = finding.count / finding.of if finding.of else 0.0
    return f"{finding.count:,} of {finding.of:,} rows ({numbers.share(share)}) {_verb(finding.count, singular, several)}"


def _by_split(finding: DataFinding) -> str:
    return join([f"{count:,} in {SPLIT_NAMES[split]}" for split, count in finding.splits.items()])


def _verb(count: int, singular: str, several: str) -> str:
    return singular if count == 1 else several


def _leaks(finding: DataFinding) -> str:
    pairs = []
    for pair, count in finding.splits.items():
        earlier, later = (SPLIT_NAMES[split] for split in pair.split("/"))
        pairs.append(f"{numbers.plural(count, f'{earlier} example')} {_verb(count, 'has', 'have')} the input of a {later} example")
    return f"{join(pairs)}. A model that has seen them is tested on what it learned by heart."


def _near_leaks(finding: DataFinding) -> str:
    return (
        f"{finding.count:,} of {finding.of:,} validation and test examples ({numbers.share(finding.count / finding.of)}) "
        f"{_verb(finding.count, 'is', 'are')} almost the same as an example of an earlier split: {_by_split(finding)}. "
        "Scores on them say how well a model remembers."
    )


def _duplicates(finding: DataFinding) -> str:
    return (
        f"{_of(finding, 'repeats', 'repeat')} an earlier row of the split, inputs and targets: {_by_split(finding)}. Repeated rows count "
        "twice."
    )


def _near_duplicates(finding: DataFinding) -> str:
    return (
        f"{_of(finding, 'is', 'are')} almost the same as an earlier row of the split: {_by_split(finding)}. They add little to "
        "training, and in the test set they make intervals too narrow."
    )


def _conflicts(finding: DataFinding) -> str:
    return (
        f"{_of(finding, 'has', 'have')} the input of another row but a different label: {_by_split(finding)}. At most one "
        "of the labels can be right."
    )


def _several_references(finding: DataFinding) -> str:
    return (
        f"{_of(finding, 'has', 'have')} the input of another row but a different target: {_by_split(finding)}. In the test set, "
        "such rows are better one example with several references."
    )


def _empty(finding: DataFinding) -> str:
    return f"{_of(finding, 'lacks', 'lack')} the target or an input, and cannot be used."


def _unusable(finding: DataFinding) -> str:
    return f"{_of(finding, 'is', 'are')} defective in another way, and cannot be used."


def _unseen_classes(finding: DataFinding) -> str:
    return (
        f"{count(finding)} {_verb(finding.count, 'has', 'have')} test examples "
        f"({finding.limits['examples']:,.0f}) but no training examples. No model can learn them."
    )


def _small_classes(finding: DataFinding) -> str:
    return f"{count(finding)} {_verb(finding.count, 'has', 'have')} fewer than {FEW_TO_LEARN} training examples."


def _untested_classes(finding: DataFinding) -> str:
    return f"{count(finding)} {_verb(finding.count, 'has', 'have')} no test examples: nothing will be known about them."


def _dominant_class(finding: DataFinding) -> str:
    label = one_line(next(iter(finding.values)), 80)
    return (
        f"{finding.count:,} of {finding.of:,} training examples ({numbers.share(finding.count / finding.of)}) are of the class '{label}'. "
        "A model that always answers so has a high accuracy."
    )


def _repeated_targets(finding: DataFinding) -> str:
    return f"{_of(finding, 'has', 'have')} a target that occurs again and again. A model learns to write it whatever the input is."


def _placeholder_targets(finding: DataFinding) -> str:
    return f"{_of(finding, 'has', 'have')} a target that only fills the cell: {_by_split(finding)}."


def _damaged_encoding(finding: DataFinding) -> str:
    return f"{_of(finding, 'was', 'were')} read with the wrong encoding at some point: {_by_split(finding)}."


def _lost_characters(finding: DataFinding) -> str:
    return f"{_of(finding, 'contains', 'contain')} U+FFFD, which replaces characters that could not be decoded: {_by_split(finding)}."


def _control_characters(finding: DataFinding) -> str:
    return f"{_of(finding, 'contains', 'contain')} control characters: {_by_split(finding)}."


def _shared_groups(finding: DataFinding) -> str:
    column = one_line(next(iter(finding.values)), 80)
    what = "The input" if finding.limits.get("is_input") else "The column"
    return (
        f"{what} '{column}' has {finding.values[next(iter(finding.values))]:,} distinct values, and {finding.count:,} of {finding.of:,} "
        f"validation and test examples ({numbers.share(finding.count / finding.of)}) share theirs with a training example. If rows with "
        "the same value belong together, as those of one patient or document, test scores are too high."
    )


def _divided_groups(finding: DataFinding) -> str:
    column = one_line(next(iter(finding.values)), 80)
    groups = numbers.plural(finding.values[next(iter(finding.values))], "group")
    return (
        f"{finding.count:,} of {finding.of:,} training and validation examples ({numbers.share(finding.count / finding.of)}) share their "
        f"group (column '{column}', {groups}) with an example of a later split. A model is tested on groups that it knows."
    )


def _label_suspects(finding: DataFinding) -> str:
    sampled = f", a random sample of {finding.limits['all']:,.0f}" if finding.of < finding.limits["all"] else ""
    return (
        f"For {finding.count:,} of {finding.of:,} rows ({numbers.share(finding.count / finding.of)}{sampled}), a classifier that has not "
        f"seen the row is sure of another label: {_by_split(finding)}. It agrees with {numbers.share(finding.limits['agreement'])} of all "
        "labels."
    )


def _unsupported_targets(finding: DataFinding) -> str:
    return (
        f"{_of(finding, 'has', 'have')} a target with numbers or names that its input does not contain{_sample(finding)}. "
        "A model that learns from them learns to invent."
    )


def _cut_prompts(finding: DataFinding) -> str:
    model = one_line(next(iter(finding.values)), 80)
    return (
        f"{_of(finding, 'has', 'have')} a prompt that is cut{_sample(finding)}: {_by_split(finding)}. The model '{model}' takes "
        f"{finding.limits['context']:,.0f} tokens, and {finding.limits['tokens']:,.0f} remain for the prompt."
    )


def _other_languages(finding: DataFinding) -> str:
    languages = [f"{one_line(language, 20)} {count:,}" for language, count in finding.values.items()]
    return f"The texts are in {numbers.plural(len(languages), 'language')} (rows): {', '.join(languages)}."


def _long_texts(finding: DataFinding) -> str:
    return f"{_of(finding, 'has', 'have')} a text that is far longer or shorter than the others: {_by_split(finding)}."


def _unlike_others(finding: DataFinding) -> str:
    return f"{_of(finding, 'consists', 'consist')} mostly of words that no other row has: {_by_split(finding)}."


def _ordered_by_time(finding: DataFinding) -> str:
    column = one_line(next(iter(finding.values)), 80)
    return (
        f"The column '{column}' has a date in every row, and the rows are split at random. If the model will be used on later rows, the "
        "test set should be later than training."
    )


def _sample(finding: DataFinding) -> str:
    return f" ({finding.of:,} of {finding.limits['all']:,.0f} rows were looked at)" if finding.of < finding.limits["all"] else ""


def join(parts: list[str]) -> str:
    """Parts of a sentence with commas and "and"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""


_DESCRIBE: Mapping[FindingCode, Callable[[DataFinding], str]] = {
    "leaks": _leaks,
    "near_leaks": _near_leaks,
    "duplicates": _duplicates,
    "near_duplicates": _near_duplicates,
    "conflicts": _conflicts,
    "several_references": _several_references,
    "empty": _empty,
    "unusable": _unusable,
    "unseen_classes": _unseen_classes,
    "small_classes": _small_classes,
    "untested_classes": _untested_classes,
    "dominant_class": _dominant_class,
    "repeated_targets": _repeated_targets,
    "placeholder_targets": _placeholder_targets,
    "damaged_encoding": _damaged_encoding,
    "lost_characters": _lost_characters,
    "control_characters": _control_characters,
    "shared_groups": _shared_groups,
    "divided_groups": _divided_groups,
    "label_suspects": _label_suspects,
    "unsupported_targets": _unsupported_targets,
    "cut_prompts": _cut_prompts,
    "other_languages": _other_languages,
    "long_texts": _long_texts,
    "unlike_others": _unlike_others,
    "ordered_by_time": _ordered_by_time,
}
