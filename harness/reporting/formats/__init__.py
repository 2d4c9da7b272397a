"""A run as a file: the HTML page, Markdown, CSV and JSON; a verdict as Markdown, JSON and JUnit XML; a review as JSON."""

from harness.reporting.formats.audit_page import audit_to_json, render_audit
from harness.reporting.formats.check_page import check_to_json, render_check
from harness.reporting.formats.csv_table import to_csv
from harness.reporting.formats.data_card_page import render_data_card, to_croissant
from harness.reporting.formats.data_enough_export import data_enough_to_json
from harness.reporting.formats.decision_record import record_to_json
from harness.reporting.formats.experiment_export import experiment_plan_to_json, experiment_to_json, experiment_to_markdown
from harness.reporting.formats.experiment_page import render_experiment
from harness.reporting.formats.feedback_export import feedback_to_json, feedback_to_markdown
from harness.reporting.formats.feedback_page import render_feedback
from harness.reporting.formats.findings_export import findings_to_json, rating_plan_to_json
from harness.reporting.formats.forecast_export import forecasts_to_json
from harness.reporting.formats.html_page import render, rewrite_page, write_page
from harness.reporting.formats.json_export import comparison_to_json, to_json
from harness.reporting.formats.label_page import render_row_page
from harness.reporting.formats.markdown import to_markdown
from harness.reporting.formats.model_file import MODEL_FILE, model_to_json
from harness.reporting.formats.notebook_html import to_notebook_html
from harness.reporting.formats.retrain_export import retraining_to_json, retraining_to_junit, retraining_to_markdown
from harness.reporting.formats.runs_export import runs_in_progress_to_json, runs_to_json
from harness.reporting.formats.sample_page import render_sample
from harness.reporting.formats.site_pages import INDEX, check_site_folder, render_live_index, render_site, write_site_pages
from harness.reporting.formats.sizing_page import sizing_to_markdown
from harness.reporting.formats.verdict_export import verdict_to_json, verdict_to_junit, verdict_to_markdown
from harness.reporting.formats.verification_export import verification_to_json
from harness.reporting.formats.watch_page import render_watch, watch_to_json

__all__ = [
    "INDEX",
    "MODEL_FILE",
    "audit_to_json",
    "check_site_folder",
    "check_to_json",
    "comparison_to_json",
    "data_enough_to_json",
    "experiment_plan_to_json",
    "experiment_to_json",
    "experiment_to_markdown",
    "feedback_to_json",
    "feedback_to_markdown",
    "findings_to_json",
    "forecasts_to_json",
    "model_to_json",
    "rating_plan_to_json",
    "record_to_json",
    "render",
    "render_audit",
    "render_check",
    "render_data_card",
    "render_experiment",
    "render_feedback",
    "render_live_index",
    "render_row_page",
    "render_sample",
    "render_site",
    "render_watch",
    "retraining_to_json",
    "retraining_to_junit",
    "retraining_to_markdown",
    "rewrite_page",
    "runs_in_progress_to_json",
    "runs_to_json",
    "sizing_to_markdown",
    "to_croissant",
    "to_csv",
    "to_json",
    "to_markdown",
    "to_notebook_html",
    "verdict_to_json",
    "verdict_to_junit",
    "verdict_to_markdown",
    "verification_to_json",
    "watch_to_json",
    "write_page",
    "write_site_pages",
]
