"""What a check of data found: a title and a sentence for each finding, and the summary."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.data.checks import FEW_CLASSES, RATIO, RATIO_OF_FEW, SPOILING_SHARE, DataCheck
from harness.data.similarity import LONG_SIMILARITY, LONG_TEXT, SIMILARITY
from harness.reporting.wording import numbers
from harness.reporting.wording.data.finding_sentences import SPLIT_NAMES, join
from harness.reporting.wording.text_table import TextTable
from harness.text import one_line
from harness.types import DataFinding, FindingCode, FlaggedRow, RowName, Severity

TITLE = "Data check"
_SHOWN_ROWS = 100  # of a finding on the page; JSON has more
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
HOW_TO_SEE_ROWS = "A run stores no training examples: bench data check names the rows of each finding, and what solves it."
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
    "divided_groups": "Groups that the splits divide",
    "cut_prompts": "Prompts that are cut",
    "other_languages": "Several languages",
    "long_texts": "Unusually long or short texts",
    "unlike_others": "Texts unlike all others",
    "ordered_by_time": "A date column",
}
_METHOD = (
    f"Two inputs are the same if they differ only in case and white space. They are near duplicates if they share at least "
    f"{SIMILARITY:.0%} of their words, from {LONG_TEXT} words on {LONG_SIMILARITY:.0%} (twice the shared words, divided by the words of "
    "both). Order does not count. Candidates come from MinHash, which finds 99.7% of those that share 80%; every pair is then verified.",
    f"Near duplicates across splits and contradictory labels spoil results from {SPOILING_SHARE:.0%} of a split; fewer are a warning. "
    "Exact copies across splits always do: bench removes them from training, other programs do not.",
    "Text read with the wrong encoding is recognized by ftfy, by sequences of characters that occur in no language.",
    f"A label is suspect if a classifier on tf-idf, trained on other rows, gives it at most {RATIO:.0%} of the probability of the most "
    f"probable one ({RATIO_OF_FEW:.0%} with up to {FEW_CLASSES} classes). It is silent where labels cannot be predicted from words.",
    "The language is that of py3langid, for texts of at least 60 letters. Numbers and names of targets are looked up in the input as for "
    "the score unsupported_rate; English only.",
    "A column counts as a group by its name (patient, document, author) or by codes that repeat.",
)


def title(finding: DataFinding) -> str:
    """What the finding is."""
    return _TITLES[finding.code]


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
    text = join(parts)
    return f"{text[0].upper()}{text[1:]}."


def describe_rows(check: DataCheck) -> str:
    """How many rows there are in each split."""
    parts = [f"{count:,} {SPLIT_NAMES[split]}" for split, count in check.sizes.items() if count]
    origin = "given splits" if check.is_split else "split as a run splits them"
    return f"{', '.join(parts)} ({origin})"


def describe_columns(check: DataCheck) -> str:
    """The role of each column."""
    columns = "; ".join(f"{role}: {column}" for role, column in check.columns.items())
    return f"{columns} (guessed)" if check.guessed else columns


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
    rows = tuple(tuple(get(row) for _, get in columns) for row in finding.rows[:_SHOWN_ROWS])
    is_numeric = tuple(name == _SCORES.get(finding.code) for name, _ in columns)
    under = f"The first {len(rows)} of {finding.count:,}." if finding.count > len(rows) >= _SHOWN_ROWS else ""
    return TextTable(title(finding), tuple(name for name, _ in columns), is_numeric, rows, under)


def build_value_table(finding: DataFinding) -> TextTable | None:
    """The classes, targets or languages of a finding with their counts; None if it has none."""
    if not finding.values or finding.code in ("shared_groups", "divided_groups", "ordered_by_time", "dominant_class", "cut_prompts"):
        return None
    rows = tuple((one_line(value, 120), f"{count:,}") for value, count in finding.values.items())
    return TextTable(title(finding), (_KINDS.get(finding.code, "Class"), "Examples"), (False, True), rows)


def name_row(row: RowName) -> str:
    """A row by its split, its place and its id."""
    place = row.location or row.id
    has_own_id = row.id and row.location and not _is_computed(row.id)
    return " ".join(filter(None, [SPLIT_NAMES.get(row.split, row.split), place, f"(id {row.id})" if has_own_id else ""]))


def list_method() -> tuple[str, ...]:
    """How the data was checked."""
    return _METHOD


def _is_computed(row_id: str) -> bool:
    """Whether an id is the hash that rows without one get."""
    digest = row_id.split("-", maxsplit=1)[0]
    return len(digest) == 16 and all(letter in "0123456789abcdef" for letter in digest)


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
    "divided_groups": "Group",
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
