"""The sentences of a data card."""

from __future__ import annotations

from harness.reporting.views import DataCard
from harness.reporting.wording import numbers
from harness.reporting.wording.data import anonymize_sentences, check_sentences
from harness.reporting.wording.text_table import TextTable
from harness.types import DataAbout

TITLE = "Data card"
UNKNOWN = "Not stated."
SKIP = "Skip to the card"
ABOUT, GAPS, SPLITS, FILES = "About the data", "Known gaps", "Splits", "Files"
FINDINGS, COLUMNS = "What a check found", "Columns that are used"
_FIELDS = {
    "source": "Source",
    "license": "Licence",
    "collected": "Collection",
    "anonymization": "Anonymization",
    "url": "Address",
}


def summarize(card: DataCard) -> str:
    """One sentence: how many rows, and whether the check found anything serious."""
    rows = numbers.plural(sum(card.check.sizes.values()), "row")
    return f"{rows}. {check_sentences.describe_summary(card.check)}"


def list_about(card: DataCard) -> list[tuple[str, str]]:
    """What the author of the task declares, and what is not stated."""
    return [(title, getattr(card.about, field) or UNKNOWN) for field, title in _FIELDS.items() if field != "url" or card.about.url]


def list_stated(about: DataAbout) -> list[tuple[str, str]]:
    """What the author of the task declares, gaps included; empty where nothing is declared."""
    stated = [(title, getattr(about, field)) for field, title in _FIELDS.items() if getattr(about, field)]
    return [*stated, *([(GAPS, "; ".join(about.gaps))] if about.gaps else [])]


def list_recall(card: DataCard) -> list[str]:
    """The recall of anonymization that was measured; empty where nothing was marked."""
    return [] if card.recall is None else [line.strip() for line in anonymize_sentences.describe_recall(*card.recall)]


def list_gaps(card: DataCard) -> list[str]:
    """What is known to be missing or wrong."""
    return list(card.about.gaps) or ["No gaps are stated."]


def describe_split(card: DataCard) -> list[str]:
    """How the rows were divided, and whether the test set is locked."""
    sizes = ", ".join(f"{size:,} {split}" for split, size in card.check.sizes.items())
    lines = [f"Rows: {sizes}.", _describe_rule(card)]
    if card.locked_test:
        lines.append(f"The test set is locked: its digest is {card.locked_test}.")
    else:
        lines.append("The test set is not locked.")
    return lines


def build_file_table(card: DataCard) -> TextTable | None:
    """Each file with its size and digest; None without files."""
    if not card.files:
        return None
    rows = tuple((each.name, "all" if each.split == "file" else each.split, f"{each.size:,}", each.sha256) for each in card.files)
    return TextTable(FILES, ("file", "split", "bytes", "sha256"), (False, False, True, False), rows)


def describe_written(folder: str) -> str:
    """What was written."""
    return f"Wrote {folder}: card.html for people, croissant.json for programs."


def _describe_rule(card: DataCard) -> str:
    split, groups = card.split, card.columns.get("group")
    if card.check.is_split:
        rule = f"The column '{split.column}' names the split of each row." if split.column else "The data has its own splits."
    elif split.by:
        rule = f"Split by time ('{split.by}'): training has the oldest rows, test the newest."
    else:
        rule = f"Split at random: {split.train:.0%} training, {split.validation:.0%} validation, {split.test:.0%} test, seed {split.seed}."
    together = [f"rows of one group ('{groups}') stay together"] if groups else []
    together += ["near duplicates stay together"] if split.near_duplicates == "together" else []
    sentence = " and ".join(together)
    return f"{rule} {sentence[:1].upper()}{sentence[1:]}." if sentence and not card.check.is_split else rule
