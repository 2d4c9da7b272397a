"""All checks of a task's rows, in the order in which their findings are shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.data.checks.checked_rows import CheckedRows
from harness.data.checks.class_balance import find_class_problems
from harness.data.checks.copies import find_copies
from harness.data.checks.damaged_text import find_damaged_text
from harness.data.checks.label_suspects import find_label_suspects
from harness.data.checks.languages import find_other_languages
from harness.data.checks.near_copies import find_near_copies
from harness.data.checks.outliers import find_outliers
from harness.data.checks.poor_targets import find_poor_targets
from harness.data.checks.shared_groups import find_shared_groups
from harness.types import DataFinding, Kind, Severity, SplitName

Progress = Callable[[str, float], None]
_ORDER: tuple[Severity, ...] = ("spoils", "warns", "notes")
MOST_QUICK_ROWS = 20_000  # with which near duplicates are searched before a run: about two seconds


@dataclass(frozen=True)
class DataCheck:
    """What a check of data found.

    Attributes:
        name: the task or the file.
        kind: of the task.
        columns: by role; for a file, as they were guessed. Inputs by their variable.
        guessed: whether the roles were guessed.
        is_split: whether the data has its own splits.
        origin: files with their digests, or the source with its version.
        sizes: rows by split.
        findings: the most serious first.
        command: the command that makes this check again.
    """

    name: str
    kind: Kind
    columns: Mapping[str, str]
    guessed: bool
    is_split: bool
    origin: Mapping[str, str]
    sizes: Mapping[SplitName, int]
    findings: tuple[DataFinding, ...]
    command: Sequence[str]

    @property
    def spoils(self) -> bool:
        """Whether a result on these data would be wrong."""
        return any(finding.severity == "spoils" for finding in self.findings)


def check_rows(rows: CheckedRows, progress: Progress = lambda name, share: None) -> list[DataFinding]:
    """All findings of the checks that need only the rows.

    Args:
        progress: called with what is being checked and the share of it that is done.
    """
    checks: tuple[tuple[str, Callable[[], list[DataFinding]]], ...] = (
        ("Comparing rows", lambda: find_copies(rows)),
        ("Searching near duplicates", lambda: find_near_copies(rows, lambda share: progress("Searching near duplicates", share))),
        ("Counting classes and targets", lambda: [*find_class_problems(rows), *find_poor_targets(rows)]),
        ("Looking for damaged text", lambda: find_damaged_text(rows)),
        ("Looking for groups", lambda: find_shared_groups(rows)),
        ("Checking labels", lambda: find_label_suspects(rows, lambda share: progress("Checking labels", share))),
        ("Detecting languages", lambda: find_other_languages(rows)),
        ("Looking for outliers", lambda: find_outliers(rows)),
    )
    findings = []
    for name, check in checks:
        progress(name, 0.0)
        findings += check()
        progress(name, 1.0)
    return findings


def check_quickly(rows: CheckedRows) -> list[DataFinding]:
    """The findings that take at most a few seconds, without rows and texts: a run may be mailed and keeps no training examples."""
    findings = [*find_copies(rows), *find_class_problems(rows), *find_poor_targets(rows), *find_damaged_text(rows)]
    if len(rows) <= MOST_QUICK_ROWS:
        findings += find_near_copies(rows)
    findings = sort_findings([*findings, *find_shared_groups(rows)])
    return [replace(each, rows=(), values={} if each.code == "repeated_targets" else each.values) for each in findings]


def sort_findings(findings: Sequence[DataFinding]) -> list[DataFinding]:
    """The most serious first; otherwise in their order."""
    return sorted(findings, key=lambda finding: _ORDER.index(finding.severity))
