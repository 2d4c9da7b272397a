"""A run, a comparison, a verdict, a check of data, a retraining, an A/B test and the findings of a review in a terminal."""

from harness.reporting.terminal.audit_text import print_audit
from harness.reporting.terminal.check_text import print_check
from harness.reporting.terminal.compare_text import print_comparison, print_ranking
from harness.reporting.terminal.data_enough_text import print_data_enough
from harness.reporting.terminal.experiment_text import print_experiment, print_experiment_plan
from harness.reporting.terminal.feedback_text import print_feedback, print_feedback_table
from harness.reporting.terminal.forecast_text import print_forecasts, print_ledger
from harness.reporting.terminal.judge_text import print_judge
from harness.reporting.terminal.rating_plan_text import print_rating_plan
from harness.reporting.terminal.retrain_text import print_retraining
from harness.reporting.terminal.review_status import print_findings
from harness.reporting.terminal.run_text import print_run
from harness.reporting.terminal.verdict_text import print_verdict
from harness.reporting.terminal.watch_text import print_watch

__all__ = [
    "print_audit",
    "print_check",
    "print_comparison",
    "print_data_enough",
    "print_experiment",
    "print_experiment_plan",
    "print_feedback",
    "print_feedback_table",
    "print_findings",
    "print_forecasts",
    "print_judge",
    "print_ledger",
    "print_ranking",
    "print_rating_plan",
    "print_retraining",
    "print_run",
    "print_verdict",
    "print_watch",
]
