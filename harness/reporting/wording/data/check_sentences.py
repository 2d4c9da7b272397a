"""What a check of data found: a title and a sentence for each finding, and the summary."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.data.checks import FEW_CLASSES, FEW_TO_LEARN, RATIO, RATIO_OF_FEW, SHOWN_ROWS, SPOILING_SHARE, DataCheck
from harness.data.similarity import SIMILARITY
from harness.reporting.wording import numbers
from harness.reporting.wording.text_table import TextTable
from harness.text import one_line
from harness.types import DataFinding, FindingCode, FlaggedRow, RowName, Severity

TITLE = "Data check"
SEVERITIES: Mapping[Severity, str] = {"spoils": "Spoils results", "warns": "Warning", "notes": "Note"}
LABELS: Mapping[str, str] = {
    "skip": "Skip to the findings",
    "data": "Data",
    "rows": "Rows",
    "kind": "Kind",
    "columns": "Columns",
    "fix": "What to do",
    "shown": "Rows",
    "method": "How the data was checked",
}
HOW_TO_SEE_ROWS = "A run stores no training examples. `bench data check` names the rows of each finding, and what solves it."
_SPLIT_NAMES = {"train": "training", "validation": "validation", "test": "test"}
_TITLES: Mapping[FindingCode, str] = {
    "leaks": "The same examples in several splits",
    "near_leaks": "Almost the same examples in several splits",
    "duplicates": "Duplicates",
    "near_duplicates": "Near duplicates",
    "conflicts": "The same input with different labels",
    "several_references": "The same input with different targets",
    "empty": "Rows without a target or an input",
    "unusable": "Rows that cannot be used",
    "unseen_classes": "Classes without training examples",
    "small_classes": "Classes with few training examples",
    "untested_classes": "Classes without test examples",
    "dominant_class": "One class has almost all examples",
    "label_suspects": "Labels that may be wrong",
    "repeated_targets": "Repeated targets",
    "placeholder_targets": "Placeholders as targets",
    "unsupported_targets": "Targets that the input does not support",
    "damaged_encoding": "Text read with the wrong encoding",
    "lost_characters": "Lost characters",
    "control_characters": "Control characters",
    "shared_groups": "Groups in several splits",
    "cut_prompts": "Prompts that are cut",
    "other_languages": "Several languages",
    "long_texts": "Unusually long or short texts",
    "unlike_others": "Texts unlike all others",
    "ordered_by_time": "A date column",
}
_METHOD = (
    f"Two inputs are the same if they differ only in case and white space. They are near duplicates if at least {SIMILARITY:.0%} of their "
    "words are shared (Jaccard similarity of the sets of words). Candidates come from MinHash, which finds 99.8% of the pairs at this "
    "limit; every pair is then verified.",
    f"Near duplicates across splits and contradictory labels spoil results from {SPOILING_SHARE:.0%} of a split; fewer are a warning. "
    "Exact copies across splits always do: bench removes them from training, other programs do not.",
    "Text read with the wrong encoding is recognized by ftfy, by sequences of characters that occur in no language.",
    f"A label is suspect if a classifier on tf-idf, trained on other rows, gives it at most {RATIO:.0%} of the probability of the most "
    f"probable one ({RATIO_OF_FEW:.0%} with up to {FEW_CLASSES} classes). It is silent where labels cannot be predicted from words.",
    "The language is that of py3langid, for texts of at least 60 letters. Numbers and names of targets are looked up in the input as for "
    "the score `unsupported_rate`; English only.",
    "A column counts as a group by its name (patient, document, author) or by codes that repeat.",
)


def title(finding: DataFinding) -> str:
    """What the finding is."""
    return _TITLES[finding.code]


def count(finding: DataFinding) -> str:
    """How many rows or classes the finding is about."""
    is_of_classes = finding.code in ("unseen_classes", "small_classes", "untested_classes")
    return f"{finding.count:,} of {finding.of:,} {'classes' if is_of_classes else 'rows'}"


def describe_summary(check: DataCheck) -> str:
    """Whether a result on the data can be trusted."""
    counts = {severity: sum(finding.severity == severity for finding in check.findings) for severity in SEVERITIES}
    if not check.findings:
        return "Nothing was found."
    parts = [
        *(
            [f"{numbers.plural(counts['spoils'], 'problem')} that {'spoils' if counts['spoils'] == 1 else 'spoil'} results"]
            * bool(counts["spoils"])
        ),
        *([numbers.plural(counts["warns"], "warning")] * bool(counts["warns"])),
        *([numbers.plural(counts["notes"], "note")] * bool(counts["notes"])),
    ]
    text = _join(parts)
    return f"{text[0].upper()}{text[1:]}."


def describe_rows(check: DataCheck) -> str:
    """How many rows there are in each split."""
    parts = [f"{count:,} {_SPLIT_NAMES[split]}" for split, count in check.sizes.items() if count]
    origin = "given splits" if check.is_split else "split as a run splits them"
    return f"{', '.join(parts)} ({origin})"


def describe_columns(check: DataCheck) -> str:
    """The role of each column."""
    columns = "; ".join(f"{role}: {column}" for role, column in check.columns.items())
    return f"{columns} (guessed)" if check.guessed else columns


def describe(finding: DataFinding) -> str:
    """What was found, in a sentence or two."""
    return _DESCRIBE[finding.code](finding)


def build_row_table(finding: DataFinding) -> TextTable | None:
    """The rows of a finding; None if it names none."""
    if not finding.rows:
        return None
    columns: list[tuple[str, Callable[[FlaggedRow], str]]] = [("Row", lambda row: name_row(row.row))]
    if any(row.excerpt for row in finding.rows):
        columns.append(("Text", lambda row: row.excerpt))
    if any(row.value for row in finding.rows):
        columns.append((_VALUES.get(finding.code, "Value"), lambda row: row.value))
    if any(row.expected for row in finding.rows):
        columns.append((_EXPECTED.get(finding.code, "Instead"), lambda row: row.expected))
    if any(row.other for row in finding.rows):
        columns.append(("Other row", lambda row: name_row(row.other) if row.other else ""))
        if finding.code in ("near_leaks", "near_duplicates"):
            columns.append(("Its text", lambda row: row.other_excerpt))
    if any(row.score is not None for row in finding.rows):
        columns.append((_SCORES.get(finding.code, "Score"), lambda row: "" if row.score is None else f"{row.score:.2f}"))
    rows = tuple(tuple(get(row) for _, get in columns) for row in finding.rows)
    is_numeric = tuple(name == _SCORES.get(finding.code) for name, _ in columns)
    under = f"The first {len(rows)} of {finding.count:,}." if finding.count > len(rows) >= SHOWN_ROWS else ""
    return TextTable(title(finding), tuple(name for name, _ in columns), is_numeric, rows, under)


def build_value_table(finding: DataFinding) -> TextTable | None:
    """The classes, targets or languages of a finding with their counts; None if it has none."""
    if not finding.values or finding.code in ("shared_groups", "ordered_by_time", "dominant_class", "cut_prompts"):
        return None
    rows = tuple((one_line(value, 120), f"{count:,}") for value, count in finding.values.items())
    return TextTable(title(finding), (_KINDS.get(finding.code, "Class"), "Examples"), (False, True), rows)


def name_row(row: RowName) -> str:
    """A row by its split, its place and its id."""
    place = row.location or row.id
    has_own_id = row.id and row.location and not _is_computed(row.id)
    return " ".join(filter(None, [_SPLIT_NAMES.get(row.split, row.split), place, f"(id {row.id})" if has_own_id else ""]))


def list_method() -> tuple[str, ...]:
    """How the data was checked."""
    return _METHOD


def _is_computed(row_id: str) -> bool:
    """Whether an id is the hash that rows without one get."""
    digest = row_id.split("-", maxsplit=1)[0]
    return len(digest) == 16 and all(letter in "0123456789abcdef" for letter in digest)


def _of(finding: DataFinding, singular: str, several: str) -> str:
    share = finding.count / finding.of if finding.of else 0.0
    return f"{finding.count:,} of {finding.of:,} rows ({numbers.share(share)}) {_verb(finding.count, singular, several)}"


def _by_split(finding: DataFinding) -> str:
    return _join([f"{count:,} in {_SPLIT_NAMES[split]}" for split, count in finding.splits.items()])


def _verb(count: int, singular: str, several: str) -> str:
    return singular if count == 1 else several


def _leaks(finding: DataFinding) -> str:
    pairs = []
    for pair, count in finding.splits.items():
        earlier, later = (_SPLIT_NAMES[split] for split in pair.split("/"))
        pairs.append(f"{numbers.plural(count, f'{earlier} example')} {_verb(count, 'has', 'have')} the input of a {later} example")
    return f"{_join(pairs)}. A model that has seen them is tested on what it learned by heart."


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


def _join(parts: list[str]) -> str:
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
    "label_suspects": _label_suspects,
    "unsupported_targets": _unsupported_targets,
    "cut_prompts": _cut_prompts,
    "other_languages": _other_languages,
    "long_texts": _long_texts,
    "unlike_others": _unlike_others,
    "ordered_by_time": _ordered_by_time,
}
_VALUES: Mapping[FindingCode, str] = {
    "conflicts": "Label",
    "several_references": "Target",
    "empty": "Problem",
    "unusable": "Problem",
    "unseen_classes": "Class",
    "placeholder_targets": "Target",
    "repeated_targets": "Target",
    "damaged_encoding": "As read",
    "lost_characters": "Around it",
    "control_characters": "Around it",
    "shared_groups": "Value",
    "label_suspects": "Label",
    "unsupported_targets": "Not in the input",
    "cut_prompts": "Length",
    "other_languages": "Language",
    "long_texts": "Length",
}
_EXPECTED: Mapping[FindingCode, str] = {
    "conflicts": "Other label",
    "label_suspects": "Predicted label",
    "unsupported_targets": "Target",
    "several_references": "Other target",
    "damaged_encoding": "Repaired",
}
_SCORES: Mapping[FindingCode, str] = {
    "near_leaks": "Similarity",
    "near_duplicates": "Similarity",
    "label_suspects": "Probability",
    "unlike_others": "Share",
}
_KINDS: Mapping[FindingCode, str] = {"repeated_targets": "Target", "other_languages": "Language"}
