"""Every sentence and label that users read in a report, a comparison, a verdict or a review, and how numbers are written.

One module for each subject; callers import the module. Snapshots of what these functions return are in `tests/reporting/wording`.
"""

from harness.reporting.wording import (
    audit_sentences,
    cell_notes,
    chart_texts,
    claim_sentences,
    comparison_sentences,
    example_texts,
    file_sentences,
    first_screen,
    headings,
    leak_sentences,
    learning_sentences,
    money_sentences,
    names,
    numbers,
    power_sentences,
    progress_sentences,
    run_sentences,
    runs_list,
    safety_sentences,
    site_sentences,
    table_notes,
    task_sentences,
    text_table,
)
from harness.reporting.wording.cell_notes import note_sentence
from harness.reporting.wording.data import (
    card_sentences,
    check_fixes,
    check_sentences,
    describe_cleaning,
    describe_split_column,
    explain_missing_curve,
    finding_sentences,
)
from harness.reporting.wording.decision import (
    condition_sentences,
    decision_sentences,
    next_step_sentences,
    recommendation_sentences,
    sanity_sentences,
    trivial_sentences,
)
from harness.reporting.wording.file_sentences import describe_pack, describe_verification
from harness.reporting.wording.gate import gate_sentences, gate_tables, guardrail_tables, rule_sentences
from harness.reporting.wording.power_sentences import describe_power, describe_test_set
from harness.reporting.wording.pruning_sentences import ask_to_delete, describe_deleted, describe_pruning
from harness.reporting.wording.review import review_sentences, review_tables
from harness.reporting.wording.run_choice_sentences import describe_latest_run, describe_run_to_resume
from harness.reporting.wording.runs_list import describe_no_runs, describe_progress, list_run_lines

__all__ = [
    "ask_to_delete",
    "audit_sentences",
    "card_sentences",
    "cell_notes",
    "chart_texts",
    "check_fixes",
    "check_sentences",
    "claim_sentences",
    "comparison_sentences",
    "condition_sentences",
    "decision_sentences",
    "describe_cleaning",
    "describe_deleted",
    "describe_latest_run",
    "describe_no_runs",
    "describe_pack",
    "describe_power",
    "describe_progress",
    "describe_pruning",
    "describe_run_to_resume",
    "describe_split_column",
    "describe_test_set",
    "describe_verification",
    "example_texts",
    "explain_missing_curve",
    "file_sentences",
    "finding_sentences",
    "first_screen",
    "gate_sentences",
    "gate_tables",
    "guardrail_tables",
    "headings",
    "leak_sentences",
    "learning_sentences",
    "list_run_lines",
    "money_sentences",
    "names",
    "next_step_sentences",
    "note_sentence",
    "numbers",
    "power_sentences",
    "progress_sentences",
    "recommendation_sentences",
    "review_sentences",
    "review_tables",
    "rule_sentences",
    "run_sentences",
    "runs_list",
    "safety_sentences",
    "sanity_sentences",
    "site_sentences",
    "table_notes",
    "task_sentences",
    "text_table",
    "trivial_sentences",
]
