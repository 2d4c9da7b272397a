"""Written targets that teach nothing: the same text again and again, and placeholders such as "N/A"."""

from __future__ import annotations

import re
from collections import defaultdict

from harness.data.checks.checked_rows import MOST_ROWS, CheckedRows, normalize
from harness.types import DataFinding, Severity

REPEATED_SHARE = 0.01  # of the rows that have the same target: below this it is chance
REPEATED_LEAST = 5
WARNING_SHARE = 0.05  # of all rows with such targets: a model that writes nothing else gains from it
SHOWN_TARGETS = 20
_PLACEHOLDER = re.compile(
    r"\W*(n/?a|null|nil|nan|tbd|tba|todo|to do|to be (determined|defined|added|completed)|fixme|xxx+|lorem ipsum\b.*|placeholder|"
    r"not (available|applicable|provided)|no (summary|answer|text|data)|see above|same as above)?\W*",
    re.DOTALL,
)


def is_placeholder(target: str) -> bool:
    """Whether a target only fills the cell: "N/A", "TODO", "-"."""
    return _PLACEHOLDER.fullmatch(normalize(target[:200])) is not None


def group_repeated_targets(rows: CheckedRows) -> dict[str, list[int]]:
    """By written target that many rows have, these rows in order; none for labels, and short answers to questions may repeat."""
    if rows.task.chooses or rows.task.kind == "qa":
        return {}
    by_target: dict[str, list[int]] = defaultdict(list)
    for row, example in enumerate(rows.examples):
        for target in dict.fromkeys(map(normalize, example.targets)):
            if not is_placeholder(target):
                by_target[target].append(row)
    least = max(REPEATED_LEAST, REPEATED_SHARE * len(rows))
    return {target: members for target, members in by_target.items() if len(members) >= least}


def find_poor_targets(rows: CheckedRows) -> list[DataFinding]:
    """Placeholders and repeated targets among written answers; nothing for labels."""
    if rows.task.chooses:
        return []
    placeholders = [row for row, example in enumerate(rows.examples) if any(map(is_placeholder, example.targets))]
    findings = []
    if placeholders:
        flagged = tuple(rows.flag(row, value="; ".join(rows.examples[row].targets)) for row in placeholders[:MOST_ROWS])
        splits = rows.count_by_split(placeholders)
        findings.append(DataFinding("placeholder_targets", "warns", len(placeholders), len(rows), rows=flagged, splits=splits))
    if repeated := group_repeated_targets(rows):
        members = sorted(row for members in repeated.values() for row in members)
        most = sorted(repeated.items(), key=lambda item: (-len(item[1]), item[0]))[:SHOWN_TARGETS]
        values = {rows.examples[of_target[0]].targets[0][:200]: len(of_target) for _, of_target in most}
        severity: Severity = "warns" if len(members) >= WARNING_SHARE * len(rows) else "notes"
        flagged = tuple(rows.flag(row, value=rows.examples[row].targets[0]) for row in members[:MOST_ROWS])
        splits = rows.count_by_split(members)
        findings.append(DataFinding("repeated_targets", severity, len(members), len(rows), rows=flagged, splits=splits, values=values))
    return findings
